/*
 * Jobs: work that waits in coordination/jobs.json, and who does it.
 *
 * A job is queued, running, completed, failed or cancelled. A server claims a queued one with a
 * single push; that nobody else changed the queue meanwhile is the lock. The old scripts' lock
 * "job_assignment" is respected all the same. Of several jobs the lowest priority number goes
 * first, then the oldest, and none before all that it depends on is completed. A queued job that
 * names a server in "assigned_to" is for that server.
 *
 * "attempt" counts the claims, never decreases and is a claim's fence. "uncounted" of them ended
 * before the job's own command ran, through no fault of the job: limits on attempts leave them out.
 *
 * The operations (request/request.h) are "job add", "job claim", "job complete", "job fail", "job
 * cancel", "job requeue" and "job reap"; docs/protocol.md has their members.
 */
#ifndef FLEET_JOB_H
#define FLEET_JOB_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "json/document.h"
#include "json/write.h"

enum { JOB_PRIORITY = 5, JOB_PRIORITY_MAX = 1000000 };

struct job {
	/* The strings are the arena's; NULL where the job does not say. */
	const char *id, *type, *status, *branch, *commit, *description, *assigned_to, *reason;
	const char *worker; /* which one has it, where a worker claimed it */
	int64_t priority, attempt;
	int64_t uncounted;  /* attempts that ended before the command ran: see job_tries() */
	int64_t retries;    /* after so many failed attempts more it is over */
	bool wants_package; /* fails where it makes none, if its type is build */
	int64_t created_at, started_at, completed_at; /* seconds since 1970; 0: it does not say */
	const struct json_value *value;               /* the job in its document */
	const struct json_value *depends;             /* an array of ids, or NULL */
};

struct job_list {
	const struct json_doc *doc;
	struct job *jobs; /* those that have an id, in the order of the file */
	size_t count;
	struct job **by_id; /* sorted */
};

/* Reads "jobs". All memory is the arena's. */
void jobs_read(struct job_list *out, const struct json_doc *doc, const struct json_value *jobs,
	struct arena *arena);
/* The job with this id; NULL if there is none. */
const struct job *jobs_find(const struct job_list *list, const char *id);

/* How many attempts count against limits: those in which the job's command ran. */
int64_t job_tries(const struct job *job);

/* The first of the ids that `job` depends on which is not completed; NULL if nothing holds it up.
 * Borrowed from the arena. */
const char *jobs_blocked_by(
	const struct job_list *list, const struct job *job, struct arena *arena);

/* The job that `server` is to do next, of one of `types` ("build,test"; NULL: any). NULL if there
 * is none. */
const struct job *jobs_choose(
	const struct job_list *list, const char *server, const char *types, struct arena *arena);

/*
 * Do the dependencies that can be reached from `depends` (an array of ids in `doc`) lead back to
 * `id`, or in a circle? Then it is appended to `circle`, as "a -> b -> a".
 */
bool jobs_find_circle(const struct job_list *list, const char *id, const struct json_doc *doc,
	const struct json_value *depends, struct arena *arena, struct buf *circle);

/* Is it a status that jobs have? ERR_INVALID lists them. */
int job_check_status(const char *status, struct error *err);

/* Puts the job's members into an object that is open. */
void job_put(struct json_writer *w, const struct job_list *list, const struct job *job);

#endif
