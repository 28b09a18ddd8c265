/*
 * Runs a request. If the remote cannot be reached, the request is kept in the outbox, provided that
 * it is still useful later, and the operator is alerted.
 */
#ifndef DELIVER_SUBMIT_H
#define DELIVER_SUBMIT_H

#include "deliver/write_queue.h"

/*
 * Does the same as write_queue_run(). In addition, if that gave up on the remote, stores in `*kept`
 * (may be NULL) whether the request is in the outbox. The first failure of an outage also queues a
 * message of type `error` and alerts the operator; errors while doing so are appended to
 * `outcome->said`.
 */
int submit(struct repo *repo, const struct settings *settings, const struct buf *request,
	const struct env *env, struct outcome *outcome, bool *kept, struct error *err);

struct alarm {
	const char *event;   /* for the alert command: "push-failed" */
	const char *subject; /* of the message */
	const char *text;    /* what failed */
	const char *why;     /* the error */
};

/* Adds a message of type `error` for all servers to the outbox, and alerts the operator. Errors are
 * appended to `warnings`, one per line. */
void raise_alarm(struct repo *repo, const struct settings *settings, const struct alarm *alarm,
	const struct env *env, struct buf *warnings);

/*
 * Appends to `answer` what `request` would do to the shared branch at `tip`, and changes nothing.
 * Returns 0, 1 if the request would be refused, or a negative code.
 */
int preview(struct repo *repo, const struct oid *tip, const char *branch, const struct buf *request,
	struct buf *answer, struct error *err);

#endif
