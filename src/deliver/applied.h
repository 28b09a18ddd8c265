/* Finds out whether a request was applied, from the trailers of the commits: no other record is
 * needed, and none can be lost. */
#ifndef DELIVER_APPLIED_H
#define DELIVER_APPLIED_H

#include "git/repo.h"

struct applied {
	struct oid commit;
	struct buf answer; /* see answer_add(); empty if the commit does not have it */
};
#define APPLIED_INIT                                                                               \
	{                                                                                          \
		OID_NONE, BUF_INIT                                                                 \
	}
void applied_release(struct applied *applied);

/*
 * Searches the history of `tip` (OID_NONE: none), without the history of `since` (if that is a
 * commit of `repo`), for the commit that applied the request `id`. Returns 1 and replaces `*out`, 0 if there is none,
 * or a negative code.
 */
int applied_find(struct repo *repo, const struct oid *tip, const struct oid *since, const char *id,
	struct applied *out, struct error *err);

/* Appends the trailers for the request `id`; `answer` may be NULL. */
void applied_add_trailers(struct buf *out, const char *id, const struct buf *answer);

#endif
