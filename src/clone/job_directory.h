/*
 * The directory that a clone keeps for each job that it builds, <state dir>/jobs/<job>: its log,
 * its manifest, and what waits to be recorded with the job's end.
 */
#ifndef CLONE_JOB_DIRECTORY_H
#define CLONE_JOB_DIRECTORY_H

#include "git/repo.h"
#include "request/request.h"

/* Replaces `out` by the directory of job `id` in this clone. */
void job_directory(struct buf *out, struct repo *repo, const char *id);

/* Reads the files that `request` names (struct request_file) from the directory of its job. A file
 * that does not exist any more is left out: the job's result counts more than its log. */
int job_directory_read_files(struct repo *repo, struct request *request, struct error *err);

#endif
