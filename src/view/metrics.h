/*
 * The fleet as metrics, in Prometheus' text format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Names and units follow its
 * conventions: seconds, bytes and ratios. docs/monitoring.md lists the metrics.
 */
#ifndef VIEW_METRICS_H
#define VIEW_METRICS_H

#include "overview/health.h"
#include "remote/push_record.h"

struct metrics {
	const struct overview *overview; /* with all builds */
	const struct health *health;
	const struct push_record *pushes; /* of this clone */
	size_t waiting;                   /* requests in its outbox */
	bool asked;                       /* the overview began with a fetch */
};

/* Appends all metrics. */
void metrics_write(const struct metrics *metrics, struct buf *out);

#endif
