#include "view/metrics.h"

#include <inttypes.h>
#include <string.h>

static const int64_t build_bucket_seconds[] = { 60, 300, 600, 900, 1800, 3600, 7200, 14400, 28800 };
enum { BUILD_BUCKETS = sizeof(build_bucket_seconds) / sizeof(*build_bucket_seconds) };

/* ---- the format ---- */

static void family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

struct label {
	const char *name, *value; /* a `value` of NULL is written as "" */
};

static void add_label(struct buf *out, const struct label *label, bool first)
{
	buf_addf(out, "%c%s=\"", first ? '{' : ',', label->name);
	for (const char *at = label->value ? label->value : ""; *at; at++) {
		if (*at == '\n')
			buf_addstr(out, "\\n");
		else if (*at == '"' || *at == '\\')
			buf_addf(out, "\\%c", *at);
		else
			buf_addch(out, *at);
	}
	buf_addch(out, '"');
}

/* Appends one line. `a` and `b` may be NULL. A whole number has no decimal point. */
static void sample(struct buf *out, const char *name, const struct label *a, const struct label *b,
	double value)
{
	buf_addstr(out, name);
	if (a)
		add_label(out, a, true);
	if (b)
		add_label(out, b, false);
	buf_addf(out, "%s %.15g\n", a ? "}" : "", value);
}

static void gauge(struct buf *out, const char *name, const char *help, double value)
{
	family(out, name, "gauge", help);
	sample(out, name, NULL, NULL, value);
}

/* ---- servers ---- */

struct server_gauge {
	const char *name, *help;
	/* Stores the value; false: it is unknown, and there is no sample. */
	bool (*read)(const struct health_server *verdict, int64_t now, double *value);
};

static bool read_age(const struct health_server *verdict, int64_t now, double *value)
{
	*value = (double)(now - verdict->server->last_heartbeat);
	return verdict->server->last_heartbeat != 0;
}

static bool read_heartbeat(const struct health_server *verdict, int64_t now, double *value)
{
	(void)now;
	*value = (double)verdict->server->last_heartbeat;
	return verdict->server->last_heartbeat != 0;
}

static bool read_promise(const struct health_server *verdict, int64_t now, double *value)
{
	(void)now;
	*value = (double)server_expected_interval(verdict->server);
	return verdict->server->last_heartbeat != 0;
}

static bool read_healthy(const struct health_server *verdict, int64_t now, double *value)
{
	(void)now;
	*value = verdict->healthy;
	return true;
}

static double bytes_of(double gib)
{
	return (double)(int64_t)(gib * 1024 * 1024) * 1024;
}

static bool read_disk(const struct health_server *verdict, int64_t now, double *value)
{
	(void)now;
	*value = bytes_of(verdict->server->disk_free_gb);
	return verdict->server->disk_free_gb >= 0;
}

static bool read_memory(const struct health_server *verdict, int64_t now, double *value)
{
	(void)now;
	*value = bytes_of(verdict->server->memory_used_gb);
	return verdict->server->memory_used_gb >= 0;
}

static bool read_cpu(const struct health_server *verdict, int64_t now, double *value)
{
	(void)now;
	*value = verdict->server->cpu_usage / 100;
	return verdict->server->cpu_usage >= 0;
}

static const struct server_gauge server_gauges[] = {
	{ "git_build_heartbeat_age_seconds", "Time since the last heartbeat of the server.",
		read_age },
	{ "git_build_heartbeat_timestamp_seconds", "Time of the last heartbeat of the server.",
		read_heartbeat },
	{ "git_build_heartbeat_promise_seconds",
		"Expected interval between two pushed heartbeats of the server.", read_promise },
	{ "git_build_server_healthy", "Whether the server is alive and reports itself healthy.",
		read_healthy },
	{ "git_build_server_disk_free_bytes", "Free disk space of the server.", read_disk },
	{ "git_build_server_memory_used_bytes", "Memory in use on the server.", read_memory },
	{ "git_build_server_cpu_usage_ratio",
		"CPU usage of the server, as a share of all processors.", read_cpu },
};

static void write_servers(const struct metrics *m, struct buf *out)
{
	for (size_t i = 0; i < sizeof(server_gauges) / sizeof(*server_gauges); i++) {
		const struct server_gauge *gauge = &server_gauges[i];
		family(out, gauge->name, "gauge", gauge->help);
		for (size_t k = 0; k < m->health->servers_count; k++) {
			const struct health_server *verdict = &m->health->servers[k];
			struct label label = { "server", verdict->server->id };
			double value;
			if (gauge->read(verdict, m->overview->fleet.now, &value))
				sample(out, gauge->name, &label, NULL, value);
		}
	}
}

/* ---- alerts, jobs and builds ---- */

static void write_alerts(const struct metrics *m, struct buf *out)
{
	static const char name[] = "git_build_alerts";
	family(out, name, "gauge", "Alerts of 'git build health', by severity.");
	for (enum severity severity = HEALTH_WARNING; severity <= HEALTH_CRITICAL; severity++) {
		struct label label = { "severity", severity_name(severity) };
		sample(out, name, &label, NULL, (double)health_count(m->health, severity));
	}
}

static void write_jobs(const struct metrics *m, struct buf *out)
{
	static const char name[] = "git_build_jobs";
	int64_t oldest = m->overview->fleet.now;
	family(out, name, "gauge", "Jobs in coordination/jobs.json.");
	for (enum job_status status = 0; status < JOB_STATUSES; status++) {
		struct label label = { "status", job_status_name(status) };
		sample(out, name, &label, NULL, (double)overview_count_jobs(m->overview, status));
	}
	for (size_t i = 0; i < m->overview->jobs.count; i++) {
		const struct job *job = &m->overview->jobs.jobs[i];
		if (job_is(job, JOB_QUEUED) && job->created_at && job->created_at < oldest)
			oldest = job->created_at;
	}
	gauge(out, "git_build_oldest_queued_job_age_seconds",
		"Age of the oldest queued job; 0 if there is none.",
		(double)(m->overview->fleet.now - oldest));
}

static void write_builds(const struct metrics *m, struct buf *out)
{
	static const char name[] = "git_build_build_duration_seconds";
	family(out, name, "histogram", "Duration of the builds that the shared branch has.");
	for (int failed = 0; failed < 2; failed++) {
		struct label result = { "result", failed ? "failed" : "success" };
		int64_t buckets[BUILD_BUCKETS] = { 0 }, count = 0;
		double sum = 0;
		for (size_t i = 0; i < m->overview->builds_count; i++) {
			const struct build *build = &m->overview->builds[i];
			if (build->failed != failed || build->duration < 0)
				continue;
			for (size_t k = 0; k < BUILD_BUCKETS; k++)
				buckets[k] += build->duration <= build_bucket_seconds[k];
			count++;
			sum += (double)build->duration;
		}
		for (size_t k = 0; k < BUILD_BUCKETS; k++)
			buf_addf(out, "%s_bucket{result=\"%s\",le=\"%" PRId64 "\"} %" PRId64 "\n",
				name, result.value, build_bucket_seconds[k], buckets[k]);
		buf_addf(out, "%s_bucket{result=\"%s\",le=\"+Inf\"} %" PRId64 "\n", name,
			result.value, count);
		sample(out, "git_build_build_duration_seconds_sum", &result, NULL, sum);
		sample(out, "git_build_build_duration_seconds_count", &result, NULL, (double)count);
	}
}

/* ---- locks and messages ---- */

static void write_locks(const struct metrics *m, struct buf *out)
{
	static const char held[] = "git_build_lock_held";
	static const char expiry[] = "git_build_lock_expiry_timestamp_seconds";
	family(out, held, "gauge", "Locks that are held.");
	for (size_t i = 0; i < m->overview->locks_count; i++) {
		const struct lock *lock = &m->overview->locks[i];
		struct label name = { "lock", lock->name }, holder = { "holder", lock->holder };
		if (lock->state == LOCK_HELD)
			sample(out, held, &name, &holder, 1);
	}
	family(out, expiry, "gauge", "Time at which a lock with a holder expires or has expired.");
	for (size_t i = 0; i < m->overview->locks_count; i++) {
		const struct lock *lock = &m->overview->locks[i];
		struct label name = { "lock", lock->name };
		if (lock->state == LOCK_HELD || lock->state == LOCK_EXPIRED)
			sample(out, expiry, &name, NULL, (double)lock->expires_at);
	}
}

static void write_messages(const struct metrics *m, struct buf *out)
{
	double errors = 0;
	for (size_t i = 0; i < m->overview->errors_count; i++)
		errors += (double)m->overview->errors[i].count;
	gauge(out, "git_build_messages", "Messages in coordination/messages.json.",
		(double)m->overview->messages_total);
	gauge(out, "git_build_messages_unread", "Unread messages.",
		(double)m->overview->messages_unread);
	gauge(out, "git_build_messages_unread_errors", "Unread messages of type error.", errors);
}

/* ---- this clone ---- */

static void write_pushes(const struct metrics *m, struct buf *out)
{
	static const char name[] = "git_build_push_duration_seconds";
	static const char total[] = "git_build_pushes_total";
	const struct push_record *pushes = m->pushes;
	family(out, total, "counter", "Pushes of this clone, by result.");
	for (int i = 0; i < PUSH_RESULTS; i++) {
		struct label label = { "result", push_result_name((enum push_result)i) };
		sample(out, total, &label, NULL, (double)pushes->results[i]);
	}
	family(out, name, "histogram", "Duration of this clone's successful pushes.");
	for (int i = 0; i < PUSH_BUCKETS; i++)
		buf_addf(out, "%s_bucket{le=\"%.15g\"} %" PRId64 "\n", name,
			(double)push_bucket_ms[i] / 1000, pushes->buckets[i]);
	buf_addf(out, "%s_bucket{le=\"+Inf\"} %" PRId64 "\n", name,
		pushes->results[PUSH_RESULT_DONE]);
	sample(out, "git_build_push_duration_seconds_sum", NULL, NULL,
		(double)pushes->total_ms / 1000);
	sample(out, "git_build_push_duration_seconds_count", NULL, NULL,
		(double)pushes->results[PUSH_RESULT_DONE]);
}

static void write_clone(const struct metrics *m, struct buf *out)
{
	const struct fleet *fleet = &m->overview->fleet;
	if (m->asked)
		gauge(out, "git_build_remote_reachable",
			"Whether the shared repository can be reached.", !fleet->offline.code);
	if (fleet->fetched_at)
		gauge(out, "git_build_last_fetch_timestamp_seconds",
			"Time of the last successful fetch from the shared repository.",
			(double)fleet->fetched_at);
	gauge(out, "git_build_unreadable_files",
		"Files on the shared branches that cannot be read.",
		(double)m->overview->troubles_count);
	gauge(out, "git_build_outbox_operations", "Requests in the outbox of this clone.",
		(double)m->waiting);
	write_pushes(m, out);
}

void metrics_write(const struct metrics *metrics, struct buf *out)
{
	write_servers(metrics, out);
	write_alerts(metrics, out);
	write_jobs(metrics, out);
	write_builds(metrics, out);
	write_locks(metrics, out);
	write_messages(metrics, out);
	write_clone(metrics, out);
}
