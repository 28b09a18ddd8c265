/*
 * Running a build: with its output in a log, a time limit, and an end for all that it has started.
 *
 * A process of our own, the keeper, stands between the worker and the build. It takes the build's
 * output, adopts what the build leaves behind (PR_SET_CHILD_SUBREAPER, prctl(2)), and ends all of
 * it when the build is over, when its time is, when it is told to, or when the worker dies
 * (PR_SET_PDEATHSIG). So the worker is free to talk to the shared repository meanwhile.
 *
 *	rc = supervise_start(&s, &plan, err);
 *	...SIGCHLD, or any time: supervise_poll(&s, &end) == 1 once it is over
 *	...to end it early: supervise_stop(&s)
 */
#ifndef WORKER_KEEPER_H
#define WORKER_KEEPER_H

#include "worker/log.h"

#include <stdbool.h>
#include <sys/types.h>

struct supervise_plan {
	const char *const *argv; /* looked up in PATH; ends with NULL */
	const char *directory;
	/* What the environment has besides ours, as struct child has it. */
	const char *const *environment;
	int64_t timeout_ms; /* 0: no limit */
	const char *log;    /* the file's path */
	int64_t log_limit;  /* bytes, about */
	const struct secrets *secrets;
	/* Both are called in the keeper: with what goes to the log, and each second. May be NULL.
	 */
	void (*output)(const char *text, size_t len, void *data);
	void (*tick)(void *data);
	void *data;
};

struct supervise_end {
	int status;       /* the build's exit code; 128 + the signal's number where one ended it */
	bool timed_out;   /* its time was over */
	bool stopped;     /* by supervise_stop(), or the worker's death */
	bool not_run;     /* there is no such program, or it may not be run: see errno */
	int why;          /* errno of that */
	size_t leftover;  /* processes that were still there when it was over, and were ended */
	struct error log; /* why the log ends early; code 0: it does not */
};

struct supervise {
	pid_t pid; /* the keeper's; 0: it is over */
	int report;
};

/* Starts keeper and build. ERR_FAILED if that cannot be. */
int supervise_start(struct supervise *s, const struct supervise_plan *plan, struct error *err);
/* 1: it is over, and `*end` is filled in; 0: not yet. A keeper that was killed itself is `stopped`;
 * what it kept is ended here, as far as it became our child. */
int supervise_poll(struct supervise *s, struct supervise_end *end);
/* Asks the keeper to end the build: SIGTERM, and ten seconds later SIGKILL. */
void supervise_stop(const struct supervise *s);

/*
 * Ends every process of this host that has `variable` ("NAME=value") in its environment, but the
 * calling one: what a worker that was killed together with its keeper has left. Returns how many
 * there were. Linux's /proc, and only what may be looked at there.
 */
size_t supervise_end_leftovers(const char *variable);

#endif
