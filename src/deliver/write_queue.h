/*
 * One writer a host: operations of all processes of a clone go to the shared branch one after
 * another, and those that wait go together.
 *
 * Whoever holds the lock <state dir>/write leads: it takes what the others have left in
 * <state dir>/queue, applies all in the order of their arrival, and pushes one commit. Each gets
 * its own answer, as if it had been alone. A leader that is killed is replaced by one of those that
 * wait, who finds out whether the dead one's commit arrived: nothing is lost, nothing done twice.
 *
 * A request is ID.request, held by a lock on the file (flock) as long as somebody waits for it, and
 * ID.taken once a leader has it. ID.sent is written before its push, for the next leader alone:
 * what the answer will be if that push has arrived. ID.answer is the answer, whole and final;
 * ID.taken is removed after it is written and never before, so that a process that waits and gets
 * no answer leads itself, and finds out.
 */
#ifndef DELIVER_WRITE_QUEUE_H
#define DELIVER_WRITE_QUEUE_H

#include "base/env.h"
#include "clone/settings.h"

struct outcome {
	/* 0: done; 1: the operation's no; below 0: `error` says why it could not be done. */
	int code;
	struct error error;
	struct buf answer; /* an object, where code >= 0 */
	struct buf said;   /* what the remote's hooks said, if this process pushed */
	struct buf behind; /* why the work tree did not follow, if this process found out first */
};
#define OUTCOME_INIT                                                                               \
	{                                                                                          \
		.error = ERROR_INIT, .answer = BUF_INIT, .said = BUF_INIT, .behind = BUF_INIT      \
	}
void outcome_release(struct outcome *outcome);
/* The commit that brought the change, from `answer`; OID_NONE if nothing was changed. */
struct oid outcome_commit(const struct outcome *outcome);

/*
 * Gets `request` (request/request.h) done, and what waits in the outbox in front of it; NULL: only
 * the latter. Waits at most settings->lock_wait_ms for others of this host to finish, then
 * outcome->code is ERR_BUSY and it is not done. Returns outcome->code, with its error in `err`.
 */
int write_queue_run(struct repo *repo, const struct settings *settings, const struct buf *request,
	const struct env *env, struct outcome *outcome, struct error *err);

#endif
