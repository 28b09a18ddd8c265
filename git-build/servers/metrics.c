/*
 * git build metrics: the metrics of the fleet for Prometheus.
 *
 * There is no daemon to scrape: node_exporter's textfile collector reads what a timer writes
 * (https://github.com/prometheus/node_exporter#textfile-collector). It would also read a
 * half-written file, so the file is replaced as a whole.
 */
#include "cli/coordination.h"
#include "cli/print.h"

#include "deliver/outbox.h"
#include "view/metrics.h"

struct metrics_options {
	const char *textfile;
	bool offline;
};

static const struct option options[] = {
	OPT_STRING(0, "textfile", "FILE", struct metrics_options, textfile,
		"replace FILE instead of printing"),
	OPT_OFFLINE(struct metrics_options),
	OPT_END,
};

static const char *const synopsis[] = { "[--textfile FILE] [--offline]", NULL };

/* An outbox with a broken entry is not empty. */
static int count_waiting(struct repo *repo, size_t *count, struct error *err)
{
	struct outbox outbox;
	int rc = outbox_read(&outbox, repo, err);
	*count = rc < 0 ? 1 : outbox.count;
	outbox_release(&outbox);
	return rc == ERR_INVALID ? 0 : rc;
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct metrics_options *given = values;
	struct overview_plan plan = { .fetch = !given->offline };
	struct health_limits limits;
	struct overview overview;
	struct health health;
	struct push_record pushes;
	struct buf out = BUF_INIT;
	(void)operands;
	int rc = health_limits_load(&limits, inv->repo, err);
	if (!rc)
		rc = overview_take(&overview, inv->repo, &inv->settings, &plan, inv->env, err);
	if (rc < 0)
		return rc;
	health_check(&health, &overview, &limits);
	size_t waiting = 0;
	rc = push_record_read(inv->repo, &pushes, err);
	if (!rc)
		rc = count_waiting(inv->repo, &waiting, err);
	struct metrics metrics = {
		.overview = &overview,
		.health = &health,
		.pushes = &pushes,
		.waiting = waiting,
		.asked = plan.fetch,
	};
	metrics_write(&metrics, &out);
	if (!rc)
		rc = show_or_write(given->textfile, &out, err);
	buf_release(&out);
	health_release(&health);
	overview_release(&overview);
	return rc;
}

const struct command command_metrics = {
	.name = "metrics",
	.summary = "print the metrics of the fleet for Prometheus",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct metrics_options),
	.needs = NEEDS_REPOSITORY,
	.run = run,
};
