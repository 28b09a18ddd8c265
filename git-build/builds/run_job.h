/* One job, from its claim to its recorded result, with the terminal and the signals. */
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
	bool put_back;    /* the job could not be started, for a reason that it did not cause */
	sigset_t signals; /* blocked; accepted while waiting: SIGCHLD and stop signals */
	int64_t look_every_ms; /* the interval between two checks of the shared branch */
	int stopped_by;        /* the signal that stopped the worker; 0: continue */
};

/*
 * Builds the job in the answer to a claim ("job" in `doc`), and records its result. ANSWER_YES: it
 * succeeded; ANSWER_NO: it failed, was cancelled or lost, or was requeued because of a signal (in
 * that case run->stopped_by is the signal). Below 0: the job could not be started, for a reason
 * that it did not cause, and was requeued; or its result could not be recorded yet.
 */
int run_job(struct run *run, const struct json_doc *doc, const struct json_value *claim,
	struct error *err);

/* Waits until `deadline_ms` on the steady clock, or for a signal; returns the signal, or 0. A
 * signal that stops the worker is recorded. */
int run_wait(struct run *run, int64_t deadline_ms);

#endif
