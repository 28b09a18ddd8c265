/*
 * Builds one job: the steps of a worker from the claim to the recorded result.
 *
 *	rc = build_job_open(&job, worker, doc, claim, err)    creates <state dir>/jobs/<job>/
 *	rc = build_job_prepare(&job, &reading, &reason, err)  settings, source tree and output
 *	                                                      directory
 *	...run the plans of build_job_step() (worker/keeper.h), until there are no more steps
 *	rc = build_job_end(&job, &reason, err)                manifest, log and result are on disk
 *	rc = build_job_record(worker, id, &outcome, err)      one push: job, status, manifest, log
 *	build_job_close(&job)
 *
 * A failure (below 0) of a step is not a result of the job: the source cannot be reached, the disk
 * is full, a program cannot be run. In this case build_job_put_back() requeues the job, the attempt
 * does not count, and the worker pauses. If the job itself is wrong, the step returns a `reason`.
 *
 * <state dir>/jobs/<job>/ has the files "log", "manifest", "started" (the attempt whose command was
 * started) and, when the job has a result, "result": the request that records it. A worker that is
 * started after another was killed finds the jobs by the worker ID in each claim (worker_id()),
 * records those with a result, and requeues the others (worker_recover()).
 */
#ifndef WORKER_JOB_H
#define WORKER_JOB_H

#include "base/env.h"
#include "fleet/job.h"
#include "deliver/submit.h"
#include "worker/config.h"
#include "worker/checkout.h"
#include "worker/keeper.h"

struct worker {
	struct repo *repo;
	const struct settings *settings;
	const struct env *env;
	char id[UUID_SIZE];       /* the worker ID of this clone: see worker_id() */
	char *const *environment; /* the environment of builds, with the values of secrets */
	const char *program;      /* the absolute path of git-build, for building packages */
	/* Called with a description of each step, without secrets. May be NULL. */
	void (*tell)(const char *what, void *data);
	void *data;
};

/* Stores the worker ID of this clone in worker->id; creates one if there is none. */
int worker_id(struct worker *worker, struct error *err);

enum build_step { STEP_COMMAND, STEP_PACKAGE, STEP_NONE };

struct build_job {
	const struct worker *worker;
	struct arena arena;
	/* The claimed job; the strings are in the arena, NULL for missing members. */
	const char *id, *type, *branch, *commit;
	int64_t attempt, started_at;
	bool wants_package;

	struct build_config config;
	struct checkout checkout;
	struct buf directory; /* <state dir>/jobs/<job> */
	struct buf log;       /* the path of the log */
	struct buf output;    /* the directory for packages; empty: not created yet */
	enum build_step step;
	bool started;        /* the command was started: the attempt counts */
	int64_t deadline_ms; /* on the monotonic clock; 0: none */
};

/* Opens the job of a claim: `claim` is the member "job" of its answer (docs/protocol.md), in `doc`.
 * Release `*job` with build_job_close() in either case. */
int build_job_open(struct build_job *job, const struct worker *worker, const struct json_doc *doc,
	const struct json_value *claim, struct error *err);
void build_job_close(struct build_job *job);

/* Prepares the build. Returns 1 if the job cannot be built because its branch, commit or type does
 * not exist; `reason` has the reason. */
int build_job_prepare(struct build_job *job, const struct reading *reading, struct buf *reason,
	struct error *err);

/*
 * Fills `*plan`, except its callbacks, with the next step, after the last one has succeeded; its
 * memory belongs to the job. Returns 1 if there are no more steps; if the job has failed
 * nevertheless, appends a `reason`.
 */
int build_job_step(
	struct build_job *job, struct supervise_plan *plan, struct buf *reason, struct error *err);
/* Did the step exit with `status` because another program holds the lock of the package manager?
 * Then the job is not at fault. */
bool build_job_was_busy(const struct build_job *job, int status);

/* The expected duration in seconds: the median of the last five jobs like this one; 0: unknown. */
int64_t build_job_estimate(const struct build_job *job, const struct job_list *list);

/* The state of the claim on the shared branch at `reading`. */
enum claim_state { CLAIM_HELD, CLAIM_CANCELLED, CLAIM_LOST };
enum claim_state build_job_claim(const struct build_job *job, const struct reading *reading);

/* Ends the job, with success if `reason` is empty: lists the artifacts, writes the manifest and the
 * result, and removes the source tree. If the artifacts cannot be listed, appends to `reason`.
 * ERR_FAILED if a file could not be written: the job still belongs to this worker. */
int build_job_end(struct build_job *job, struct buf *reason, struct error *err);

/*
 * Records the result of job `id` in one push (deliver/submit.h), and then removes its directory.
 * Returns 1 if the claim was lost. If it fails, the directory is kept, and worker_recover() records
 * the result later, because a refused request does not change the result of the build. If the
 * request has been refused for ten minutes, it is sent without its files, so that at least the
 * result is recorded.
 */
int build_job_record(
	const struct worker *worker, const char *id, struct outcome *outcome, struct error *err);
/* Requeues the job, and records in the server's status that the worker is paused. The attempt does
 * not count, because the job is not at fault for `reason`. Returns 1 if the claim was lost. */
int build_job_put_back(const struct build_job *job, const char *reason, struct outcome *outcome,
	struct error *err);
/* Requeues the job because the worker is stopped. The attempt counts if the command was started. */
int build_job_requeue(const struct build_job *job, struct outcome *outcome, struct error *err);
/* Abandons a job whose claim was lost: removes it from the server's status, and removes its
 * directory and source tree. */
int build_job_leave(const struct build_job *job, struct outcome *outcome, struct error *err);

/*
 * Cleans up after a killed worker of this clone: kills the remaining processes of its builds,
 * records results, and requeues the other jobs. An attempt counts if the job's command was started;
 * a job fails after settings->job_attempts attempts. The caller holds the clone's worker lock.
 */
int worker_recover(const struct worker *worker, struct error *err);

#endif
