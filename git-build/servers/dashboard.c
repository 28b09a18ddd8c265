/*
 * git build dashboard: the fleet as an HTML page, in a file or in a browser.
 */
#include "cli/coordination.h"
#include "servers/dashboard_serve.h"
#include "cli/print.h"

#include "view/page.h"

enum { REFRESH_SECONDS = 30 };

struct dashboard_options {
	const char *out;
	bool serve, offline;
	int64_t port;
};

static const struct option options[] = {
	OPT_STRING('o', "out", "FILE", struct dashboard_options, out,
		"write the page to FILE (default: standard output)"),
	OPT_FLAG(0, "serve", struct dashboard_options, serve,
		"serve the page to browsers on this host"),
	OPT_NUMBER(0, "port", "N", struct dashboard_options, port, 1, 65535,
		"with --serve: the port (default: any free port)"),
	OPT_OFFLINE(struct dashboard_options),
	OPT_END,
};

static const char *const synopsis[] = { "[--out FILE] [--offline]", "--serve [--port N]", NULL };

static int make(
	struct invocation *inv, bool offline, int seconds, struct buf *out, struct error *err)
{
	struct health_limits limits;
	struct overview overview;
	struct health health;
	struct overview_plan plan = page_overview;
	plan.fetch = !offline;
	int rc = health_limits_load(&limits, inv->repo, err);
	if (!rc)
		rc = overview_take(&overview, inv->repo, &inv->settings, &plan, inv->env, err);
	if (rc < 0)
		return rc;
	health_check(&health, &overview, &limits);
	page_write(out,
		&(struct page_plan){
			.overview = &overview, .health = &health, .refresh = seconds });
	health_release(&health);
	overview_release(&overview);
	return 0;
}

static int make_served(struct invocation *inv, struct buf *out, struct error *err)
{
	return make(inv, false, REFRESH_SECONDS, out, err);
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct dashboard_options *given = values;
	struct buf page = BUF_INIT;
	(void)operands;
	if (given->serve && (given->out || given->offline)) {
		error_set(err, ERR_INVALID, "--serve cannot be used with --out or --offline");
		return ANSWER_USAGE;
	}
	if (given->port && !given->serve) {
		error_set(err, ERR_INVALID, "--port requires --serve");
		return ANSWER_USAGE;
	}
	if (given->serve)
		return dashboard_serve(inv, given->port, make_served, err);
	int rc = make(inv, given->offline, 0, &page, err);
	if (!rc)
		rc = show_or_write(given->out, &page, err);
	buf_release(&page);
	return rc;
}

const struct command command_dashboard = {
	.name = "dashboard",
	.summary = "show the fleet as an HTML page",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct dashboard_options),
	.needs = NEEDS_REPOSITORY,
	.run = run,
};
