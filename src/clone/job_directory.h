/*
 * The directory of each job that a clone builds, <state dir>/jobs/<job>: its log, its manifest, and
 * the files that are recorded with its result.
 */
#ifndef CLONE_JOB_DIRECTORY_H
#define CLONE_JOB_DIRECTORY_H

#include "git/repo.h"
#include "request/request.h"

/* Replaces `out` with the directory of job `id` in this clone. */
void job_directory(struct buf *out, struct repo *repo, const char *id);

/* Reads the files that `request` names (struct request_file) from the directory of its job. A file
 * that does not exist any more is omitted: the result of the job is more important than its log.
 * Returns 0 or a negative code. */
int job_directory_read_files(struct repo *repo, struct request *request, struct error *err);

#endif
