/* Reaching people: the operator's command. */
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

#endif
