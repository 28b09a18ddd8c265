/* The commit that a new job builds, resolved in the source repository before the job is queued. */
#ifndef QUEUE_JOB_COMMIT_H
#define QUEUE_JOB_COMMIT_H

#include "cli/command.h"

/*
 * Replaces `out` with the commit that `commit` names on `branch` in build.source: a full ID is
 * kept; HEAD, a branch, a tag, and an abbreviation of the branch's tip are resolved. Without
 * build.source, or if the source cannot be reached (which is a warning), `commit` is kept and
 * resolved when the job is built. ERR_NOT_FOUND: there is no such branch, or no such commit.
 */
int job_commit_find(struct invocation *inv, const char *branch, const char *commit, struct buf *out,
	struct error *err);

#endif
