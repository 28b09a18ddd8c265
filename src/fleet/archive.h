/*
 * What may be archived (request/archive.h), and how much of that a branch has.
 */
#ifndef FLEET_ARCHIVE_H
#define FLEET_ARCHIVE_H

#include "fleet/job.h"
#include "fleet/message.h"

#define ARCHIVE_DIRECTORY "coordination/archive"

enum { ARCHIVE_DAY = 86400, ARCHIVE_MESSAGE_DAYS = 7, ARCHIVE_LOG_DAYS = 7, ARCHIVE_JOB_DAYS = 30 };

/* Has it been read, and is it from before `before`? Then `*when` is when it is from. */
bool archive_message_is_old(const struct message *message, int64_t before, int64_t *when);

/* When the job was over, in seconds since 1970; 0: it is not, or does not say. */
int64_t archive_job_end(const struct job *job);

/*
 * Which jobs stay, in the order of the list: those that were not over before `before`, and what
 * they depend on. A failed one may be queued again, and waits for it then; only what is completed
 * waits for nothing more. The arena's.
 */
const bool *archive_staying_jobs(const struct job_list *list, int64_t before, struct arena *arena);

/* Is a file called `name` a log that is not compressed, and by its name from before `before`? */
bool archive_log_is_old(const char *name, int64_t before);

#endif
