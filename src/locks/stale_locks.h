/*
 * Locks that a git which was killed has left in a repository: NAME.lock beside a ref, the index or
 * the config, which stops every later git that wants to write the same (git-update-ref(1), and
 * "lockfile" in git's api-documentation).
 *
 * A lock is removed if all of this holds, and never because of its age alone:
 *
 * - It is one that git makes: of a ref, HEAD, the index, the config, packed-refs, shallow or
 *   maintenance, in this clone or in a mirror of git-build's own. Nothing in the shared repository
 *   is ever removed.
 * - The clone's lock is held (locks/clone_lock.h; for a mirror, the worker's), so that no two
 *   processes remove, and none removes what was made after another one has.
 * - It has been there, unchanged, for at least a second.
 * - No process that was alive when it was first seen may hold it (locks/live_git.h). The index.lock
 *   of a user whose commit waits for an editor stays.
 */
#ifndef LOCKS_STALE_LOCKS_H
#define LOCKS_STALE_LOCKS_H

#include "locks/place.h"

/*
 * Calls `each` with the path of every lock file in `place` and in its mirror, and whether it is dead
 * (as above) or may be held, until it returns other than 0; returns that. ERR_FAILED: a directory
 * cannot be read.
 */
int stale_locks_each(struct lock_place *place, int (*each)(const char *path, bool dead, void *data),
	void *data, struct error *err);

/*
 * Removes the dead locks in `place`. Takes the clone's lock unless `place` holds it; waits up to
 * `wait_ms` milliseconds for it, and for the locks to prove dead. Returns how many it removed; 0
 * also if another process is at work, which does it in its place.
 */
int stale_locks_remove(struct lock_place *place, int64_t wait_ms);

/* The same for the mirror at `git_dir`, of which the caller must be the only user. */
int stale_locks_remove_in(const char *git_dir, int64_t wait_ms);

#endif
