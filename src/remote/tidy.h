/*
 * What git-build leaves behind in a clone is packed now and then: a beat a minute makes 25,000
 * small files in a week. The git commands that people use see to that at their end; a push does
 * not, and a server's clone may see nothing else.
 */
#ifndef REMOTE_TIDY_H
#define REMOTE_TIDY_H

#include "git/repo.h"

/*
 * Removes the temporary files that processes which died have left in the state directory and those
 * in it, in hooks/ and at the top of the work tree. Then lets git-maintenance(1) pack loose
 * objects, and collect what nobody needs any more, where there is much of it: by git's own
 * estimate, which reads two folders, and by the settings gc.auto, gc.autoPackLimit and
 * maintenance.auto. All of that only after objects have been fetched or pushed by `repo`. Takes a
 * second for 7,000 objects, so it is for the end of a command, or of a turn of a loop. Nothing that
 * matters fails if it does.
 */
void repo_tidy(struct repo *repo);

#endif
