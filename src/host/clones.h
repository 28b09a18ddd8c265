/* Finds the git worktrees of this host, and reads their status. */
#ifndef HOST_CLONES_H
#define HOST_CLONES_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The strings are released by tree_list_release(). */
struct tree {
	char *path;
	char *branch;          /* NULL: HEAD is detached */
	char *commit;          /* NULL: there is no commit yet */
	char *upstream;        /* NULL: the branch has no upstream */
	int64_t ahead, behind; /* numbers of commits, compared with the upstream */
	size_t changed;        /* files that differ from the commit, including untracked ones */
	char *problem;         /* why git could not read the status; NULL: it could */
};

struct tree_list {
	struct tree *trees; /* for each root, ordered by path */
	size_t count, capacity;
};
void tree_list_release(struct tree_list *list);

/*
 * Adds every worktree at `root` or below it, at most `depth` directories deep (0: no limit), with
 * its status from git-status(1), porcelain version 2. Changes nothing. Symbolic links are not
 * followed, and directories that may not be read are skipped. ERR_NOT_FOUND: `root` does not exist.
 */
int trees_find(struct tree_list *list, const char *root, int64_t depth, struct error *err);

#endif
