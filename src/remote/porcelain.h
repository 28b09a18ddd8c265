/*
 * What `git push --porcelain` says (git-push(1), OUTPUT): a line a ref on standard output,
 * "<flag>\t<from>:<to>\t<summary> (<reason>)", between "To <url>" and "Done".
 */
#ifndef REMOTE_PORCELAIN_H
#define REMOTE_PORCELAIN_H

#include "base/buf.h"

#include <stdbool.h>

enum push_verdict {
	PUSH_DONE,       /* ' ', '+', '*', '-': moved, forced, made, deleted */
	PUSH_UP_TO_DATE, /* '=': it stood there already, so it was not us */
	PUSH_LOST_RACE,  /* '!', and the ref did not stand where it should have */
	PUSH_REFUSED,    /* '!', and anything else */
};

/*
 * What became of `ref`, by git's output. false if it is not mentioned at all, or without the
 * remote's report, as when the connection died. `reason` (reset first) gets what stands in the last
 * parentheses.
 */
bool porcelain_verdict(
	const char *output, const char *ref, enum push_verdict *verdict, struct buf *reason);

/*
 * Sorts git's standard error: lines of the other side, without their "remote: " and colour codes,
 * go to `said`; git's own go to `own`, one a line. Either may be NULL.
 */
void porcelain_sort_errors(const char *errors, struct buf *said, struct buf *own);

#endif
