/*
 * What pre-receive and pre-push share: reading which refs a push moves, asking the guard about each
 * of them, and telling a person what it found, a line a violation.
 */
#ifndef CHECK_H
#define CHECK_H

#include "guard/guard.h"

/* The refs of one push, as git lists them on standard input. */
struct push {
	struct buf input; /* the bytes that git wrote */
	struct buf lines; /* the same, cut into strings that `updates` borrow */
	struct guard_update *updates;
	size_t count, capacity;
};
#define PUSH_INIT                                                                                  \
	{                                                                                          \
		BUF_INIT, BUF_INIT, NULL, 0, 0                                                     \
	}

/*
 * Reads standard input to its end. `parse` takes one line, without its newline, apart into the ref
 * and both objects; it may change the line and borrow from it, and answers whether it is a valid
 * one. Returns 0, also if there is no line at all. Returns -1, with the reason on standard error,
 * if the end was not reached, the last line has no newline, a line has a NUL byte, or `parse`
 * answers no: such a push must be refused. In both cases `push` is to be given to push_release().
 */
int push_read(struct push *push, bool (*parse)(char *line, struct guard_update *update));
void push_release(struct push *push);

/* Is `text` the full name of a ref, as far as a line of git's input can hold one? */
bool push_ref_ok(const char *text);

/*
 * Asks the guard about `update` and says what it found on standard error, at most 20 lines a ref.
 * Returns how many violations there are, or a negative code, said as well, for a failure.
 */
int check_update(struct guard *guard, const struct guard_update *update);

#endif
