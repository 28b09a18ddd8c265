/* Squashes the history of a heartbeat branch at the remote to one commit. */
#ifndef HEARTBEAT_SQUASH_H
#define HEARTBEAT_SQUASH_H

#include "base/env.h"
#include "clone/settings.h"

struct squash {
	const char *branch; /* short: "heartbeat-build1". Never the shared branch. */
	bool backup;        /* also push backup/<branch>-<timestamp> with the old history */
	bool dry_run;       /* change nothing */
	bool no_push;       /* squash only the branch in the clone */
};

struct squash_result {
	int64_t commits;     /* the number of commits before; 1: there was nothing to do */
	struct oid old, new; /* the tip before and after */
	struct buf backup;   /* the name of the backup branch; empty if none was pushed */
	struct buf said;     /* the output of the remote's hooks */
};
#define SQUASH_RESULT_INIT                                                                         \
	{                                                                                          \
		.backup = BUF_INIT, .said = BUF_INIT                                               \
	}
void squash_result_release(struct squash_result *result);

/*
 * Squashes one branch: creates a commit without a parent and with the same tree, and pushes it with
 * a lease on the old tip. A heartbeat that arrives in the meantime is not lost: the push loses the
 * race, and the newer tip is squashed instead. The backup is part of the same atomic push.
 * ERR_NOT_FOUND: no such branch at the remote. ERR_REFUSED: the remote rejects the push, or an
 * existing branch conflicts with the name of the backup. ERR_LOST_RACE: too many races were lost,
 * or the remote reports a lost race although the branch has not changed. ERR_INVALID: the branch is
 * the shared branch, or its name is not valid.
 */
int squash_run(struct repo *repo, const struct settings *settings, const struct squash *squash,
	const struct env *env, struct squash_result *result, struct error *err);

/* Fetches the heartbeat branches of the remote, and calls `each` with the name of each. */
int squash_each_branch(struct repo *repo, const struct settings *settings,
	int (*each)(const char *branch, void *data), void *data, struct error *err);

#endif
