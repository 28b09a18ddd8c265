/* Logs that grow: here, and on another server. For git build logs. */
#ifndef BUILDS_LOG_FOLLOW_H
#define BUILDS_LOG_FOLLOW_H

#include "cli/command.h"

struct log_view {
	struct invocation *inv;
	bool follow; /* until the job has ended */
	bool raw;    /* also on a terminal: as it is */
};

/* Prints a text that is there as a whole. */
void log_print(const struct log_view *view, const char *text, size_t len);

/* Prints the log at `path`, of `job`, which this clone's worker builds. */
int log_follow_here(
	const struct log_view *view, const char *path, const char *job, struct error *err);

/* Prints the log of `job` (NULL: the newest) as `server` has it: by git build logs there, in its
 * clone. */
int log_follow_there(
	const struct log_view *view, const char *server, const char *job, struct error *err);

#endif
