/* Runs the commands of git config that notify people. */
#ifndef NOTIFY_COMMAND_H
#define NOTIFY_COMMAND_H

#include "base/env.h"
#include "clone/settings.h"

/*
 * Runs build.alertCommand with `sh -c`, for at most 30 s. Its standard input is a JSON object
 * {"event", "server", "timestamp", "text"}; GIT_BUILD_EVENT, GIT_BUILD_SERVER and GIT_BUILD_TEXT
 * have the same values. Returns 0, also if no command is set; ERR_FAILED if the command fails;
 * ERR_TIMEOUT if it takes too long.
 */
int alert_operator(struct repo *repo, const struct settings *settings, const char *event,
	const char *text, const struct env *env, struct error *err);

/*
 * Runs `command` in the same way, with `input` as its standard input. `setting` is the name of the
 * command in git config, for errors.
 */
int alert_run(struct repo *repo, const struct settings *settings, const char *setting,
	const char *command, const char *event, const char *text, const struct buf *input,
	struct error *err);

#endif
