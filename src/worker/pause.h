/*
 * A worker that cannot work pauses: the source does not answer, the disk is full, a report is
 * refused. Each pause in a row is twice as long as the last, up to ten minutes. What is wrong is in
 * the server's status.json ("paused"), where health finds it and where the next worker of this
 * server reads it.
 *
 *	pause_begin(&pause, first_ms, env)           the worker could not work
 *	...when pause.until_ms has come: worker_check(), and if that succeeds work goes on
 *	pause_end(&pause)                            a job's command was started: it works again
 */
#ifndef WORKER_PAUSE_H
#define WORKER_PAUSE_H

#include "worker/job.h"

enum { PAUSE_LONGEST_MS = 600000 };

struct pause {
	bool on;
	int64_t length_ms; /* of the last one; 0: none since the worker worked */
	int64_t until_ms;  /* on the steady clock, while `on` */
};

/* Begins a pause of `first_ms`, or of twice the last one's length; up to a fifth less, so that
 * workers that stopped together do not ask together. */
void pause_begin(struct pause *pause, int64_t first_ms, const struct env *env);
void pause_end(struct pause *pause);

/* Does the server's status, as last fetched, say that its worker is paused? 0: no, 1: yes, or a
 * negative code. */
int worker_is_paused(const struct worker *worker, struct error *err);

/* Could a job be prepared now? Tries what every job needs: settings, the directories for work and
 * packages, the source. Below 0 with what is still wrong. */
int worker_check(const struct worker *worker, struct error *err);

/* Records in the server's status that its worker is paused, and why (NULL: no longer). */
int worker_report_pause(const struct worker *worker, const char *reason, struct error *err);

#endif
