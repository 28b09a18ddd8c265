/* The git work trees of this host: which are there, and how each stands. */
#ifndef HOST_CLONES_H
#define HOST_CLONES_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All strings are yours through tree_list_release(). */
struct tree {
	char *path;
	char *branch;          /* NULL: HEAD is detached */
	char *commit;          /* NULL: there is none yet */
	char *upstream;        /* NULL: the branch follows none */
	int64_t ahead, behind; /* commits, against the upstream */
	size_t changed;        /* files that differ from the commit, untracked ones included */
	char *problem;         /* why git could not say all this; NULL: it could */
};

struct tree_list {
	struct tree *trees; /* in the order of their paths, below each root */
	size_t count, capacity;
};
void tree_list_release(struct tree_list *list);

/*
 * Adds every work tree at `root` or below it, at most `depth` folders down (0: however deep), and
 * asks git how it stands (git-status(1), porcelain version 2), which changes nothing. Symbolic
 * links are not followed; folders that may not be read are passed by. ERR_NOT_FOUND: there is no
 * such folder.
 */
int trees_find(struct tree_list *list, const char *root, int64_t depth, struct error *err);

#endif
