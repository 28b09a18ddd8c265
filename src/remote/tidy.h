/*
 * Packs the objects in a clone from time to time: one heartbeat per minute creates 25,000 small
 * files in a week. Git commands that users run do that at their end, but a push does not, and in
 * the clone of a server there may be nothing but pushes.
 */
#ifndef REMOTE_TIDY_H
#define REMOTE_TIDY_H

#include "git/repo.h"

/*
 * Removes the temporary files of dead processes in the state directory and its subdirectories, in
 * hooks/, and in the top directory of the worktree. Then runs git-maintenance(1), to pack loose
 * objects and collect unreachable ones, if there are many: according to git's own estimate, which
 * reads two directories, and to the settings gc.auto, gc.autoPackLimit and maintenance.auto. Packs
 * the refs if there are more than 500 loose remote-tracking refs of a remote, because every fetch
 * reads all of these files. Does nothing unless `repo` has fetched or pushed objects. Takes a second
 * for 7,000 objects: call it at the end of a command or of an iteration of a loop. Failures are
 * ignored.
 */
void repo_tidy(struct repo *repo);

#endif
