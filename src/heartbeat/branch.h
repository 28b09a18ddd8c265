/*
 * The heartbeats on a branch of this clone, and pushing them to the remote.
 *
 * The branch is refs/heads/<branch>. Its commits that are not in refs/remotes/<remote>/<branch> are
 * pending: the remote does not have them yet. Callers must hold the clone's lock for the branch.
 */
#ifndef HEARTBEAT_BRANCH_H
#define HEARTBEAT_BRANCH_H

#include "remote/branch.h"

struct heartbeat_branch {
	struct remote_branch at; /* `at.ref` also is the branch in the clone */
	int64_t history;         /* most commits the branch may have */
	struct oid tip;          /* the newest heartbeat in the clone; OID_NONE: none yet */
	struct oid theirs;       /* the last known tip at the remote; OID_NONE: no such branch */
	int64_t length;          /* commits from `tip` to the root, counted up to `history` */
	int64_t pending;         /* those that the remote does not have */
};

/* Initializes `branch`; nothing is read yet. Release with heartbeat_branch_release(). */
void heartbeat_branch_init(struct heartbeat_branch *branch, struct repo *repo, const char *name,
	const struct remote_settings *remote, int64_t history);
void heartbeat_branch_release(struct heartbeat_branch *branch);

/* Updates `tip`, `theirs` and the counts. Walks the history only if a ref has changed since the
 * last call. */
int heartbeat_branch_load(struct heartbeat_branch *branch, struct error *err);

/*
 * Adds a commit with the content of `plan` after the tip or, if the branch has `history` commits
 * already, as a new root; then `*restarted` is true. Sets the parents of `plan`.
 */
int heartbeat_branch_add(struct heartbeat_branch *branch, struct commit_plan *plan, bool *restarted,
	struct error *err);

/*
 * Pushes the pending commits, with at most `attempts` pushes. If the branch has changed at the
 * remote, because it was squashed or because another clone sends heartbeats of the same server,
 * rebases the pending commits onto its tip. The output of the remote is appended to `said`.
 */
int heartbeat_branch_push(
	struct heartbeat_branch *branch, int64_t attempts, struct buf *said, struct error *err);

#endif
