/* The plots of the dashboard, as inline SVG (https://www.w3.org/TR/SVG2/). Each has a description
 * as text. */
#ifndef VIEW_PAGE_PLOT_H
#define VIEW_PAGE_PLOT_H

#include "overview/overview.h"

/* Plots recent heartbeats, with a mark for each. If the last one is older than two expected
 * intervals, the time since then is marked too. */
void plot_heartbeats(struct buf *out, const struct server *server,
	const struct heartbeat_times *heartbeats, int64_t now);

/* Plots the durations of builds as bars, the oldest first, and marks failed builds. `builds` has
 * the newest first. */
void plot_builds(struct buf *out, const struct build *builds, size_t count);

#endif
