/*
 * Running another program and hearing what it says.
 *
 * The child gets a process group of its own, so that a time limit ends it with all that it started.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct child {
	/* What to run: argv[0] is looked up in PATH; ends with NULL. Borrowed. */
	const char *const *argv;
	/* The folder to run it in; NULL: this one. */
	const char *directory;
	/*
	 * What its environment has besides ours: "NAME=value" sets, "NAME" takes away. Ends with
	 * NULL; NULL itself: as ours. Borrowed.
	 */
	const char *const *environment;
	/* What it reads on standard input; NULL: nothing (/dev/null), or ours if it is in the
	 * foreground. It need not read all of it. Borrowed. */
	const char *input;
	size_t input_len;
	/* It stays in our process group, so that a terminal's input and signals reach it as they
	 * reach us. Not for a child with a time limit or `heard`. */
	bool foreground;
	/* After this many milliseconds the process group is ended, with SIGTERM and a second later
	 * with SIGKILL. 0: no limit. */
	int64_t timeout_ms;
	/* Where its standard output and standard error go; NULL: to ours. Appended to. */
	struct buf *output;
	struct buf *errors;
	/*
	 * Given its standard output as it comes, in place of `output`, and nothing (`len` 0) at
	 * least ten times a second. False: the process group is ended as by the time limit, but
	 * that is no failure. It also ends, by SIGTERM, when we do, since it may speak for ever.
	 * NULL: nobody is given it.
	 */
	bool (*heard)(const char *bytes, size_t len, void *data);
	void *data;
	/* What each may hold; more is read and thrown away. 0: 16 MiB. */
	size_t output_limit;
};

/*
 * Runs `child` to its end. Returns 0 and the exit code in `*status` (128 + the signal's number
 * where one ended it, as shells count), ERR_NOT_FOUND if there is no such program, ERR_TIMEOUT if
 * the time limit ended it, ERR_FAILED if it could not be started, or if a write of its input failed
 * for another reason than that it had closed its standard input.
 */
int child_run(const struct child *child, int *status, struct error *err);

#endif
