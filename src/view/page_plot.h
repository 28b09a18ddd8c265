/* The page's plots, as inline SVG (https://www.w3.org/TR/SVG2/). Each has a description in words.
 */
#ifndef VIEW_PAGE_PLOT_H
#define VIEW_PAGE_PLOT_H

#include "overview/overview.h"

/* The beats of the last while: a mark for each, and the time since the last where that is longer
 * than was promised. */
void plot_heartbeats(struct buf *out, const struct server *server,
	const struct heartbeat_times *heartbeats, int64_t now);

/* How long the builds took, the oldest first: a bar for each, those that failed marked. `builds`
 * has the newest first. */
void plot_builds(struct buf *out, const struct build *builds, size_t count);

#endif
