/*
 * Writers of one host, to one remote, take turns: each would otherwise lose races against the
 * others, and have paid for most of a push each time. It is advice and nothing more: whoever has
 * waited long enough goes ahead, and the compare-and-swap at the remote decides.
 */
#ifndef DELIVER_HOST_TURN_H
#define DELIVER_HOST_TURN_H

#include "base/env.h"
#include "base/file.h"
#include "git/repo.h"

struct host_queue {
	struct file_lock lock;
	bool others; /* another clone may have written since this one has */
};

/*
 * Waits for the writers before, at most `wait_ms`. Never fails: where a lock cannot be had (it
 * lies in /tmp/git-build-<user id>, which must be this user's alone) there is no queue. To be given
 * to host_queue_leave().
 */
void host_queue_enter(struct host_queue *queue, struct repo *repo, const char *remote,
	int64_t wait_ms, const struct env *env);
void host_queue_leave(struct host_queue *queue);

#endif
