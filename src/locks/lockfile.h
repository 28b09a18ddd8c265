/*
 * Replacing a file of a repository under git's own lock on it (NAME.lock), so that it can be done
 * again after a kill at any point.
 *
 * git cannot know whether the process that made a NAME.lock still runs. Here NAME.lock is made as a
 * second name (link(2)) of NAME.git-build/lock. A NAME.lock that is the same file was therefore
 * left by a git-build that was killed, since those take turns (flock(2)), and is removed.
 */
#ifndef LOCKS_LOCKFILE_H
#define LOCKS_LOCKFILE_H

#include "locks/place.h"

/* Changes the file `path`, which holds the old content; it is empty if there was none. */
typedef int lockfile_edit(const char *path, void *data, struct error *err);

/*
 * Has `edit` change a draft of `folder`/`name`, which then replaces the file and is on disk when
 * this returns. Waits up to ten seconds for other programs; ERR_BUSY names the lock that is in the
 * way.
 */
int lockfile_replace(struct lock_place *place, const char *directory, const char *name,
	lockfile_edit *edit, void *data, struct error *err);

/* Removes what a killed lockfile_replace() has left beside `directory`/`name`. */
int lockfile_sweep(
	struct lock_place *place, const char *directory, const char *name, struct error *err);

#endif
