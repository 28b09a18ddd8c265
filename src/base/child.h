/*
 * Runs another program and reads its output.
 *
 * The child gets a separate process group, so that a time limit ends it with all the processes that
 * it has started.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
	/* The command: argv[0] is searched for in PATH; ends with NULL. Borrowed. */
	const char *const *argv;
	/* The directory to run it in; NULL: the current one. */
	const char *directory;
	/*
	 * Changes to the environment: "NAME=value" sets a variable, "NAME" removes it. Ends with
	 * NULL; NULL: no changes. Borrowed.
	 */
	const char *const *environment;
	/* The content of its standard input; NULL: nothing (/dev/null), or ours if it is in the
	 * foreground. It need not read all of it. Borrowed. */
	const char *input;
	size_t input_len;
	/* The child stays in the process group of its parent, so that both get input and signals
	 * from the terminal. Not for a child with a time limit or `heard`. */
	bool foreground;
	/* After this many milliseconds, the process group is ended with SIGTERM, and a second later
	 * with SIGKILL. 0: no limit. */
	int64_t timeout_ms;
	/* Its standard output and standard error are appended to these; NULL: they go to ours. */
	struct buf *output;
	struct buf *errors;
	/*
	 * Called with each piece of its standard output, instead of appending that to `output`, and
	 * with nothing (`len` 0) at least ten times a second. If it returns false, the process
	 * group is ended as after the time limit, but this is not a failure. With this callback,
	 * the child also gets SIGTERM when we end, since its output may be endless. May be NULL.
	 */
	bool (*heard)(const char *bytes, size_t len, void *data);
	void *data;
	/* The maximum size of each output; more is read and discarded. 0: 16 MiB. */
	size_t output_limit;
};

/*
 * Runs `child` and waits for its end. Returns 0 and the exit code in `*status` (128 plus the number
 * of the signal that ended it, as in shells); ERR_NOT_FOUND if there is no such program;
 * ERR_TIMEOUT if it did not end within the time limit; ERR_FAILED if it could not be started, or if
 * its input could not be written, except because it had closed its standard input.
 */
int child_run(const struct child *child, int *status, struct error *err);

/* A program that is started, and not waited for. The first three are as in struct child. */
struct program {
	const char *const *argv;
	const char *directory;
	const char *const *environment;
	int streams[3]; /* the descriptors of its input, output and errors; -1: ours */
	/* Shares our process group, or leads another one, also in another session. */
	enum { PROGRAM_SHARES, PROGRAM_LEADS, PROGRAM_DETACHED } group;
	bool takes_terminal; /* its group is the terminal's foreground; we must ignore SIGTTOU */
	int death_signal;    /* what it gets if the thread that started it ends; 0: nothing */
};

/* Starts a program with no signals blocked. Returns its ID; or -1, with errno, if it could not be
 * started, or executed (ENOENT if there is no such program). */
pid_t program_start(const struct program *program);

/*
 * Starts a process that calls `run(data)` in a copy of our memory, and ends with exit code 0 after
 * it. It gets `death_signal` if the thread that started it ends. We must not have other threads, and
 * `run` cannot use the handles of libraries, such as those of a repository: for such work, start a
 * program. Returns the ID of the process; or -1, with errno.
 */
pid_t program_fork(void (*run)(void *data), void *data, int death_signal);

#endif
