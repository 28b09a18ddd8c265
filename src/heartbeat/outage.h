/*
 * What happens when beats do not get through: after several failed pushes in a row the operator is
 * alerted, once, and a message of type `error` waits in this clone until the remote is back.
 *
 * An outage is remembered in the clone (<state dir>/outage), so that one-shot beats and a loop
 * that is restarted count on.
 */
#ifndef HEARTBEAT_OUTAGE_H
#define HEARTBEAT_OUTAGE_H

#include "base/env.h"
#include "clone/settings.h"

/* A push that was due has failed for `why`. At the settings->attempts-th in a row: alerts and
 * queues the message. What goes wrong in doing so is appended to `said`, since the beat must go on.
 */
void outage_failed(struct repo *repo, const struct settings *settings, const char *why,
	const struct env *env, struct buf *said);

/* A push has worked: ends the outage, if there is one, and delivers what waits. As outage_failed().
 */
void outage_over(struct repo *repo, const struct settings *settings, const struct env *env,
	struct buf *said);

#endif
