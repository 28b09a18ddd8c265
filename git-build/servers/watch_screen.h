/*
 * The screen of git build watch: a function from the fleet, and the size of a terminal, to lines of
 * text.
 */
#ifndef SERVERS_WATCH_SCREEN_H
#define SERVERS_WATCH_SCREEN_H

#include "base/buf.h"
#include "overview/health.h"

#include <stdbool.h>

/* The parts of the overview that the screen needs. */
extern const struct overview_plan screen_overview;

struct screen_plan {
	const struct overview *overview;
	const struct health *health;
	int width, height; /* in columns and lines; height 0: unlimited */
	int scroll;        /* lines of the middle part that are above the screen */
	bool colour, help; /* help: the keys instead of the fleet */
	bool fetching;     /* a fetch is running */
	bool ascii;        /* the terminal supports only ASCII */
};

struct screen {
	struct buf *lines; /* at most as wide as the screen, without line feeds */
	size_t count;      /* plan->height, if that is given */
	int most_scroll;   /* the largest possible scroll */
};

/* Release `*out` with screen_release(). Text from the repository is escaped; colors accompany words
 * and shapes, and never replace them. */
void screen_draw(struct screen *out, const struct screen_plan *plan);
void screen_release(struct screen *screen);

#endif
