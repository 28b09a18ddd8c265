/*
 * Brings this clone up to date: sends the outbox, fetches the shared branch, and updates the
 * worktree. A request that the shared repository applies does none of this.
 */
#ifndef DELIVER_PULL_H
#define DELIVER_PULL_H

#include "base/env.h"
#include "clone/settings.h"

enum pull_worktree {
	PULL_CURRENT,   /* its branch is, or was already, at the tip of the shared branch */
	PULL_NONE,      /* there is no worktree */
	PULL_ELSEWHERE, /* HEAD is not on the shared branch */
	PULL_AHEAD,     /* has commits that are not on the shared branch, and nothing to fetch */
	PULL_DIVERGED,  /* has commits that are not on the shared branch, and lacks others */
	PULL_BLOCKED,   /* could not be updated: see `blocked` */
};

struct pull_result {
	struct oid tip; /* of the shared branch */
	bool updated;   /* the worktree was updated */
	bool ran;       /* the outbox was sent */
	size_t sent;    /* requests of the outbox that were sent */
	size_t left;    /* and those that are still in it */
	enum pull_worktree worktree;
	struct error blocked; /* why the worktree could not be updated */
	struct buf behind;    /* the same, if it was not reported before: see follow() */
	struct buf said;      /* the output of the remote's hooks */
};
#define PULL_RESULT_INIT                                                                           \
	{                                                                                          \
		.tip = OID_NONE, .blocked = ERROR_INIT, .behind = BUF_INIT, .said = BUF_INIT       \
	}
void pull_result_release(struct pull_result *result);

/*
 * Requests of the outbox that cannot be sent stay there, and are not an error as long as the branch
 * can be fetched. Without a server ID the outbox is not sent. Returns 0, for each
 * `result->worktree`; ERR_UNREACHABLE or another negative code if the branch could not be
 * fetched; ERR_BUSY if another process of this clone writes for longer than
 * settings->lock_wait_ms.
 */
int pull(struct repo *repo, const struct settings *settings, const struct env *env,
	struct pull_result *result, struct error *err);

#endif
