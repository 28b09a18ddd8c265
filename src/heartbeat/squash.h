/* Making the history of a heartbeat branch one commit, at the remote. */
#ifndef HEARTBEAT_SQUASH_H
#define HEARTBEAT_SQUASH_H

#include "base/env.h"
#include "clone/settings.h"

struct squash {
	const char *branch; /* short: "heartbeat-build1". Never the coordination branch. */
	bool backup;        /* also push backup/<branch>-<timestamp> with the history as it was */
	bool dry_run;       /* say what would be done */
	bool no_push;       /* squash the clone's own branch only */
};

struct squash_result {
	int64_t commits;     /* how many the branch had; 1: there was nothing to do */
	struct oid old, new; /* the tip before and after */
	struct buf backup;   /* the backup branch's name; empty without, and after a failure */
	struct buf said;
};
#define SQUASH_RESULT_INIT                                                                         \
	{                                                                                          \
		.backup = BUF_INIT, .said = BUF_INIT                                               \
	}
void squash_result_release(struct squash_result *result);

/*
 * Squashes one branch: a commit without a parent and with the same tree, pushed with a lease on
 * exactly the tip that was seen. A beat that arrives meanwhile is not lost: the push loses the race
 * and the newer tip is squashed instead. The backup goes out in the same push: both or neither.
 * ERR_NOT_FOUND: no such branch at the remote. ERR_REFUSED: the remote does not do it, or a branch
 * is in the way of the backup's name. ERR_LOST_RACE: the race was lost again and again, or the
 * remote says so although the branch does not move.
 * ERR_INVALID: the branch is the coordination branch, or no branch name.
 */
int squash_run(struct repo *repo, const struct settings *settings, const struct squash *squash,
	const struct env *env, struct squash_result *result, struct error *err);

/* The remote's heartbeat branches as last fetched, after fetching: each to `each`. */
int squash_each_branch(struct repo *repo, const struct settings *settings,
	int (*each)(const char *branch, void *data), void *data, struct error *err);

#endif
