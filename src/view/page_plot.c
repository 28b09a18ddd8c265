#include "view/page_plot.h"

#include "base/timestamp.h"
#include "base/escape.h"
#include "fleet/limits.h"

#include <inttypes.h>

enum { HEARTBEATS_WIDTH = 300, HEARTBEATS_HEIGHT = 22, HEARTBEATS_SHOWN = 60, MARK = 2 };
enum {
	LEAST_SCALE = 10,
	BAR = 14,
	BAR_GAP = 4,
	PLOT_HEIGHT = 120,
	PLOT_LEFT = 62,
	PLOT_TOP = 14,
	PLOT_BOTTOM = 18
};

void plot_heartbeats(struct buf *out, const struct server *server,
	const struct heartbeat_times *heartbeats, int64_t now)
{
	char age[TIMESTAMP_SIZE], all[TIMESTAMP_SIZE];
	int64_t span = HEARTBEATS_SHOWN * server->interval;
	size_t shown = 0;
	for (size_t i = 0; i < heartbeats->count; i++)
		shown += heartbeats->times[i] >= now - span && heartbeats->times[i] <= now;
	buf_addf(out,
		"<svg role=\"img\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\"><title>%zu "
		"heartbeats in the last %s; last heartbeat: %s%s</title><rect class=\"frame\" "
		"width=\"%d\" height=\"%d\"/>",
		HEARTBEATS_WIDTH, HEARTBEATS_HEIGHT, HEARTBEATS_WIDTH, HEARTBEATS_HEIGHT, shown,
		timestamp_format_age(span, all),
		server->last_heartbeat ? timestamp_format_age(now - server->last_heartbeat, age)
				       : "never",
		server->last_heartbeat ? " ago" : "", HEARTBEATS_WIDTH, HEARTBEATS_HEIGHT);
	int64_t silent = now - server->last_heartbeat;
	if (silent > FLEET_LATE_TIMES * server_expected_interval(server)) {
		int64_t width = silent < span ? silent * HEARTBEATS_WIDTH / span : HEARTBEATS_WIDTH;
		buf_addf(out,
			"<rect class=\"gap\" x=\"%" PRId64 "\" width=\"%" PRId64
			"\" height=\"%d\"/>",
			HEARTBEATS_WIDTH - width, width, HEARTBEATS_HEIGHT);
	}
	for (size_t i = 0; i < heartbeats->count; i++) {
		int64_t ago = now - heartbeats->times[i];
		if (ago >= 0 && ago <= span)
			buf_addf(out,
				"<rect class=\"heartbeat\" x=\"%" PRId64
				"\" y=\"4\" width=\"%d\" height=\"%d\"/>",
				(HEARTBEATS_WIDTH - MARK) - ago * (HEARTBEATS_WIDTH - MARK) / span,
				MARK, HEARTBEATS_HEIGHT - 8);
	}
	buf_addstr(out, "</svg>");
}

static void add_bar(struct buf *out, const struct build *build, int64_t longest, size_t number)
{
	char took[TIMESTAMP_SIZE];
	int64_t duration = build->duration > 0 ? build->duration : 0;
	int height = (int)(duration * PLOT_HEIGHT / longest);
	int x = PLOT_LEFT + (int)number * (BAR + BAR_GAP);
	if (height < 2)
		height = 2;
	buf_addf(out, "<g><title>");
	escape_html(out, build->job);
	buf_addf(out, ": %s after %s", build->failed ? "failed" : "succeeded",
		build->duration < 0 ? "an unknown time" : timestamp_format_age(duration, took));
	buf_addf(out, "</title><rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>",
		build->failed ? "failed" : "good", x, PLOT_TOP + PLOT_HEIGHT - height, BAR, height);
	/* Mark a failure not by colour alone. */
	if (build->failed)
		buf_addf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">\xe2\x9c\x96</text>",
			x + BAR / 2, PLOT_TOP + PLOT_HEIGHT + PLOT_BOTTOM - 4);
	buf_addstr(out, "</g>");
}

static void add_line(struct buf *out, int64_t value, int64_t longest, int width)
{
	char text[TIMESTAMP_SIZE];
	int y = PLOT_TOP + PLOT_HEIGHT - (int)(value * PLOT_HEIGHT / longest);
	buf_addf(out,
		"<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/><text x=\"%d\" "
		"y=\"%d\" text-anchor=\"end\">%s</text>",
		PLOT_LEFT, width, y, y, PLOT_LEFT - 6, y + 4, timestamp_format_age(value, text));
}

void plot_builds(struct buf *out, const struct build *builds, size_t count)
{
	int64_t longest = LEAST_SCALE;
	size_t failed = 0;
	for (size_t i = 0; i < count; i++) {
		failed += builds[i].failed;
		if (builds[i].duration > longest)
			longest = builds[i].duration;
	}
	int width = PLOT_LEFT + (int)count * (BAR + BAR_GAP);
	buf_addf(out,
		"<svg role=\"img\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\"><title>"
		"Durations of the last %zu builds, the oldest first; %zu failed</title>",
		width, PLOT_TOP + PLOT_HEIGHT + PLOT_BOTTOM, width,
		PLOT_TOP + PLOT_HEIGHT + PLOT_BOTTOM, count, failed);
	add_line(out, 0, longest, width);
	add_line(out, longest / 2, longest, width);
	add_line(out, longest, longest, width);
	for (size_t i = 0; i < count; i++)
		add_bar(out, &builds[count - 1 - i], longest, i);
	buf_addstr(out, "</svg>");
}
