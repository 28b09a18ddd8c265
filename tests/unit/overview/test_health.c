/* overview/health.h: fleets and their alerts. */
#include "unit/unit.h"

#include "overview/health.h"

#include <stdio.h>

/* 2025-10-29T12:00:00Z */
enum { NOON = 1761739200, MINUTE = 60, HOUR = 3600, DAY = 86400 };

/* Rows have the members that differ from the defaults. */
#pragma GCC diagnostic ignored "-Woverride-init"
#define SERVER(name, seconds_ago, ...)                                                             \
	{                                                                                          \
		.id = (name), .last_heartbeat = NOON - (seconds_ago), .interval = 60,              \
		.push_every = 5, .healthy = true, .cpu_usage = -1, .memory_used_gb = -1,           \
		.disk_free_gb = -1, __VA_ARGS__                                                    \
	}
#define NEVER .last_heartbeat = 0
#define JOB(name, state, ...)                                                                      \
	{                                                                                          \
		.id = (name), .status = (state), .type = "build", __VA_ARGS__                      \
	}
#define BUILD(name, seconds_ago, ...)                                                              \
	{                                                                                          \
		.job = (name), .ended_at = NOON - (seconds_ago), .duration = 100, .type = "build", \
		.server = "a", __VA_ARGS__                                                         \
	}
#define USUAL                                                                                      \
	BUILD("u1", 9 * DAY), BUILD("u2", 9 * DAY), BUILD("u3", 9 * DAY), BUILD("u4", 9 * DAY),    \
		BUILD("u5", 9 * DAY, .duration = 1000)

/* A fleet, and the alerts that it must have: "severity kind server job lock", in order. */
struct sample_fleet {
	const char *what;
	struct server servers[3];
	struct job jobs[3];
	struct build builds[6];
	struct lock locks[3];
	struct unread_errors errors[2];
	struct problem troubles[2];
	int64_t committed_ago; /* the latest heartbeat of the first server; 0: unknown */
	int64_t fetched_ago;
	int64_t max_age;
	bool offline;
	const char *alerts[4];
};

static const struct sample_fleet fleets[] = {
	{ .what = "no server at all" },
	{ .what = "a beat of just now", .servers = { SERVER("a", 0) } },
	{ .what = "beats that come five at a time", .servers = { SERVER("a", 10 * MINUTE) } },
	{ .what = "a server that missed a push",
		.servers = { SERVER("a", 10 * MINUTE + 1) },
		.alerts = { "warning late a - -" } },
	{ .what = "almost silent",
		.servers = { SERVER("a", 15 * MINUTE) },
		.alerts = { "warning late a - -" } },
	{ .what = "a silent server beside a good one",
		.servers = { SERVER("a", 15 * MINUTE + 1), SERVER("b", 0) },
		.alerts = { "critical silent a - -" } },
	{ .what = "each by its own promise",
		.servers = { SERVER("a", HOUR, .interval = 1800, .push_every = 1),
			SERVER("b", HOUR, .interval = 10, .push_every = 1) },
		.alerts = { "critical silent b - -" } },
	{ .what = "a server that says that it is not well",
		.servers = { SERVER("a", 0, .healthy = false) },
		.alerts = { "critical unhealthy a - -" } },
	{ .what = "a server whose worker is paused",
		.servers = { SERVER("a", 0, .paused = "the disk is full"), SERVER("b", 0) },
		.alerts = { "warning paused a - -" } },
	{ .what = "one that was not well when it fell silent",
		.servers = { SERVER("a", HOUR, .healthy = false) },
		.alerts = { "critical silent a - -" } },
	{ .what = "a new server that is to beat soon",
		.servers = { SERVER("a", 0, NEVER, .status_at = NOON - 15 * MINUTE) } },
	{ .what = "a server that never began",
		.servers = { SERVER("a", 0, NEVER, .status_at = NOON - 16 * MINUTE) },
		.alerts = { "warning never a - -" } },
	{ .what = "a folder whose files say nothing", .servers = { SERVER("a", 0, NEVER) } },
	{ .what = "a longest age that is less than the promise",
		.servers = { SERVER("a", 5 * MINUTE + 1), SERVER("b", 5 * MINUTE) },
		.max_age = 300,
		.alerts = { "critical silent a - -" } },
	{ .what = "a longest age that is more than the promise",
		.servers = { SERVER("a", HOUR) },
		.max_age = 3600 },
	{ .what = "an outage of the network is one alert, however long",
		.servers = { SERVER("a", DAY + 60), SERVER("b", DAY + 90) },
		.offline = true,
		.fetched_ago = DAY,
		.alerts = { "critical remote - - -" } },
	{ .what = "who was silent before the outage stays so",
		.servers = { SERVER("a", DAY + HOUR) },
		.offline = true,
		.fetched_ago = DAY,
		.alerts = { "critical remote - - -", "critical silent a - -" } },
	{ .what = "a clock that is a little ahead", .servers = { SERVER("a", -120) } },
	{ .what = "a clock that is ahead",
		.servers = { SERVER("a", -121) },
		.alerts = { "warning clock a - -" } },
	{ .what = "local time that calls itself UTC",
		.servers = { SERVER("a", 0) },
		.committed_ago = 2 * HOUR,
		.alerts = { "warning clock a - -" } },
	{ .what = "a beat that a squash has committed again",
		.servers = { SERVER("a", 5 * MINUTE) },
		.committed_ago = MINUTE },
	{ .what = "disks",
		.servers = { SERVER("a", 0, .disk_free_gb = 10),
			SERVER("b", 0, .disk_free_gb = 9.9), SERVER("c", 0, .disk_free_gb = 1.9) },
		.alerts = { "critical disk c - -", "warning disk b - -" } },
	{ .what = "a job that runs where somebody lives",
		.servers = { SERVER("a", 0) },
		.jobs = { JOB(
			"j", "running", .assigned_to = "a", .started_at = NOON - 6 * HOUR) } },
	{ .what = "a job that has run for too long",
		.servers = { SERVER("a", 0) },
		.jobs = { JOB(
			"j", "running", .assigned_to = "a", .started_at = NOON - 6 * HOUR - 1) },
		.alerts = { "warning stuck a j -" } },
	{ .what = "a job that does not say since when it runs",
		.servers = { SERVER("a", 0) },
		.jobs = { JOB("j", "running", .assigned_to = "a") } },
	{ .what = "a job on a silent server",
		.servers = { SERVER("a", HOUR) },
		.jobs = { JOB("j", "running", .assigned_to = "a", .started_at = NOON - 60) },
		.alerts = { "critical silent a - -", "critical stuck a j -" } },
	{ .what = "a job on a server that is gone, and one that nobody has",
		.servers = { SERVER("a", 0) },
		.jobs = { JOB("j", "running", .assigned_to = "b"), JOB("k", "running") },
		.alerts = { "critical stuck b j -", "critical stuck - k -" } },
	{ .what = "a job that takes three times the usual, within ten minutes",
		.servers = { SERVER("a", 0) },
		.builds = { USUAL },
		.jobs = { JOB("j", "running", .assigned_to = "a", .started_at = NOON - 600) } },
	{ .what = "a job that takes three times the usual",
		.servers = { SERVER("a", 0) },
		.builds = { USUAL },
		.jobs = { JOB("j", "running", .assigned_to = "a", .started_at = NOON - 601) },
		.alerts = { "warning stuck a j -" } },
	{ .what = "jobs of another type are no measure",
		.servers = { SERVER("a", 0) },
		.builds = { USUAL },
		.jobs = { JOB("j", "running", .assigned_to = "a", .started_at = NOON - 601,
			.type = "test") } },
	{ .what = "a queue that somebody works on",
		.servers = { SERVER("a", 0) },
		.jobs = { JOB("j", "queued", .created_at = NOON - DAY) } },
	{ .what = "a queue that nobody works on",
		.servers = { SERVER("a", 11 * MINUTE) },
		.jobs = { JOB("j", "queued", .created_at = NOON - 1801),
			JOB("k", "queued", .created_at = NOON - 1800) },
		.alerts = { "warning late a - -", "warning waiting - j -" } },
	{ .what = "a job for a server that is not there",
		.servers = { SERVER("a", 0) },
		.jobs = { JOB("j", "queued", .created_at = NOON - HOUR, .assigned_to = "b") },
		.alerts = { "warning waiting b j -" } },
	{ .what = "a job for an unhealthy server",
		.servers = { SERVER("a", 0), SERVER("b", 0, .healthy = false) },
		.jobs = { JOB("j", "queued", .created_at = NOON - HOUR, .assigned_to = "b") },
		.alerts = { "critical unhealthy b - -", "warning waiting b j -" } },
	{ .what = "a build that failed",
		.servers = { SERVER("a", 0) },
		.builds = { BUILD("j", HOUR, .failed = true, .branch = "main") },
		.alerts = { "warning failed a j -" } },
	{ .what = "a branch that was mended",
		.servers = { SERVER("a", 0) },
		.builds = { BUILD("k", 0, .branch = "main", .server = "b"),
			BUILD("j", HOUR, .failed = true, .branch = "main") } },
	{ .what = "a branch that failed again, and another that did not",
		.servers = { SERVER("a", 0) },
		.builds = { BUILD("l", 0, .branch = "topic"),
			BUILD("k", MINUTE, .failed = true, .branch = "main"),
			BUILD("j", HOUR, .failed = true, .branch = "main") },
		.alerts = { "warning failed a k -" } },
	{ .what = "servers that only tell of their last build",
		.servers = { SERVER("a", 0) },
		.builds = { BUILD("k", 0, .server = "b"), BUILD("j", 1, .failed = true) },
		.alerts = { "warning failed a j -" } },
	{ .what = "a failure of long ago",
		.servers = { SERVER("a", 0) },
		.builds = { BUILD("j", 7 * DAY + 1, .failed = true) } },
	{ .what = "locks",
		.servers = { SERVER("a", 0) },
		.locks = { { "free", LOCK_FREE, NULL, 0, 0, 3 },
			{ "over", LOCK_EXPIRED, "a", NOON - HOUR, NOON - 60, 4 },
			{ "odd", LOCK_CORRUPT, NULL, 0, 0, 0 } },
		.alerts = { "critical lock - - odd", "warning lock a - over" } },
	{ .what = "errors that wait",
		.servers = { SERVER("a", 0) },
		.errors = { { "a", 2, { .id = "m", .from = "b", .subject = "no disk" } } },
		.alerts = { "warning errors b - -" } },
	{ .what = "files that cannot be read",
		.servers = { SERVER("a", 0) },
		.troubles = { { "a", NULL, "a/status.json:1:1: no" },
			{ NULL, "coordination/jobs.json", "coordination/jobs.json:1:1: no" } },
		.alerts = { "critical file - - -", "warning file a - -" } },
};

/* The number of rows of an array that are used. */
#define COUNT(array, member)                                                                       \
	count_rows(array, sizeof(*(array)), sizeof(array), offsetof_(array, member))
#define offsetof_(array, member) ((size_t)((const char *)&(array)->member - (const char *)(array)))
static size_t count_rows(const void *rows, size_t size, size_t bytes, size_t offset)
{
	size_t count = 0;
	const char *name;
	while ((count + 1) * size <= bytes) {
		memcpy(&name, (const char *)rows + count * size + offset, sizeof(name));
		if (!name)
			break;
		count++;
	}
	return count;
}

static struct overview make_overview(
	struct sample_fleet *fleet, struct heartbeat_times heartbeats[3])
{
	heartbeats[0].committed_at = fleet->committed_ago ? NOON - fleet->committed_ago : 0;
	struct overview overview = {
		.fleet = { .servers = fleet->servers,
			.count = COUNT(fleet->servers, id),
			.now = NOON,
			.fetched_at = fleet->fetched_ago ? NOON - fleet->fetched_ago : 0 },
		.heartbeats = heartbeats,
		.jobs = { .jobs = fleet->jobs, .count = COUNT(fleet->jobs, id) },
		.builds = fleet->builds,
		.builds_count = COUNT(fleet->builds, job),
		.locks = fleet->locks,
		.locks_count = COUNT(fleet->locks, name),
		.errors = fleet->errors,
		.errors_count = COUNT(fleet->errors, to),
		.troubles = fleet->troubles,
		.troubles_count = COUNT(fleet->troubles, words),
	};
	if (fleet->offline)
		error_set(&overview.fleet.offline, ERR_UNREACHABLE, "no route to host");
	return overview;
}

static const char *dash(const char *text)
{
	return text ? text : "-";
}

static void each_fleet_has_its_alerts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fleets) / sizeof(*fleets); i++) {
		struct health_limits limits = { .stuck_after = 6 * HOUR,
			.stuck_times = 3,
			.queued_after = 1800,
			.failed_for = 7 * DAY,
			.disk_low = 10,
			.clock_skew = 120,
			.max_age = fleets[i].max_age };
		struct heartbeat_times heartbeats[3] = { 0 };
		struct sample_fleet fleet = fleets[i];
		struct overview overview = make_overview(&fleet, heartbeats);
		struct health health;
		char text[300];
		size_t count = 0;
		health_check(&health, &overview, &limits);
		for (; count < health.count; count++) {
			const struct health_alert *alert = &health.alerts[count];
			snprintf(text, sizeof(text), "%s %s %s %s %s",
				severity_name(alert->severity), alert->kind, dash(alert->server),
				dash(alert->job), dash(alert->lock));
			if (count == 4 || !fleets[i].alerts[count] ||
				strcmp(text, fleets[i].alerts[count]) != 0)
				fail_msg("%s: unexpected: %s (%s)", fleets[i].what, text,
					alert->words);
		}
		if (count < 4 && fleets[i].alerts[count])
			fail_msg("%s: missing: %s", fleets[i].what, fleets[i].alerts[count]);
		assert_int_equal(health.severity, count ? health.alerts[0].severity : HEALTH_OK);
		health_release(&health);
	}
}

static void texts_name_the_subject_and_the_reason(void **state)
{
	(void)state;
	struct sample_fleet fleet = {
		.servers = { SERVER("a", HOUR), SERVER("b", 0, .disk_free_gb = 4.25) },
		.builds = { BUILD(
			"j", 0, .failed = true, .branch = "main", .reason = "exit code 2") },
		.errors = { { "b", 3,
			{ .id = "m",
				.from = "a",
				.subject = "no disk",
				.timestamp = "2025-10-29T11:00:00Z" } } },
	};
	static const struct health_limits limits = {
		.disk_low = 10, .failed_for = DAY, .clock_skew = 120
	};
	struct heartbeat_times heartbeats[3] = { 0 };
	struct overview overview = make_overview(&fleet, heartbeats);
	struct health health;
	health_check(&health, &overview, &limits);
	assert_int_equal(health.count, 4);
	assert_string_equal(
		health.alerts[0].words, "a is silent: expected a heartbeat every 5 min");
	assert_int_equal(health.alerts[0].since, NOON - HOUR);
	assert_string_equal(
		health.alerts[1].words, "b has 4.2 GiB of free disk space; build.diskLow is 10");
	assert_string_equal(health.alerts[2].words, "job j failed on a, branch main: exit code 2");
	assert_string_equal(
		health.alerts[3].words, "3 unread errors for b, the newest from a: no disk");
	assert_int_equal(health.alerts[3].since, NOON - HOUR);
	assert_int_equal(health_count(&health, HEALTH_WARNING), 3);
	assert_int_equal(health.servers[0].state, HEARTBEAT_SILENT);
	assert_string_equal(health_state_name(&health.servers[0]), "silent");
	assert_string_equal(health_state_name(&health.servers[1]), "alive");
	assert_true(health.servers[1].healthy);
	health_release(&health);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fleet_has_its_alerts),
		cmocka_unit_test(texts_name_the_subject_and_the_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
