/*
 * Pauses a worker that cannot work because the source cannot be reached, the disk is full, or a
 * request is refused. Each consecutive pause is twice as long as the last one, up to ten minutes.
 * The reason is in the server's status.json ("paused"), for `git build health` and for the next
 * worker of this server.
 *
 *	pause_begin(&pause, first_ms, env)           the worker could not work
 *	...at pause.until_ms: worker_check(); if it succeeds, the worker continues
 *	pause_end(&pause)                            the command of a job was started
 */
#ifndef WORKER_PAUSE_H
#define WORKER_PAUSE_H

#include "worker/job.h"

enum { PAUSE_LONGEST_MS = 600000 };

struct pause {
	bool on;
	int64_t length_ms; /* of the last pause; 0: none since a command was started */
	int64_t until_ms;  /* on the monotonic clock, while `on` */
};

/* Begins a pause of `first_ms`, or twice as long as the last one. It is shortened by a random time,
 * at most a fifth, so that workers that paused together do not retry together. */
void pause_begin(struct pause *pause, int64_t first_ms, const struct env *env);
void pause_end(struct pause *pause);

/* Is the worker paused, according to the server's status as last fetched? 1, 0, or a negative code.
 */
int worker_is_paused(const struct worker *worker, struct error *err);

/* Checks the requirements of all jobs: the settings, the directories for work and packages, and the
 * source. Negative, with the first problem, if a job could not be prepared. */
int worker_check(const struct worker *worker, struct error *err);

/* Records in the server's status that its worker is paused, with the reason; NULL: not paused. */
int worker_report_pause(const struct worker *worker, const char *reason, struct error *err);

#endif
