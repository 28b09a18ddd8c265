/*
 * The work tree and the index, as `git` shows them: for commands that look at files which are not
 * committed. After a transaction the work tree follows the shared branch, if that is safe.
 */
#ifndef GIT_WORKTREE_H
#define GIT_WORKTREE_H

#include "git/repo.h"

/*
 * Moves the work tree's branch along to `tip` where that is safe, as `git merge --ff-only` does:
 * HEAD stands on `branch` ("refs/heads/main"), it is a fast-forward, and no file that would change
 * is dirty. Where it is not safe nothing happens. Locks and half-written files that a git which was
 * killed has left are put right first; the caller holds the clone's lock, or does not care.
 *
 * Returns 1 if the branch is at `tip` now and was not, 0 if it is already, or if it need not follow
 * (no work tree, another branch, commits of its own), or a negative code with the reason if it
 * should have followed: a lock, a full disk, a dirty file in the way.
 */
int worktree_follow(
	struct repo *repo, const char *branch, const struct oid *tip, struct error *err);

/* Every file that git knows in the work tree, or (`staged`) every file that is staged for the next
 * commit, with its path from the top, until `each` returns non-zero, which is then returned. */
int worktree_each_file(struct repo *repo, bool staged, int (*each)(const char *path, void *data),
	void *data, struct error *err);

/* Appends the staged content of `path` to `out`. */
int worktree_read_staged(struct repo *repo, const char *path, struct buf *out, struct error *err);

/* The value of attribute `name` of `path`, as the work tree's .gitattributes have it, replaces
 * `out`: 1. 0 if it has none, or none that is a string. */
int worktree_attribute(
	struct repo *repo, const char *path, const char *name, struct buf *out, struct error *err);

#endif
