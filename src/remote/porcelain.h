/*
 * Parses the output of `git push --porcelain` (git-push(1), OUTPUT). Standard output has one line
 * for each ref, "<flag>\t<from>:<to>\t<summary> (<reason>)", between "To <url>" and "Done".
 */
#ifndef REMOTE_PORCELAIN_H
#define REMOTE_PORCELAIN_H

#include "base/buf.h"

#include <stdbool.h>

enum push_verdict {
	PUSH_DONE,       /* ' ', '+', '*', '-': updated, forced, created, deleted */
	PUSH_UP_TO_DATE, /* '=': it was there already, so not through this push */
	PUSH_LOST_RACE,  /* '!', and the ref did not have its expected value */
	PUSH_REFUSED,    /* '!', and anything else */
};

/*
 * Stores the result for `ref`, from git's standard output, in `*verdict`, and the text of the last
 * parentheses in `reason`. Returns false if the output does not have the ref, or not the remote's
 * report, for example because the connection broke.
 */
bool porcelain_verdict(
	const char *output, const char *ref, enum push_verdict *verdict, struct buf *reason);

/*
 * Splits git's standard error: lines from the remote, without "remote: " and colour codes, are
 * appended to `said`; git's own lines are appended to `own`. Either may be NULL.
 */
void porcelain_sort_errors(const char *errors, struct buf *said, struct buf *own);

#endif
