/*
 * The chain of beats on a branch of this clone, and bringing it to the remote.
 *
 * Beats stand on refs/heads/<branch>. Those that the remote does not have yet are pending; what it
 * has is what refs/remotes/<remote>/<branch> says. The functions are called under the clone's lock
 * for the branch.
 */
#ifndef HEARTBEAT_BRANCH_H
#define HEARTBEAT_BRANCH_H

#include "remote/remote.h"

struct heartbeat_branch {
	struct repo *repo;
	char *name;     /* short */
	char *local;    /* refs/heads/<name> */
	char *tracking; /* refs/remotes/<remote>/<name> */
	struct remote_settings remote;
	int64_t history;   /* most commits the branch may have */
	struct oid tip;    /* the newest beat here; OID_NONE: none yet */
	struct oid theirs; /* what the remote had when last heard of; OID_NONE: nothing */
	int64_t length;    /* commits from `tip` to the root, counted up to `history` */
	int64_t pending;   /* of them not at the remote */
};

void heartbeat_branch_init(struct heartbeat_branch *branch, struct repo *repo, const char *name,
	const struct remote_settings *remote, int64_t history);
void heartbeat_branch_release(struct heartbeat_branch *branch);

/* Brings `tip`, `theirs` and the counts up to date; costs a walk only where the refs have moved
 * since they were counted. */
int heartbeat_branch_load(struct heartbeat_branch *branch, struct error *err);

/*
 * Adds a commit made by `plan` (whose parents are set here) behind the tip, or as a root where the
 * branch has reached `history`; `*restarted` says which.
 */
int heartbeat_branch_add(struct heartbeat_branch *branch, struct commit_plan *plan, bool *restarted,
	struct error *err);

/*
 * Pushes what is pending. Where the remote's branch has moved meanwhile (squashed, or another clone
 * beats for the same server) the pending beats are put behind its tip, at most `attempts` times.
 */
int heartbeat_branch_push(
	struct heartbeat_branch *branch, int64_t attempts, struct buf *said, struct error *err);

#endif
