/*
 * The host queue: clones on one host that write to the same remote take turns. Otherwise they would
 * lose races against each other, each at the cost of most of a push. The queue is advisory: a
 * writer that has waited long enough goes ahead, and the compare-and-swap at the remote decides.
 */
#ifndef DELIVER_HOST_TURN_H
#define DELIVER_HOST_TURN_H

#include "base/env.h"
#include "base/file.h"
#include "git/repo.h"

struct host_queue {
	struct file_lock lock;
	bool others; /* another clone may have written since this clone last did */
};

/*
 * Waits up to `wait_ms` for earlier writers. Never fails: without a lock, there is no queue. The
 * lock is in /tmp/git-build-<user id>, which only this user may access. Release with
 * host_queue_leave().
 */
void host_queue_enter(struct host_queue *queue, struct repo *repo, const char *remote,
	int64_t wait_ms, const struct env *env);
void host_queue_leave(struct host_queue *queue);

#endif
