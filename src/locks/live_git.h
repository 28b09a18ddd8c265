/*
 * Is a git at work in a repository? That decides whether a lock file in it is held.
 *
 * git creates NAME.lock, and removes or renames it when it is done; in between it may close the
 * file, run hooks and wait for an editor. So neither an open descriptor nor its age says whether a
 * lock is held; only the process can. Seen are the processes of this host (and of this container)
 * through /proc.
 */
#ifndef LOCKS_LIVE_GIT_H
#define LOCKS_LIVE_GIT_H

#include "locks/place.h"

#include <sys/types.h>

/* The moment from which a process counts as new, in clock ticks since the boot: setting the clock
 * does not change it. */
int64_t live_git_moment(void);

/*
 * May a process that was started before `moment` hold the lock file `path`, which belongs to user
 * `owner`? `roots` (ends with NULL) are the directories of the repository: its git directory, its
 * work trees; resolved. A process may hold it if
 *
 * - it has the file open, whatever program it is; or
 * - it is a git (not git-build, and not the `git` that waits for a `git build`) of that user, and
 *   its directory, its command line or its environment leads to one of `roots`, or cannot be read.
 *
 * True also if that cannot be found out.
 */
bool live_git_may_hold(const char *path, uid_t owner, const char *const *roots, int64_t moment);

#endif
