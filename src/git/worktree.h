/*
 * The worktree and the index, accessed with git commands, for commands that read files that are not
 * committed, and to update the worktree after a transaction if that is safe.
 */
#ifndef GIT_WORKTREE_H
#define GIT_WORKTREE_H

#include "git/repo.h"

/*
 * Updates the worktree and its branch to `tip` if that is safe, like `git merge --ff-only`: HEAD
 * points to `branch` ("refs/heads/main"), it is a fast-forward, and no file that would change has
 * local changes. Does nothing if it is not safe. First restores partly written files of a killed
 * git process, and removes its stale locks, for which it acquires the clone's lock if the caller
 * does not hold it.
 *
 * Returns 1 if the branch was updated to `tip`; 0 if it already was at `tip`, or need not be
 * updated (no worktree, another branch, local commits); or a negative code with the reason if it
 * should have been updated (a lock, a full disk, a file with local changes).
 */
int worktree_follow(
	struct repo *repo, const char *branch, const struct oid *tip, struct error *err);

/* Can the index not be read? libgit2 may not know everything that git writes to it, so this is only
 * a reason to examine it with git. */
bool worktree_index_is_damaged(struct repo *repo);

/* Calls `each` with the path (from the top) of every tracked file in the worktree or, if `staged`,
 * of every file that is staged for the next commit. Stops when `each` returns non-zero, and returns
 * that. */
int worktree_each_file(struct repo *repo, bool staged, int (*each)(const char *path, void *data),
	void *data, struct error *err);

/* Appends the staged content of `path` to `out`. Returns 0; ERR_NOT_FOUND if the index has no such
 * file; or another negative code. */
int worktree_read_staged(struct repo *repo, const char *path, struct buf *out, struct error *err);

/* Stores the value of attribute `name` of `path`, from the .gitattributes of the worktree, in
 * `out`. Returns 1; 0 if it has no value, or one that is not a string; or a negative code. */
int worktree_attribute(
	struct repo *repo, const char *path, const char *name, struct buf *out, struct error *err);

/* Is attribute `name` of `path` unset there, as by a line "PATTERN -NAME"? 1, 0, or a negative
 * code. */
int worktree_attribute_is_unset(
	struct repo *repo, const char *path, const char *name, struct error *err);

#endif
