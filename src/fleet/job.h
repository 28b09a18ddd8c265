/*
 * The jobs in coordination/jobs.json, and the servers that build them.
 *
 * A job is queued, running, completed, failed or cancelled. A server claims a queued job with one
 * push, which succeeds only if no other push has changed the queue. The lock "job_assignment" of
 * older scripts is respected too. The job with the lowest priority number is claimed first, then
 * the oldest; a job cannot be claimed before its dependencies are completed. A queued job with
 * "assigned_to" can be claimed only by that server.
 *
 * "attempt" is the number of claims; it never decreases, and is the fence of a claim. "uncounted"
 * is the number of attempts that ended before the job's command ran, not because of the job: limits
 * on attempts do not include them.
 *
 * The requests (request/request.h) are "job add", "job claim", "job complete", "job fail", "job
 * cancel", "job requeue" and "job reap"; docs/protocol.md has their members.
 */
#ifndef FLEET_JOB_H
#define FLEET_JOB_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "json/document.h"
#include "json/write.h"

enum job_status { JOB_QUEUED, JOB_RUNNING, JOB_COMPLETED, JOB_FAILED, JOB_CANCELLED, JOB_STATUSES };

enum { JOB_PRIORITY = 5, JOB_PRIORITY_MAX = 1000000 };

struct job {
	/* The strings are in the arena; NULL for missing members. See job_is() for the status, which
	 * may be any text. */
	const char *id, *type, *status, *branch, *commit, *description, *assigned_to, *reason;
	const char *worker; /* the ID of the worker, if a worker claimed it */
	int64_t priority, attempt;
	int64_t uncounted;  /* attempts that ended before the command ran: see job_tries() */
	int64_t retries;    /* how many failed attempts are followed by another one */
	bool wants_package; /* a build without a package fails */
	int64_t created_at, started_at, completed_at; /* seconds since 1970; 0: unknown */
	const struct json_value *value;               /* the job in its document */
	const struct json_value *depends;             /* an array of IDs, or NULL */
};

struct job_list {
	const struct json_doc *doc;
	struct job *jobs; /* the jobs with an ID, in the order of the file */
	size_t count;
	struct job **by_id; /* sorted */
};

/* Reads the member "jobs". All memory is in the arena. */
void jobs_read(struct job_list *out, const struct json_doc *doc, const struct json_value *jobs,
	struct arena *arena);
/* The job with this ID; NULL if there is none. */
const struct job *jobs_find(const struct job_list *list, const char *id);

/* The number of attempts that count for limits: those in which the job's command ran. */
int64_t job_tries(const struct job *job);

/* The ID of the first dependency of `job` that is not completed; NULL if there is none. The string
 * is in the arena. */
const char *jobs_blocked_by(
	const struct job_list *list, const struct job *job, struct arena *arena);

/* The next job for `server` to claim, of one of `types` ("build,test"; NULL: any); NULL if there is
 * none. */
const struct job *jobs_choose(
	const struct job_list *list, const char *server, const char *types, struct arena *arena);

/*
 * Do the dependencies that can be reached from `depends` (an array of IDs in `doc`) contain `id`,
 * or a cycle? If so, appends the cycle to `circle`, as "a -> b -> a".
 */
bool jobs_find_circle(const struct job_list *list, const char *id, const struct json_doc *doc,
	const struct json_value *depends, struct arena *arena, struct buf *circle);

/* Does the job have this status? A job whose status is missing or unknown has none of them. */
bool job_is(const struct job *job, enum job_status status);

/* "queued", "running", ... */
const char *job_status_name(enum job_status status);

/* Is `status` a valid status of a job? ERR_INVALID lists the valid ones. */
int job_check_status(const char *status, struct error *err);

/* Adds the members of the job to an open object. */
void job_put(struct json_writer *w, const struct job_list *list, const struct job *job);

#endif
