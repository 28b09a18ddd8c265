/*
 * Finds running git processes that may hold a lock file of a repository.
 *
 * git creates NAME.lock, and removes or renames it at the end; in between, it may close the file,
 * run hooks and wait for an editor. Therefore, neither an open descriptor nor the age of the file
 * shows whether a lock is held; only the process does. The processes of this host (and this
 * container) are read from /proc.
 */
#ifndef LOCKS_LIVE_GIT_H
#define LOCKS_LIVE_GIT_H

#include "locks/place.h"

#include <sys/types.h>

/* The current time in clock ticks since the boot, which does not change if the clock is set.
 * Processes that start later are new. */
int64_t live_git_moment(void);

/*
 * May a process that was started before `moment` hold the lock file `path`, which belongs to user
 * `owner`? `roots` (ends with NULL) are the real paths of the repository's directories: its git
 * directory and its worktrees. A process may hold the lock if
 *
 * - it has the file open (any program); or
 * - it is a git process of that user (not git-build, and not a `git` that waits for `git build`, or
 *   for the hook proc-receive),
 *   and its directory, command line or environment leads to one of `roots`, or cannot be read.
 *
 * Also true if the processes cannot be read.
 */
bool live_git_may_hold(const char *path, uid_t owner, const char *const *roots, int64_t moment);

#endif
