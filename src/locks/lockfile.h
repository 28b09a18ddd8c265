/*
 * Replaces a file of a repository under git's own lock (NAME.lock), so that it can be repeated
 * after the process was killed at any point.
 *
 * git cannot know whether the process that created NAME.lock still runs. Here, NAME.lock is created
 * as a hard link to NAME.git-build/lock. The processes of git-build exclude each other (flock(2)),
 * so if NAME.lock is the same file as NAME.git-build/lock, it is the remains of a killed git-build
 * process, and is removed.
 */
#ifndef LOCKS_LOCKFILE_H
#define LOCKS_LOCKFILE_H

#include "locks/place.h"

/* Changes the file `path`, which has the old content, or is empty if there was no file. */
typedef int lockfile_edit(const char *path, void *data, struct error *err);

/*
 * Calls `edit` to change a draft of `directory`/`name`, and replaces the file with it. The file is
 * on disk when this returns. Waits up to ten seconds for other programs, then returns ERR_BUSY with
 * the name of the lock file.
 */
int lockfile_replace(struct lock_place *place, const char *directory, const char *name,
	lockfile_edit *edit, void *data, struct error *err);

/* Removes the remains of a killed lockfile_replace() of `directory`/`name`. */
int lockfile_sweep(
	struct lock_place *place, const char *directory, const char *name, struct error *err);

#endif
