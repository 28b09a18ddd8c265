/* Updates the worktree after the shared branch has changed, and reports once if it cannot. */
#ifndef DELIVER_FOLLOW_H
#define DELIVER_FOLLOW_H

#include "remote/remote.h"

/*
 * Updates the worktree and its branch `branch` (short: "main") to `tip` if that is safe; see
 * worktree_follow(). Repairs a damaged index with the help of `remote`. The caller holds the clone's
 * lock.
 *
 * Returns as worktree_follow(). A failure is stored in `err`, and as a sentence in `*behind`, which
 * is empty if it was reported before and has existed since. NULL: the caller does not report it,
 * so that a later caller does.
 */
int follow(struct repo *repo, const struct remote_settings *remote, const char *branch,
	const struct oid *tip, struct buf *behind, struct error *err);

#endif
