/*
 * Locks that a git which was killed has left in a repository: NAME.lock beside a ref, the index or
 * the config, which stops every later git that wants to write the same (git-update-ref(1), and
 * "lockfile" in git's api-documentation). git holds one for moments only.
 */
#ifndef STORE_STALE_LOCKS_H
#define STORE_STALE_LOCKS_H

#include "store/repo.h"

/* Calls `each` with the path of every lock file that has not been touched since `before` (seconds
 * since 1970), until it returns other than 0; returns that. */
int stale_locks_each(struct repo *repo, int64_t before, int (*each)(const char *path, void *data),
	void *data, struct error *err);

#endif
