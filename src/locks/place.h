/* Where a repository keeps its locks, as far as this directory must know: git/repo.h fills it
 * in. */
#ifndef LOCKS_PLACE_H
#define LOCKS_PLACE_H

#include "base/file.h"

struct lock_place {
	/* Absolute, without a slash at the end: the git directory of a worktree, the one that all
	 * of them share, the worktree (NULL: none), and git-build's own directory. */
	char *git_dir, *common_dir, *work_tree, *state_dir;
	bool is_writing;          /* the clone's lock is held, */
	struct file_lock writing; /* which is this: locks/clone_lock.h */
};

#endif
