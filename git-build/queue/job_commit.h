/* The commit that a new job is to build, found in the source repository before the job is queued.
 */
#ifndef QUEUE_JOB_COMMIT_H
#define QUEUE_JOB_COMMIT_H

#include "cli/command.h"

/*
 * Replaces `out` with the commit that `commit` means on `branch`, as build.source has them: a full
 * name stays as it is; HEAD, a branch, a tag, and the start of the branch's tip become one. Without
 * build.source, or if the source cannot be asked (which is a warning), `commit` stays as it is and
 * is looked up when the job is built. ERR_NOT_FOUND: there is no such branch, or no such commit.
 */
int job_commit_find(struct invocation *inv, const char *branch, const char *commit, struct buf *out,
	struct error *err);

#endif
