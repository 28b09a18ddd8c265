/*
 * The common part of all hooks: start, run the user's own hook first, read the input from git.
 *
 * The installed script (setup/hook_files.h) starts a hook as `PROGRAM --kept=PATH ARGUMENT...`.
 * PATH is the path of the user's own hook, if there is one, and the arguments are those from git.
 * Without --kept, all arguments are from git, for example in a script that a user wrote.
 */
#ifndef HOOK_H
#define HOOK_H

#include "base/buf.h"

struct hook {
	const char *kept;       /* the path of the user's own hook, or NULL */
	char *const *arguments; /* those from git, without argv[0]; ends with NULL */
};

/* Prints "git-build: TEXT", escaped, on standard error. */
void hook_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The first call of main(): removes --kept from the arguments, and makes the process print one line
 * and end with exit code 1 if memory runs out. If a standard stream is closed, no file that is
 * opened later gets its number; reading a closed standard input fails.
 */
void hook_start(struct hook *hook, int argc, char **argv);

/*
 * Appends all of standard input to `input`. Returns 0 if it was read to its end; -1, after printing
 * the reason on standard error, if a read failed or would block (EAGAIN).
 */
int hook_read_input(struct buf *input);

/*
 * Runs the user's own hook with git's arguments, our environment, working directory, standard
 * output and standard error, and with `input` on its standard input (NULL: ours). As with git, the
 * hook need not read its input. Returns 0 if it succeeded, does not exist, or is not executable.
 * Otherwise returns the exit code that this hook must end with: the user's hook failed, was killed
 * by a signal, could not be started, or could not get its input. Prints the reason on standard
 * error in all these cases but the first.
 */
int hook_run_kept(const struct hook *hook, const struct buf *input);

/*
 * Runs `path`, another hook of the user's, with `arguments` (without argv[0]; ends with NULL) and
 * `input` (NULL: nothing). What it prints goes to our standard error. Returns 0 if it succeeded,
 * does not exist, or is not executable; 1 if it ended with another exit code; -1, after printing the
 * reason, if it could not be run to its end within 30 seconds.
 */
int hook_run_other(const char *path, const char *const *arguments, const struct buf *input);

#endif
