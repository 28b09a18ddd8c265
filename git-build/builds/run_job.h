/* One job, from its claim to its record, with the terminal and the signals around it. */
#ifndef BUILDS_RUN_JOB_H
#define BUILDS_RUN_JOB_H

#include "cli/command.h"

#include "worker/job.h"
#include "worker/pause.h"
#include "worker/keepalive.h"

#include <signal.h>

struct run {
	struct invocation *inv;
	struct worker worker;
	struct pulse pulse;
	struct pause pause;
	bool put_back;    /* run_job() could not start its job, through no fault of the job */
	sigset_t signals; /* blocked, and taken while waiting: SIGCHLD and those that stop us */
	int64_t look_every_ms; /* from one look at the shared branch to the next */
	int stopped_by;        /* the signal that did; 0: go on */
};

/*
 * Builds the job that a claim was answered with ("job" in `doc`), and records what came of it.
 * ANSWER_YES: it succeeded; ANSWER_NO: it failed, was cancelled or lost, or put back, since a
 * signal came (then run->stopped_by says which). Below 0: the job could not be started, through no
 * fault of its own, and is back in the queue; or what came of it could not be recorded yet.
 */
int run_job(struct run *run, const struct json_doc *doc, const struct json_value *claim,
	struct error *err);

/* Waits until `deadline_ms` on the steady clock, or for a signal; returns it, or 0. One that stops
 * us is noted. */
int run_wait(struct run *run, int64_t deadline_ms);

#endif
