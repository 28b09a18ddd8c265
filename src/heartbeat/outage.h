/*
 * Alerts the operator if heartbeats cannot be pushed. After several failed pushes in a row, runs
 * the alert command once, and adds a message of type `error` to the outbox, which is sent when the
 * remote can be reached again.
 *
 * The outage is recorded in the clone (<state dir>/outage), so that single heartbeats and a
 * restarted loop continue to count.
 */
#ifndef HEARTBEAT_OUTAGE_H
#define HEARTBEAT_OUTAGE_H

#include "base/env.h"
#include "clone/settings.h"

/* Records that a due push failed because of `why`. After `settings->attempts` failures in a row,
 * alerts the operator and adds the message. Errors are appended to `said`, because heartbeats must
 * continue. */
void outage_failed(struct repo *repo, const struct settings *settings, const char *why,
	const struct env *env, struct buf *said);

/* Records that a push succeeded: ends the outage, if there is one, and sends the outbox. Errors are
 * appended to `said`. */
void outage_over(struct repo *repo, const struct settings *settings, const struct env *env,
	struct buf *said);

#endif
