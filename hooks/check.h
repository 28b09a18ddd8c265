/*
 * The common part of pre-receive and pre-push: they read the refs that a push updates, let the
 * guard check each of them, and print one line for each violation.
 */
#ifndef CHECK_H
#define CHECK_H

#include "guard/guard.h"

/* The refs of one push, as git lists them on standard input. */
struct push {
	struct buf input; /* the bytes that git wrote */
	struct buf lines; /* the same, split into strings that `updates` borrow */
	struct guard_update *updates;
	size_t count, capacity;
};
#define PUSH_INIT                                                                                  \
	{                                                                                          \
		BUF_INIT, BUF_INIT, NULL, 0, 0                                                     \
	}

/*
 * Reads standard input to its end. `parse` splits one line, without its newline, into the ref and
 * both objects; it may change the line and borrow from it, and returns whether the line is valid.
 * Returns 0, even if there is no line at all. Returns -1 after printing the reason on standard
 * error if the end was not reached, the last line has no newline, a line has a NUL byte, or `parse`
 * returns false: the caller must reject such a push. In both cases, release with push_release().
 */
int push_read(struct push *push, bool (*parse)(char *line, struct guard_update *update));
void push_release(struct push *push);

/* Splits "<old> <new> <ref>", as receive-pack writes it for pre-receive and proc-receive. */
bool push_parse_received(char *line, struct guard_update *update);

/* Is it the deletion that carries requests (hooks/proc-receive.c)? */
bool push_is_request(const struct guard_update *update);
bool push_has_request(const struct push *push);

/* Is `text` the full name of a ref, as it can occur in a line of git's input? */
bool push_ref_ok(const char *text);

/*
 * Lets the guard check `update`, and prints the violations on standard error, at most 20 lines for
 * a ref. Adds the number of violations to `*found`. Returns 0, even if there are violations, or a
 * negative code if the check failed, which it prints as well.
 */
int check_update(struct guard *guard, const struct guard_update *update, size_t *found);

#endif
