/*
 * git build status: the fleet, and the status of this server.
 *
 * The table is for people: silence is stated, not left to be derived from a timestamp. Programs use
 * --json, which has the same facts.
 */
#include "cli/coordination.h"
#include "cli/listing.h"

#include "base/timestamp.h"
#include "clone/own_status.h"
#include "clone/servers.h"
#include "fleet/status.h"
#include "json/write.h"

#include <string.h>

struct status_options {
	bool offline;
};

static const struct option options[] = {
	OPT_OFFLINE(struct status_options),
	OPT_END,
};

/* ---- the table ---- */

/* "4 min ago"; "never". */
static void describe_age(const struct server *server, struct buf *out)
{
	char age[TIMESTAMP_SIZE];
	buf_reset(out);
	if (server->state == HEARTBEAT_NEVER)
		buf_addstr(out, "never");
	else if (server->age < 0)
		buf_addf(out, "%s ahead of this clock", timestamp_format_age(-server->age, age));
	else
		buf_addf(out, "%s ago", timestamp_format_age(server->age, age));
}

/* The state of the heartbeats, as text. */
static enum show_colour describe_health(const struct server *server, struct buf *out)
{
	char expected_interval[TIMESTAMP_SIZE];
	timestamp_format_age(server_expected_interval(server), expected_interval);
	buf_reset(out);
	switch (server->state) {
	case HEARTBEAT_NEVER:
		buf_addstr(out,
			server->has_unreadable_heartbeat ? "heartbeat cannot be read"
							 : "no heartbeat yet");
		return SHOW_FAINT;
	case HEARTBEAT_LATE:
		buf_addf(out, "late: expected every %s", expected_interval);
		return SHOW_YELLOW;
	case HEARTBEAT_SILENT:
		buf_addf(out, "silent: expected every %s", expected_interval);
		return SHOW_RED;
	case HEARTBEAT_ALIVE:
		break;
	}
	buf_addstr(out, server->healthy ? "healthy" : "unhealthy");
	return server->healthy ? SHOW_GREEN : SHOW_RED;
}

static enum show_colour status_colour(const char *status)
{
	if (!status)
		return SHOW_FAINT;
	if (!strcmp(status, "failed"))
		return SHOW_RED;
	if (!strcmp(status, "building") || !strcmp(status, "testing"))
		return SHOW_YELLOW;
	return SHOW_PLAIN;
}

static void add_server(struct table *table, const struct server *server)
{
	struct buf text = BUF_INIT;
	table_add(table, SHOW_PLAIN, server->id);
	table_add(table, SHOW_PLAIN, server->manager);
	table_add(table, status_colour(server->status), server->status);
	if (server->job)
		table_addf(table, SHOW_PLAIN, "%s%s%s", server->job,
			server->job_branch ? " on " : "",
			server->job_branch ? server->job_branch : "");
	else
		table_add(table, SHOW_PLAIN, NULL);
	describe_age(server, &text);
	table_add(table, SHOW_PLAIN, text.data);
	enum show_colour colour = describe_health(server, &text);
	table_add(table, colour, text.data);
	buf_release(&text);
}

/* Warns about what the table cannot show: broken files, a remote that does not answer. */
static void warn(const struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->count; i++)
		if (fleet->servers[i].problem)
			show_message("warning", fleet->servers[i].problem);
	coordination_warn(&fleet->offline, fleet->fetched_at, fleet->now);
}

/* ---- JSON ---- */

static void put_server(struct json_writer *w, const struct server *server)
{
	json_put_string(w, "server", server->id);
	json_put_string_or_null(w, "manager", server->manager);
	json_put_string_or_null(w, "ip", server->ip);
	json_put_string_or_null(w, "status", server->status);
	if (server->job) {
		json_begin_member(w, "current_job", '{');
		json_put_string(w, "id", server->job);
		json_put_string_or_null(w, "branch", server->job_branch);
		json_end(w);
	} else {
		json_put_null(w, "current_job");
	}
	json_begin_member(w, "heartbeat", '{');
	json_put_string(w, "state", heartbeat_state_name(server->state));
	json_put_time(w, "timestamp", server->last_heartbeat);
	if (server->state == HEARTBEAT_NEVER) {
		json_put_null(w, "age_seconds");
		json_put_null(w, "healthy");
	} else {
		json_put_int(w, "age_seconds", server->age);
		json_put_bool(w, "healthy", server->healthy);
	}
	json_put_int(w, "interval_seconds", server->interval);
	json_put_int(w, "push_every", server->push_every);
	json_end(w);
	json_put_string_or_null(w, "problem", server->problem);
}

/* ---- the list ---- */

static void show_servers(const struct invocation *inv, const struct fleet *fleet)
{
	struct listing listing;
	struct json_writer *w = &listing.json;
	listing_begin(&listing, "servers",
		TITLES("SERVER", "MANAGER", "STATE", "JOB", "HEARTBEAT", "HEALTH"));
	json_put_time(w, "timestamp", fleet->now);
	json_put_time(w, "fetched_at", fleet->fetched_at);
	json_put_string_or_null(w, "offline", fleet->offline.code ? fleet->offline.text : NULL);
	for (size_t i = 0; i < fleet->count; i++) {
		listing_row(&listing);
		add_server(&listing.table, &fleet->servers[i]);
		put_server(w, &fleet->servers[i]);
	}
	listing_end(&listing, inv, false);
	if (!inv->json && !fleet->count)
		show_line("No servers yet; run 'git build init' to set up this clone as one.");
}

static int show_fleet(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct status_options *given = values;
	struct fleet fleet;
	(void)operands;
	int rc = fleet_take(&fleet, inv->repo, &inv->settings, !given->offline, inv->env, err);
	if (rc < 0)
		return rc;
	rc = reading_check_fleet(inv->repo, &inv->settings, &fleet.tip, err);
	if (!rc)
		show_servers(inv, &fleet);
	if (!rc && !inv->json)
		warn(&fleet);
	fleet_release(&fleet);
	return rc;
}

/* ---- git build status set ---- */

static int set_status(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const char *status = operands->words[0];
	struct buf request = BUF_INIT;
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	(void)values;
	if (status_check(status, err) < 0)
		return ANSWER_USAGE;
	own_status_request(&request, inv->repo, &inv->settings, status, inv->env);
	int rc = coordination_submit(inv, &request, &answer, err);
	if (!rc && !inv->json && !inv->quiet)
		show_line("%s is %s", inv->settings.server, status);
	if (!rc && !inv->json && inv->verbose)
		show_line("commit %.12s on %s, pushes: %lld", answer_string(&answer, "commit"),
			inv->settings.branch, (long long)answer_int(&answer, "attempts"));
	buf_release(&request);
	parsed_answer_release(&answer);
	return rc;
}

static const struct verb verbs[] = {
	{ "", "[--offline] [--json]", options, NULL, NEEDS_REPOSITORY, true, 0, 0, NULL,
		show_fleet },
	{ "set", "[--server ID] [--json] (idle|building|testing|failed|success)", NULL,
		coordination_server, NEEDS_SERVER, true, 1, 1, status_names, set_status },
	{ .name = NULL },
};

const struct command command_status = {
	.name = "status",
	.summary = "show the fleet, or set the status of this server",
	.options_size = sizeof(struct status_options),
	.verbs = verbs,
};
