#include "overview/health.h"

#include "base/alloc.h"
#include "base/timestamp.h"
#include "fleet/limits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	USUAL_LEAST = 5,   /* builds that are needed for a usual duration */
	STUCK_LEAST = 600, /* seconds that any build may take */
	FIRST_HEARTBEAT_AFTER = FLEET_SILENT_TIMES * FLEET_EXPECTED_INTERVAL,
	DISK_CRITICAL_SHARE = 5, /* critical below this fraction (1/5) of build.diskLow */
};

struct judging {
	struct health *health;
	const struct overview *overview;
	const struct health_limits *limits;
	int64_t now;
	int64_t as_of; /* the last fetch: later heartbeats are not known */
};

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {
		[HEALTH_OK] = "ok", [HEALTH_WARNING] = "warning", [HEALTH_CRITICAL] = "critical"
	};
	return names[severity];
}

const char *health_state_name(const struct health_server *server)
{
	bool unhealthy = server->state == HEARTBEAT_ALIVE && !server->healthy;
	return unhealthy ? "unhealthy" : heartbeat_state_name(server->state);
}

size_t health_count(const struct health *health, enum severity severity)
{
	size_t count = 0;
	for (size_t i = 0; i < health->count; i++)
		count += health->alerts[i].severity == severity;
	return count;
}

int health_limits_load(struct health_limits *out, struct repo *repo, struct error *err)
{
	enum { DAY = 86400, YEAR = 365 * DAY };
	*out = (struct health_limits){ .stuck_after = 6 * 3600,
		.stuck_times = 3,
		.queued_after = 1800,
		.failed_for = 7 * DAY,
		.disk_low = 10,
		.clock_skew = FLEET_CLOCK_REPORTED };
	int rc = repo_config_int(repo, "build.stuckAfter", 1, YEAR, &out->stuck_after, err);
	if (!rc)
		rc = repo_config_int(repo, "build.stuckTimes", 1, 1000, &out->stuck_times, err);
	if (!rc)
		rc = repo_config_int(repo, "build.queuedAfter", 1, YEAR, &out->queued_after, err);
	if (!rc)
		rc = repo_config_int(repo, "build.failedFor", 1, YEAR, &out->failed_for, err);
	if (!rc)
		rc = repo_config_int(repo, "build.diskLow", 0, 1000000, &out->disk_low, err);
	if (!rc)
		rc = repo_config_int(repo, "build.clockSkew", 1, DAY, &out->clock_skew, err);
	return rc;
}

/* Adds `alert` with a formatted text. */
static void add(struct judging *j, struct health_alert alert, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void add(struct judging *j, struct health_alert alert, const char *format, ...)
{
	struct health *health = j->health;
	struct buf words = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&words, format, args);
	va_end(args);
	alert.words = arena_strndup(&health->arena, words.data, words.len);
	buf_release(&words);
	if (alert.severity > health->severity)
		health->severity = alert.severity;
	GROW(health->alerts, health->count, health->capacity);
	health->alerts[health->count++] = alert;
}

/* ---- reading ---- */

static void check_reading(struct judging *j)
{
	const struct fleet *fleet = &j->overview->fleet;
	if (fleet->offline.code) {
		struct health_alert alert = { HEALTH_CRITICAL, "remote", NULL, NULL, NULL, NULL,
			fleet->fetched_at };
		add(j, alert, "cannot reach the shared repository: %s", fleet->offline.text);
	}
	for (size_t i = 0; i < j->overview->troubles_count; i++) {
		const struct problem *problem = &j->overview->troubles[i];
		struct health_alert alert = {
			.severity = HEALTH_WARNING, .kind = "file", .server = problem->server
		};
		/* No server can work without the coordination files. */
		if (!problem->server)
			alert.severity = HEALTH_CRITICAL;
		add(j, alert, "%s", problem->words);
	}
}

/* ---- servers ---- */

static enum heartbeat_state state_of(const struct judging *j, const struct server *server)
{
	if (j->limits->max_age && server->last_heartbeat)
		return j->as_of - server->last_heartbeat > j->limits->max_age ? HEARTBEAT_SILENT
									      : HEARTBEAT_ALIVE;
	return server_state(server, j->as_of);
}

static void check_heartbeat(
	struct judging *j, const struct server *server, enum heartbeat_state state)
{
	struct health_alert alert = {
		.severity = HEALTH_WARNING, .server = server->id, .since = server->last_heartbeat
	};
	char expected_interval[TIMESTAMP_SIZE];
	timestamp_format_age(server_expected_interval(server), expected_interval);
	alert.kind = heartbeat_state_name(state);
	switch (state) {
	case HEARTBEAT_NEVER:
		/* A new server may not have pushed its first heartbeat yet. */
		if (server->status_at && !server->has_unreadable_heartbeat &&
			j->as_of - server->status_at > FIRST_HEARTBEAT_AFTER) {
			alert.since = server->status_at;
			add(j, alert, "%s has never sent a heartbeat", server->id);
		}
		return;
	case HEARTBEAT_LATE:
		add(j, alert, "%s is late: expected a heartbeat every %s", server->id,
			expected_interval);
		return;
	case HEARTBEAT_SILENT:
		alert.severity = HEALTH_CRITICAL;
		add(j, alert, "%s is silent: expected a heartbeat every %s", server->id,
			expected_interval);
		return;
	case HEARTBEAT_ALIVE:
		break;
	}
	if (server->healthy)
		return;
	alert.severity = HEALTH_CRITICAL;
	alert.kind = "unhealthy";
	add(j, alert, "%s reports itself unhealthy", server->id);
}

static void check_machine(struct judging *j, const struct server *server)
{
	struct health_alert alert = {
		.severity = HEALTH_WARNING, .server = server->id, .since = server->last_heartbeat
	};
	double low = (double)j->limits->disk_low;
	if (server->disk_free_gb >= 0 && server->disk_free_gb < low) {
		alert.kind = "disk";
		if (server->disk_free_gb < low / DISK_CRITICAL_SHARE)
			alert.severity = HEALTH_CRITICAL;
		add(j, alert, "%s has %.1f GiB of free disk space; build.diskLow is %" PRId64,
			server->id, server->disk_free_gb, j->limits->disk_low);
	}
	if (server->last_heartbeat - j->now > j->limits->clock_skew) {
		char ahead[TIMESTAMP_SIZE];
		alert.kind = "clock";
		alert.severity = HEALTH_WARNING;
		timestamp_format_age(server->last_heartbeat - j->now, ahead);
		add(j, alert, "the clock of %s is %s ahead of this host", server->id, ahead);
	}
}

static void check_worker(struct judging *j, const struct server *server)
{
	struct health_alert alert = { .severity = HEALTH_WARNING,
		.kind = "paused",
		.server = server->id,
		.since = server->paused_since };
	if (server->paused)
		add(j, alert, "%s does not claim jobs: %s", server->id, server->paused);
}

/* A heartbeat is written and committed at the same time, by the same clock, so its commit cannot be
 * older. A squash may commit it again, later. */
static void check_commit_time(struct judging *j, size_t index)
{
	const struct server *server = &j->overview->fleet.servers[index];
	int64_t committed = j->overview->heartbeats[index].committed_at;
	if (!committed || server->last_heartbeat - committed <= j->limits->clock_skew)
		return;
	char text[TIMESTAMP_SIZE];
	struct health_alert alert = { .severity = HEALTH_WARNING,
		.kind = "clock",
		.server = server->id,
		.since = committed };
	add(j, alert, "the last heartbeat of %s is dated %s after its commit", server->id,
		timestamp_format_age(server->last_heartbeat - committed, text));
}

static void check_servers(struct judging *j)
{
	const struct fleet *fleet = &j->overview->fleet;
	struct health *health = j->health;
	health->servers = arena_array(&health->arena, fleet->count + 1, sizeof(*health->servers));
	for (size_t i = 0; i < fleet->count; i++) {
		const struct server *server = &fleet->servers[i];
		enum heartbeat_state state = state_of(j, server);
		health->servers[health->servers_count++] = (struct health_server){ server, state,
			state == HEARTBEAT_ALIVE && server->healthy };
		check_heartbeat(j, server, state);
		check_commit_time(j, i);
		check_machine(j, server);
		check_worker(j, server);
	}
}

/* ---- jobs ---- */

/* The health of the server `id`; NULL if it does not exist. */
static const struct health_server *verdict_on(const struct judging *j, const char *id)
{
	for (size_t i = 0; id && i < j->health->servers_count; i++)
		if (!strcmp(j->health->servers[i].server->id, id))
			return &j->health->servers[i];
	return NULL;
}

static int by_size(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;
	return *a < *b ? -1 : *a > *b;
}

/* The median duration of successful builds of this type; 0 if there are too few. */
static int64_t usual_duration(struct judging *j, const char *type)
{
	const struct overview *o = j->overview;
	int64_t *durations =
		arena_array(&j->health->arena, o->builds_count + 1, sizeof(*durations));
	size_t count = 0;
	for (size_t i = 0; type && i < o->builds_count; i++) {
		const struct build *build = &o->builds[i];
		if (!build->failed && build->duration >= 0 && build->type &&
			!strcmp(build->type, type))
			durations[count++] = build->duration;
	}
	if (count < USUAL_LEAST)
		return 0;
	qsort(durations, count, sizeof(*durations), by_size);
	return durations[count / 2];
}

static void check_running(struct judging *j, const struct job *job)
{
	const struct health_server *on = verdict_on(j, job->assigned_to);
	int64_t ran = job->started_at ? j->now - job->started_at : 0;
	struct health_alert alert = { .severity = HEALTH_WARNING,
		.kind = "stuck",
		.server = job->assigned_to,
		.job = job->id,
		.since = job->started_at };
	char text[TIMESTAMP_SIZE];
	if (!on || on->state == HEARTBEAT_SILENT) {
		alert.severity = HEALTH_CRITICAL;
		add(j, alert, "job %s is running on %s, which is %s", job->id,
			job->assigned_to ? job->assigned_to : "an unnamed server",
			on ? "silent" : "not in the fleet");
		return;
	}
	if (ran > j->limits->stuck_after) {
		add(j, alert, "job %s has been running on %s for longer than %s (build.stuckAfter)",
			job->id, job->assigned_to,
			timestamp_format_age(j->limits->stuck_after, text));
		return;
	}
	int64_t usual = ran > STUCK_LEAST ? usual_duration(j, job->type) : 0;
	if (usual && ran / j->limits->stuck_times >= usual)
		add(j, alert,
			"job %s has been running on %s for longer than %" PRId64
			" times the usual %s",
			job->id, job->assigned_to, j->limits->stuck_times,
			timestamp_format_age(usual, text));
}

static void check_queued(struct judging *j, const struct job *job, bool anybody)
{
	struct health_alert alert = { .severity = HEALTH_WARNING,
		.kind = "waiting",
		.server = job->assigned_to,
		.job = job->id,
		.since = job->created_at };
	if (!job->created_at || j->now - job->created_at <= j->limits->queued_after)
		return;
	const struct health_server *only = verdict_on(j, job->assigned_to);
	if (!anybody)
		add(j, alert, "job %s is queued, but no server is alive", job->id);
	else if (job->assigned_to && (!only || !only->healthy))
		add(j, alert, "job %s is queued for %s, which is %s", job->id, job->assigned_to,
			only ? health_state_name(only) : "not in the fleet");
}

static void check_jobs(struct judging *j)
{
	const struct job_list *jobs = &j->overview->jobs;
	bool anybody = false;
	for (size_t i = 0; i < j->health->servers_count; i++)
		anybody = anybody || j->health->servers[i].healthy;
	for (size_t i = 0; i < jobs->count; i++) {
		const struct job *job = &jobs->jobs[i];
		if (job_is(job, JOB_RUNNING))
			check_running(j, job);
		else if (job_is(job, JOB_QUEUED))
			check_queued(j, job, anybody);
	}
}

/* ---- builds ---- */

static bool is_equal(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Does one build replace the result of the other: same type and branch (or server, without one)? */
static bool is_of_one_line(const struct build *a, const struct build *b)
{
	return is_equal(a->type, b->type) && is_equal(a->branch, b->branch) &&
		(a->branch || is_equal(a->server, b->server));
}

/* For each branch and type of job, only the newest build counts: a later success ends the alert. */
static void check_builds(struct judging *j)
{
	const struct overview *o = j->overview;
	for (size_t i = 0; i < o->builds_count; i++) {
		const struct build *build = &o->builds[i];
		if (j->now - build->ended_at > j->limits->failed_for)
			break;
		bool newest = build->failed;
		for (size_t k = 0; newest && k < i; k++)
			newest = !is_of_one_line(&o->builds[k], build);
		if (!newest)
			continue;
		struct health_alert alert = { .severity = HEALTH_WARNING,
			.kind = "failed",
			.server = build->server,
			.job = build->job,
			.since = build->ended_at };
		add(j, alert, "job %s failed%s%s%s%s%s%s", build->job, build->server ? " on " : "",
			build->server ? build->server : "", build->branch ? ", branch " : "",
			build->branch ? build->branch : "", build->reason ? ": " : "",
			build->reason ? build->reason : "");
	}
}

/* ---- locks and messages ---- */

static void check_locks(struct judging *j)
{
	for (size_t i = 0; i < j->overview->locks_count; i++) {
		const struct lock *lock = &j->overview->locks[i];
		struct health_alert alert = { .severity = HEALTH_WARNING,
			.kind = "lock",
			.server = lock->holder,
			.lock = lock->name,
			.since = lock->expires_at };
		if (lock->state == LOCK_EXPIRED)
			add(j, alert, "lock %s has expired, but %s has not released it", lock->name,
				lock->holder);
		else if (lock->state == LOCK_CORRUPT) {
			alert.severity = HEALTH_CRITICAL;
			add(j, alert,
				"lock %s is corrupt, so no server can acquire it; run 'git build "
				"lock break'",
				lock->name);
		}
	}
}

static void check_errors(struct judging *j)
{
	for (size_t i = 0; i < j->overview->errors_count; i++) {
		const struct unread_errors *errors = &j->overview->errors[i];
		const struct message *newest = &errors->newest;
		struct health_alert alert = {
			.severity = HEALTH_WARNING, .kind = "errors", .server = newest->from
		};
		if (newest->timestamp)
			timestamp_parse(newest->timestamp, strlen(newest->timestamp), &alert.since);
		add(j, alert, "%zu unread error%s for %s, the newest from %s: %s", errors->count,
			errors->count == 1 ? "" : "s", errors->to,
			newest->from ? newest->from : "an unknown sender",
			newest->subject ? newest->subject : "(no subject)");
	}
}

/* ---- all checks ---- */

static void put_worst_first(struct health *health)
{
	struct health_alert *found = health->alerts;
	size_t count = 0;
	if (!health->count)
		return;
	health->alerts = xreallocarray(NULL, health->count, sizeof(*found));
	for (int severity = HEALTH_CRITICAL; severity > HEALTH_OK; severity--)
		for (size_t i = 0; i < health->count; i++)
			if ((int)found[i].severity == severity)
				health->alerts[count++] = found[i];
	health->capacity = health->count;
	free(found);
}

void health_check(
	struct health *out, const struct overview *overview, const struct health_limits *limits)
{
	const struct fleet *fleet = &overview->fleet;
	*out = (struct health){ .arena = ARENA_INIT };
	struct judging j = { out, overview, limits, fleet->now, fleet->now };
	if (fleet->fetched_at && fleet->fetched_at < fleet->now)
		j.as_of = fleet->fetched_at;
	check_reading(&j);
	check_servers(&j);
	check_jobs(&j);
	check_builds(&j);
	check_locks(&j);
	check_errors(&j);
	put_worst_first(out);
}

void health_release(struct health *health)
{
	free(health->alerts);
	arena_release(&health->arena);
	*health = (struct health){ .arena = ARENA_INIT };
}
