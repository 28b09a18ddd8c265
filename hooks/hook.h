/*
 * What every hook does: it starts, runs the user's own hook first, and reads what git feeds it.
 *
 * The installed script (setup/hook_files.h) starts a hook as `PROGRAM --kept=PATH ARGUMENT...`:
 * PATH is where the user's own hook is, if there is one, and the arguments are git's. Without
 * --kept the arguments are git's alone, as from a script that a fleet wrote itself.
 */
#ifndef HOOK_H
#define HOOK_H

#include "base/buf.h"

struct hook {
	const char *kept;       /* the path of the user's own hook; NULL: none was named */
	char *const *arguments; /* git's, without the program's name; ends with NULL */
};

/* Prints "git-build: TEXT", escaped, on standard error. */
void hook_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The first call of a main: takes --kept off the arguments, and lets the process end with exit code
 * 1, after one line on standard error, if memory runs out. If a standard stream is closed, no file
 * that is opened later gets its number; reading a closed standard input fails.
 */
void hook_start(struct hook *hook, int argc, char **argv);

/*
 * Appends all of standard input to `input`. Returns 0 if it was read to its end; -1, with the
 * reason on standard error, if any read failed or would have to wait (EAGAIN).
 */
int hook_read_input(struct buf *input);

/*
 * Runs the user's own hook with git's arguments, our environment, folder, standard output and
 * standard error, and with `input` on its standard input (NULL: with ours). It need not read the
 * input, as with git. Returns 0 if it succeeded, or is not there or not executable. Returns the
 * exit code with which this hook has to end if it failed, was killed by a signal, could not be
 * started, or could not be given its input; all but the first with the reason on standard error.
 */
int hook_run_kept(const struct hook *hook, const struct buf *input);

#endif
