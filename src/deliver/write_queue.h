/*
 * The write queue: of all processes of a clone, only one pushes to the shared branch at a time, and
 * the requests that wait for it are pushed together.
 *
 * The process that holds the lock <state dir>/write is the leader: it reads the requests of the
 * other processes from <state dir>/queue, applies them in the order of arrival, and pushes one
 * commit. Each process gets its own answer, as if it had run alone. If the leader is killed, a
 * waiting process takes over and checks whether its commit arrived: no request is lost, and none is
 * done twice.
 *
 * A request is the file ID.request, locked with flock(2) while its process waits. A leader that
 * takes it renames it to ID.taken. Before a push, it writes ID.sent, which is for the next leader:
 * the answer if that push has arrived. ID.answer is the complete and final answer. ID.taken is
 * removed only after ID.answer was written, so that a waiting process that gets no answer becomes
 * the leader and determines the result.
 */
#ifndef DELIVER_WRITE_QUEUE_H
#define DELIVER_WRITE_QUEUE_H

#include "base/env.h"
#include "clone/settings.h"

struct outcome {
	/* 0: done; 1: refused; below 0: failed, with the reason in `error`. */
	int code;
	struct error error;
	/* The shared repository has applied it: the clone has not fetched the commit. */
	bool remote;
	struct buf answer; /* an object, if code >= 0 */
	struct buf said;   /* the output of the remote's hooks, if this process pushed */
	struct buf behind; /* why the worktree was not updated, if not reported before */
};
#define OUTCOME_INIT                                                                               \
	{                                                                                          \
		.error = ERROR_INIT, .answer = BUF_INIT, .said = BUF_INIT, .behind = BUF_INIT      \
	}
void outcome_release(struct outcome *outcome);
/* Returns the commit with the change, from `answer`; OID_NONE if nothing was changed. */
struct oid outcome_commit(const struct outcome *outcome);

/*
 * Runs `request` (request/request.h) after the requests in the outbox; NULL: only the outbox. Waits
 * up to settings->lock_wait_ms for other processes of this clone, and for other writers of this
 * host; after that, outcome->code is ERR_BUSY and the request is not done. Returns outcome->code,
 * with its error in `err`. Release `outcome` with outcome_release().
 */
int write_queue_run(struct repo *repo, const struct settings *settings, const struct buf *request,
	const struct env *env, struct outcome *outcome, struct error *err);

#endif
