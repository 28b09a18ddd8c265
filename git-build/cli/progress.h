/* Progress on a terminal, for work that takes longer than a second. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	const char *what; /* "commits" */
	bool wanted;      /* standard error is a terminal, without --quiet */
	int64_t started_ms, shown_ms;
	bool shown;
};

void progress_start(struct progress *progress, const char *what, bool quiet);
/* Draws "commits: [#####     ] 52% (5123 of 10000)", at most ten times a second. */
void progress_report(struct progress *progress, size_t done, size_t total);
/* Removes the line. */
void progress_end(struct progress *progress);

#endif
