/*
 * git build health: reports problems in the fleet.
 *
 * The same alerts for four kinds of readers: a table for people, an exit code for scripts, one line
 * for monitoring plugins (https://www.monitoring-plugins.org/doc/guidelines.html), and a file on
 * the shared branch for programs that read only files.
 */
#include "cli/coordination.h"
#include "cli/print.h"

#include "base/timestamp.h"
#include "overview/health.h"
#include "view/health_file.h"

#include <limits.h>
#include <string.h>

struct health_options {
	bool write, check, nagios, offline;
	int64_t max_age;
};

static const struct option options[] = {
	OPT_FLAG(0, "check", struct health_options, check, "exit with 1 if there is a problem"),
	OPT_FLAG(0, "nagios", struct health_options, nagios,
		"print one line and exit as a monitoring plugin"),
	OPT_FLAG(0, "write", struct health_options, write, "update shared/health_dashboard.json"),
	OPT_NUMBER(0, "max-age", "SECONDS", struct health_options, max_age, 1, INT_MAX,
		"report a server with an older heartbeat as silent, regardless of its expected "
		"interval"),
	OPT_OFFLINE(struct health_options),
	OPT_END,
};

static const char *const synopsis[] = {
	"[--check | --nagios] [--write] [--max-age SECONDS] [--offline] [--server ID] [--json]",
	NULL
};

/* ---- for people ---- */

static enum show_colour severity_colour(enum severity severity)
{
	static const enum show_colour colours[] = { [HEALTH_OK] = SHOW_GREEN,
		[HEALTH_WARNING] = SHOW_YELLOW,
		[HEALTH_CRITICAL] = SHOW_RED };
	return colours[severity];
}

static enum show_colour state_colour(const struct health_server *verdict)
{
	if (verdict->healthy)
		return SHOW_GREEN;
	switch (verdict->state) {
	case HEARTBEAT_NEVER:
		return SHOW_FAINT;
	case HEARTBEAT_LATE:
		return SHOW_YELLOW;
	case HEARTBEAT_ALIVE:
	case HEARTBEAT_SILENT:
		break;
	}
	return SHOW_RED;
}

static void show_servers(const struct health *health, int64_t now, bool colour)
{
	struct table table;
	table_init(&table, TITLES("SERVER", "HEALTH", "STATE", "HEARTBEAT", "DISK FREE"));
	for (size_t i = 0; i < health->servers_count; i++) {
		const struct health_server *verdict = &health->servers[i];
		const struct server *server = verdict->server;
		table_add(&table, SHOW_PLAIN, server->id);
		table_add(&table, state_colour(verdict),
			verdict->healthy ? "healthy" : health_state_name(verdict));
		table_add(&table, SHOW_PLAIN, server->status);
		coordination_add_age(&table, SHOW_PLAIN, server->last_heartbeat, now);
		if (server->disk_free_gb < 0)
			table_add(&table, SHOW_PLAIN, NULL);
		else
			table_addf(&table, SHOW_PLAIN, "%.1f GiB", server->disk_free_gb);
	}
	table_end(&table, true, colour);
}

static void show_alerts(const struct health *health, int64_t now, bool colour)
{
	struct table table;
	table_init(&table, TITLES("ALERT", "SINCE", "WHAT"));
	for (size_t i = 0; i < health->count; i++) {
		const struct health_alert *alert = &health->alerts[i];
		table_add(&table, severity_colour(alert->severity), severity_name(alert->severity));
		coordination_add_age(&table, SHOW_PLAIN, alert->since, now);
		table_add(&table, SHOW_PLAIN, alert->words);
	}
	table_end(&table, true, colour);
}

static void show_people(
	const struct invocation *inv, const struct overview *overview, const struct health *health)
{
	if (health->servers_count) {
		show_servers(health, overview->fleet.now, inv->colour);
		show_line("%s", "");
	}
	if (health->count)
		show_alerts(health, overview->fleet.now, inv->colour);
	else
		show_line("No problems.");
}

/* ---- for programs ---- */

static void show_verdict_json(const struct overview *overview, const struct health *health)
{
	const struct fleet *fleet = &overview->fleet;
	struct json_writer w;
	show_json_begin(&w);
	json_put_time(&w, "timestamp", fleet->now);
	json_put_time(&w, "fetched_at", fleet->fetched_at);
	json_put_string_or_null(&w, "offline", fleet->offline.code ? fleet->offline.text : NULL);
	health_put(&w, overview, health);
	show_json_end(&w, true);
}

/* Text from the repository must not start the performance data, or a second line. */
static void add_plugin_text(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_addch(out, *text == '|' ? '/' : *text == '\n' ? ' ' : *text);
}

/* "GIT-BUILD WARNING - what | label=value;warn;crit;min ..." */
static void show_plugin(const struct overview *overview, const struct health *health)
{
	static const char *const names[] = { "OK", "WARNING", "CRITICAL" };
	struct buf line = BUF_INIT;
	size_t queued = overview_count_jobs(overview, JOB_QUEUED);
	size_t running = overview_count_jobs(overview, JOB_RUNNING);
	size_t alive = 0;
	for (size_t i = 0; i < health->servers_count; i++)
		alive += health->servers[i].healthy;
	buf_addf(&line, "GIT-BUILD %s - ", names[health->severity]);
	if (health->count)
		add_plugin_text(&line, health->alerts[0].words);
	else
		buf_addf(&line, "servers: %zu of %zu healthy, jobs: %zu running, %zu queued", alive,
			health->servers_count, running, queued);
	if (health->count > 1)
		buf_addf(&line, " (and %zu more)", health->count - 1);
	buf_addf(&line,
		" | servers=%zu;;;0 healthy=%zu;;;0 running=%zu;;;0 queued=%zu;;;0 "
		"warnings=%zu;;;0 criticals=%zu;;;0",
		health->servers_count, alive, running, queued, health_count(health, HEALTH_WARNING),
		health_count(health, HEALTH_CRITICAL));
	show_line("%s", line.data);
	buf_release(&line);
}

/* ---- the command ---- */

static int write_file(const struct invocation *inv, const struct overview *overview,
	const struct health *health, struct error *err)
{
	struct outcome outcome = OUTCOME_INIT;
	int rc = settings_need_server(&inv->settings, err);
	if (!rc)
		rc = health_file_write(
			inv->repo, &inv->settings, overview, health, inv->env, &outcome, err);
	struct oid commit = outcome_commit(&outcome);
	show_remote(&outcome.said, err);
	if (!rc && inv->verbose)
		show_remark(oid_is_none(&commit) ? "shared/health_dashboard.json is up to date"
						 : "updated shared/health_dashboard.json");
	outcome_release(&outcome);
	return rc < 0 ? rc : 0;
}

static int check(struct invocation *inv, const struct health_options *given, struct error *err)
{
	struct health_limits limits;
	struct overview overview;
	struct health health;
	struct overview_plan plan = { .fetch = !given->offline };
	int rc = command_open(inv, err);
	if (!rc)
		rc = health_limits_load(&limits, inv->repo, err);
	if (!rc)
		rc = overview_take(&overview, inv->repo, &inv->settings, &plan, inv->env, err);
	if (rc < 0)
		return rc;
	limits.max_age = given->max_age;
	health_check(&health, &overview, &limits);
	if (given->write)
		rc = write_file(inv, &overview, &health, err);
	if (!rc && given->nagios)
		show_plugin(&overview, &health);
	else if (!rc && inv->json)
		show_verdict_json(&overview, &health);
	else if (!rc && !inv->quiet)
		show_people(inv, &overview, &health);
	if (!rc && given->nagios)
		inv->status = (int)health.severity;
	else if (!rc && given->check && health.severity != HEALTH_OK)
		rc = ANSWER_NO;
	health_release(&health);
	overview_release(&overview);
	return rc;
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	enum { PLUGIN_UNKNOWN = 3 };
	const struct health_options *given = values;
	(void)operands;
	if (given->nagios && (given->check || inv->json)) {
		error_set(err, ERR_INVALID, "--nagios cannot be used with --check or --json");
		return ANSWER_USAGE;
	}
	int rc = check(inv, given, err);
	if (rc >= 0 || !given->nagios)
		return rc;
	/* For monitoring plugins, every failure has this line and exit code. */
	struct buf line = BUF_INIT;
	buf_addstr(&line, "GIT-BUILD UNKNOWN - ");
	add_plugin_text(&line, err->text);
	show_line("%s", line.data);
	buf_release(&line);
	inv->status = PLUGIN_UNKNOWN;
	return ANSWER_YES;
}

const struct command command_health = {
	.name = "health",
	.summary = "report problems in the fleet",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct health_options),
	.settings = coordination_server,
	.needs = NEEDS_NOTHING, /* run() opens the repository */
	.shows = true,
	.run = run,
};
