/*
 * Which jobs, messages and logs may be archived (request/archive.h).
 */
#ifndef FLEET_ARCHIVE_H
#define FLEET_ARCHIVE_H

#include "fleet/job.h"
#include "fleet/message.h"

enum { ARCHIVE_DAY = 86400, ARCHIVE_MESSAGE_DAYS = 7, ARCHIVE_LOG_DAYS = 7, ARCHIVE_JOB_DAYS = 30 };

/* Has the message been read, and is it older than `before`? If so, stores its time in `*when`. */
bool archive_message_is_old(const struct message *message, int64_t before, int64_t *when);

/* When the job finished, in seconds since 1970; 0: it has not, or the time is unknown. */
int64_t archive_job_end(const struct job *job);

/*
 * Which jobs are not archived, in the order of the list: those that had not finished before
 * `before`, and the jobs they depend on. A failed job may be requeued, and then needs its
 * dependencies again; a completed job does not. The result is in the arena.
 */
const bool *archive_staying_jobs(const struct job_list *list, int64_t before, struct arena *arena);

/* Is `name` the name of an uncompressed log from before `before`? */
bool archive_log_is_old(const char *name, int64_t before);

#endif
