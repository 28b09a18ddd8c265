/* Reaching people: commands that git config names. */
#ifndef NOTIFY_COMMAND_H
#define NOTIFY_COMMAND_H

#include "base/env.h"
#include "clone/settings.h"

/*
 * Runs build.alertCommand with `sh -c` (30 s at most), with {"event", "server", "timestamp",
 * "text"} as JSON on its standard input and the same in GIT_BUILD_EVENT, GIT_BUILD_SERVER and
 * GIT_BUILD_TEXT. 0 also where none is set; ERR_FAILED or ERR_TIMEOUT if it did not end well.
 */
int alert_operator(struct repo *repo, const struct settings *settings, const char *event,
	const char *text, const struct env *env, struct error *err);

/*
 * The same for any such command of git config, `setting` being what it is called there: `input`
 * goes to its standard input.
 */
int alert_run(struct repo *repo, const struct settings *settings, const char *setting,
	const char *command, const char *event, const char *text, const struct buf *input,
	struct error *err);

#endif
