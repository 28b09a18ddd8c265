/* A progress bar on a terminal. */
#include "cli/progress.h"

#include "base/env.h"

#include <stdio.h>
#include <unistd.h>

enum { FIRST_AFTER_MS = 1000, EVERY_MS = 100, BAR_WIDTH = 30 };

void progress_start(struct progress *progress, const char *what, bool quiet)
{
	*progress = (struct progress){ .what = what, .wanted = !quiet && isatty(STDERR_FILENO) };
	progress->started_ms = env_ms(env_system());
}

void progress_report(struct progress *progress, size_t done, size_t total)
{
	if (!progress->wanted || !total)
		return;
	int64_t now = env_ms(env_system());
	if (now < progress->started_ms + FIRST_AFTER_MS || now < progress->shown_ms + EVERY_MS)
		return;
	char bar[BAR_WIDTH + 1];
	for (size_t i = 0; i < BAR_WIDTH; i++)
		bar[i] = i * total < done * BAR_WIDTH ? '#' : ' ';
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r%s: [%s] %zu%% (%zu of %zu)", progress->what, bar, done * 100 / total,
		done, total);
	fflush(stderr);
	progress->shown_ms = now;
	progress->shown = true;
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
