/*
 * The fleet as metrics, in Prometheus' text format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/): names and units by its
 * conventions, that is seconds, bytes and ratios. docs/monitoring.md lists them.
 */
#ifndef VIEW_METRICS_H
#define VIEW_METRICS_H

#include "overview/health.h"
#include "remote/push_record.h"

struct metrics {
	const struct overview *overview; /* with all builds */
	const struct health *health;
	const struct push_record *pushes; /* of this clone */
	size_t waiting;                   /* operations in its outbox */
	bool asked;                       /* was the remote asked just now? */
};

/* Appends all of them. */
void metrics_write(const struct metrics *metrics, struct buf *out);

#endif
