/* Reaching people: the operator's command, and messages that wait for the remote. */
#ifndef FLEET_ALERT_H
#define FLEET_ALERT_H

#include "base/env.h"
#include "fleet/settings.h"

/*
 * Runs build.alertCommand with `sh -c` (30 s at most), with {"event", "server", "timestamp",
 * "text"} as JSON on its standard input and the same in GIT_BUILD_EVENT, GIT_BUILD_SERVER and
 * GIT_BUILD_TEXT. 0 also where none is set; ERR_FAILED or ERR_TIMEOUT if it did not end well.
 */
int alert_operator(struct repo *repo, const struct settings *settings, const char *event,
	const char *text, const struct env *env, struct error *err);

/* Keeps a message from settings->server to all, of type `error`, in <state dir>/outbox, where it
 * survives everything until alert_deliver(). */
int alert_queue(struct repo *repo, const struct settings *settings, const char *subject,
	const char *body, const struct env *env, struct error *err);

/*
 * Appends all messages that wait to coordination/messages.json in one transaction, each once
 * however often this runs, and forgets them. Returns how many there were, or a negative code (they
 * wait on).
 */
int alert_deliver(struct repo *repo, const struct settings *settings, const struct env *env,
	struct error *err);

#endif
