/*
 * Locks that a killed git process has left in a repository: NAME.lock next to a ref, the index or
 * the config, which stops all later git processes that write the same file (git-update-ref(1), and
 * "lockfile" in git's API documentation).
 *
 * A lock is removed if all of these conditions are met, and never because of its age alone:
 *
 * - It is a lock that git creates: of a ref or its log, HEAD, the index, the config, packed-refs, shallow
 *   or maintenance, in this clone or in one of git-build's mirrors; or in the shared repository, if
 *   the process serves it (serve/serve.h).
 * - The clone's lock is held (locks/clone_lock.h; for a mirror, the worker's lock), so that two
 *   processes never remove locks at the same time, and none removes a new lock by mistake.
 * - It has existed, unchanged, for at least a second.
 * - No process that existed when the lock was first found may hold it (locks/live_git.h). The
 *   index.lock of a user whose commit waits for an editor is not removed.
 */
#ifndef LOCKS_STALE_LOCKS_H
#define LOCKS_STALE_LOCKS_H

#include "locks/place.h"

/*
 * Calls `each` with the path of every lock file in `place` and in its mirror, and whether it is dead
 * (as above) or may be held. Stops when `each` returns non-zero, and returns that. Returns
 * ERR_FAILED if a directory cannot be read.
 */
int stale_locks_each(struct lock_place *place, int (*each)(const char *path, bool dead, void *data),
	void *data, struct error *err);

/*
 * Removes the dead locks in `place`. Acquires the clone's lock unless `place` holds it; waits up to
 * `wait_ms` milliseconds for it, and until the locks are known to be dead. Returns the number of
 * removed locks; also 0 if another process holds the clone's lock, and removes them instead.
 */
int stale_locks_remove(struct lock_place *place, int64_t wait_ms);

/* The same for the mirror at `git_dir`, of which the caller must be the only user. */
int stale_locks_remove_in(const char *git_dir, int64_t wait_ms);

#endif
