/*
 * Runs a build with its output in a log and with a time limit, and kills all processes that it has
 * started.
 *
 * A separate process, the keeper, runs between the worker and the build. It reads the output of the
 * build, adopts the processes that the build leaves (PR_SET_CHILD_SUBREAPER, prctl(2)), and kills
 * all of them when the build has ended, when its time is up, when it is stopped, or when the worker
 * dies (PR_SET_PDEATHSIG). The worker can use the shared repository in the meantime.
 *
 *	rc = supervise_start(&s, &plan, err);
 *	...after SIGCHLD, or at any time: supervise_poll(&s, &end) == 1 if the build has ended
 *	...to stop it early: supervise_stop(&s)
 */
#ifndef WORKER_KEEPER_H
#define WORKER_KEEPER_H

#include "worker/log.h"

#include <stdbool.h>
#include <sys/types.h>

struct supervise_plan {
	const char *const *argv; /* looked up in PATH; ends with NULL */
	const char *directory;
	/* Changes to our environment, as in struct child. */
	const char *const *environment;
	int64_t timeout_ms; /* 0: no limit */
	const char *log;    /* the path of the log */
	int64_t log_limit;  /* approximate maximum size of the log in bytes */
	const struct secrets *secrets;
	/* Called in the keeper: `output` with text that goes to the log, `tick` once a second. May
	 * be NULL. */
	void (*output)(const char *text, size_t len, void *data);
	void (*tick)(void *data);
	void *data;
};

struct supervise_end {
	int status;       /* the exit code of the build, or 128 + the signal that killed it */
	bool timed_out;   /* the time limit was reached */
	bool stopped;     /* by supervise_stop(), or because the worker died */
	bool not_run;     /* the program could not be run: see `why` */
	int why;          /* the errno of that */
	size_t leftover;  /* processes that were killed after the build had ended */
	struct error log; /* why the log is incomplete; code 0: it is complete */
};

struct supervise {
	pid_t pid; /* of the keeper; 0: it has ended */
	int report;
};

/* Starts the keeper and the build. ERR_FAILED if the keeper cannot be started. */
int supervise_start(struct supervise *s, const struct supervise_plan *plan, struct error *err);
/* Returns 1 if the build has ended, and fills `*end`; otherwise 0. If the keeper was killed, `*end`
 * is `stopped`, and those of its processes that this process has adopted are killed. */
int supervise_poll(struct supervise *s, struct supervise_end *end);
/* Asks the keeper to stop the build, with SIGTERM and, ten seconds later, SIGKILL. */
void supervise_stop(const struct supervise *s);

#endif
