/* Logs that are still being written, on this server or another. For git build logs. */
#ifndef BUILDS_LOG_FOLLOW_H
#define BUILDS_LOG_FOLLOW_H

#include "cli/command.h"

struct log_view {
	struct invocation *inv;
	bool follow; /* until the job has finished */
	bool raw;    /* unchanged, even on a terminal */
};

/* Prints a complete text. */
void log_print(const struct log_view *view, const char *text, size_t len);

/* Prints the log at `path`, of `job`, which the worker of this clone builds. */
int log_follow_here(
	const struct log_view *view, const char *path, const char *job, struct error *err);

/* Prints the log of `job` (NULL: the newest) of `server`, with git build logs in its clone. */
int log_follow_there(
	const struct log_view *view, const char *server, const char *job, struct error *err);

#endif
