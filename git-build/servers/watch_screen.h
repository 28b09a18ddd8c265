/*
 * The screen of git build watch: a function from the fleet, and the size of a terminal, to lines.
 */
#ifndef SERVERS_WATCH_SCREEN_H
#define SERVERS_WATCH_SCREEN_H

#include "base/buf.h"
#include "overview/health.h"

#include <stdbool.h>

/* How much of the fleet the screen wants to know. */
extern const struct overview_plan screen_overview;

struct screen_plan {
	const struct overview *overview;
	const struct health *health;
	int width, height; /* in columns and lines; height 0: as many as there are */
	int scroll;        /* lines of the middle part that are above the screen */
	bool colour, help; /* help: the keys instead of the fleet */
	bool fetching;     /* just now */
	bool ascii;        /* a terminal that shows nothing else */
};

struct screen {
	struct buf *lines; /* as wide as the screen at most, without line feeds */
	size_t count;      /* plan->height, where that is given */
	int most_scroll;   /* so far one can scroll */
};

/* `*out` is to be given to screen_release(). Text from the repository is escaped; colours go beside
 * words and shapes, never instead of them. */
void screen_draw(struct screen *out, const struct screen_plan *plan);
void screen_release(struct screen *screen);

#endif
