/*
 * One job in the hands of a worker, from the claim to the record of what came of it.
 *
 *	rc = build_job_open(&job, &plan, claim, err)     a directory of its own in this clone
 *	rc = build_job_prepare(&job, &reading, &reason, err)  settings, source, directory
 *	...supervise (worker/keeper.h) what build_job_step() gives, until it gives nothing
 *	rc = build_job_end(&job, &reason, err)           manifest, log and request are safe on disk
 *	rc = build_job_record(&job, &outcome, err)       one push: job, status, manifest and log
 *	build_job_close(&job)
 *
 * A failure (below 0) of these steps is not an outcome of the job: the source does not answer, the
 * disk is full, a program cannot be run. Then build_job_put_back() returns the job to the queue,
 * the attempt does not count, and the worker pauses. What is the job's own fault is a `reason`.
 *
 * In <state dir>/jobs/<job>/ are "log", "manifest", "started" (the attempt whose command was
 * started) and, once it is known what came of the job, "result": the request to record it. A worker
 * that was killed finds its jobs by the id that a claim carries (worker_id()): those with a result
 * are recorded, the others put back (worker_recover()).
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
	char id[UUID_SIZE];       /* of this clone's worker: see worker_id() */
	char *const *environment; /* what builds get, and secrets are taken from */
	const char *program;      /* the absolute path of git-build, for making packages */
	/* Told each step in plain words, without secrets. May be NULL. */
	void (*tell)(const char *what, void *data);
	void *data;
};

/* Reads this clone's worker's id into worker->id; makes one if it has none. */
int worker_id(struct worker *worker, struct error *err);

enum build_step { STEP_COMMAND, STEP_PACKAGE, STEP_NONE };

struct build_job {
	const struct worker *worker;
	struct arena arena;
	/* As it was claimed; the strings are the arena's, NULL where it does not say. */
	const char *id, *type, *branch, *commit;
	int64_t attempt, started_at;
	bool wants_package;

	struct build_config config;
	struct checkout checkout;
	struct buf directory; /* <state dir>/jobs/<job> */
	struct buf log;       /* the log's path */
	struct buf output;    /* where packages go; empty: not made yet */
	enum build_step step;
	bool started;        /* its command was: the attempt counts */
	int64_t deadline_ms; /* on the steady clock; 0: none */
};

/* `claim` is the "job" of the answer to a claim (docs/protocol.md), in `doc`. `*job` is to be given
 * to build_job_close() either way. */
int build_job_open(struct build_job *job, const struct worker *worker, const struct json_doc *doc,
	const struct json_value *claim, struct error *err);
void build_job_close(struct build_job *job);

/* 1: the job cannot be built, and `reason` says why: its branch, commit or type does not exist. */
int build_job_prepare(struct build_job *job, const struct reading *reading, struct buf *reason,
	struct error *err);

/*
 * What to run next, after the last step succeeded: `*plan` is filled in but for its callbacks; its
 * memory is the job's. 1: nothing more; a `reason` why that is too little is appended.
 */
int build_job_step(
	struct build_job *job, struct supervise_plan *plan, struct buf *reason, struct error *err);
/* The step that has ended with `status` says that it could not begin, through no fault of the job:
 * another program holds the package manager. */
bool build_job_was_busy(const struct build_job *job, int status);

/* How long jobs like this one took, in seconds: the median of the last five; 0: not known. */
int64_t build_job_estimate(const struct build_job *job, const struct job_list *list);

/* What became of the claim, by the shared branch as `reading` has it. */
enum claim_state { CLAIM_HELD, CLAIM_CANCELLED, CLAIM_LOST };
enum claim_state build_job_claim(const struct build_job *job, const struct reading *reading);

/* The job has ended, well (`reason` is empty) or not: takes the manifest, writes the result,
 * removes the source tree. What was made may turn out to be a reason. ERR_FAILED where nothing
 * could be written: then the job is still this worker's. */
int build_job_end(struct build_job *job, struct buf *reason, struct error *err);

/*
 * Records the result of job `id` in one push (deliver/submit.h), and removes its directory when it
 * is there. 1: the claim was lost. Below 0 the directory stays, and worker_recover() records it:
 * that a report is refused changes nothing about what came of the build. A report that is refused
 * for more than ten minutes goes without its files, so that the outcome arrives.
 */
int build_job_record(
	const struct worker *worker, const char *id, struct outcome *outcome, struct error *err);
/* Puts the job back into the queue, and records in the server's status that the worker is paused:
 * the attempt failed for `reason`, which is not the job's, and does not count. 1: the claim was
 * lost. */
int build_job_put_back(const struct build_job *job, const char *reason, struct outcome *outcome,
	struct error *err);
/* Puts the job back into the queue, since the worker is stopped. The attempt counts if the command
 * was started. */
int build_job_requeue(const struct build_job *job, struct outcome *outcome, struct error *err);
/* The claim is no longer ours: the server's status no longer names the job, its folder and source
 * tree go. */
int build_job_leave(const struct build_job *job, struct outcome *outcome, struct error *err);

/*
 * Tidies up after a worker of this clone that was killed: ends what is left of its builds, records
 * results, puts the other jobs back. An attempt counts if the job's command was started; a job that
 * was tried settings->job_attempts times fails. The caller holds the clone's worker lock.
 */
int worker_recover(const struct worker *worker, struct error *err);

#endif
