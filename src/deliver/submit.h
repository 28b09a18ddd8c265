/*
 * Getting an operation done, and what becomes of it when the remote does not answer: it is kept in
 * the outbox where it still makes sense later, and the operator hears of it.
 */
#ifndef DELIVER_SUBMIT_H
#define DELIVER_SUBMIT_H

#include "deliver/write_queue.h"

/*
 * As write_queue_run(). Where that gave up on the remote, `*kept` (may be NULL) says whether the
 * request is in the outbox now, and the first such failure queues a message of type `error` and
 * alerts the operator; what goes wrong in doing so is appended to outcome->said.
 */
int submit(struct repo *repo, const struct settings *settings, const struct buf *request,
	const struct env *env, struct outcome *outcome, bool *kept, struct error *err);

/*
 * Appends to `answer` what `request` would do to the shared branch at `tip`, and changes nothing.
 * Returns 0, 1 if the request would be refused, or a negative code.
 */
int preview(struct repo *repo, const struct oid *tip, const char *branch, const struct buf *request,
	struct buf *answer, struct error *err);

#endif
