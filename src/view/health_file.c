#include "view/health_file.h"

#include "base/timestamp.h"
#include "deliver/write_queue.h"
#include "fleet/files.h"
#include "fleet/limits.h"
#include "request/dashboard.h"

#include <string.h>

enum { DAY = 86400 };

/* ---- the text ---- */

static const char *overall_status(const struct health *health)
{
	return health->severity == HEALTH_OK ? "healthy" : severity_name(health->severity);
}

static void put_servers(
	struct json_writer *w, const struct overview *overview, const struct health *health)
{
	json_begin_member(w, "servers", '{');
	for (size_t i = 0; i < health->servers_count; i++) {
		const struct server *server = health->servers[i].server;
		json_begin_member(w, server->id, '{');
		json_put_string_or_null(w, "status", server->status);
		json_put_bool(w, "healthy", health->servers[i].healthy);
		json_put_time(w, "last_heartbeat", server->last_heartbeat);
		json_put_int_if(w, "heartbeat_age_seconds", server->last_heartbeat != 0,
			overview->fleet.now - server->last_heartbeat);
		json_end(w);
	}
	json_end(w);
}

/* The number of jobs that have finished with `status` since midnight, UTC. */
static int64_t count_today(const struct overview *overview, enum job_status status)
{
	int64_t midnight = overview->fleet.now - overview->fleet.now % DAY, count = 0;
	for (size_t i = 0; i < overview->jobs.count; i++) {
		const struct job *job = &overview->jobs.jobs[i];
		count += job->completed_at >= midnight && job_is(job, status);
	}
	return count;
}

void health_put(struct json_writer *w, const struct overview *overview, const struct health *health)
{
	json_put_string(w, "overall_status", overall_status(health));
	put_servers(w, overview, health);
	json_begin_member(w, "jobs", '{');
	json_put_int(w, "queued", (int64_t)overview_count_jobs(overview, JOB_QUEUED));
	json_put_int(w, "running", (int64_t)overview_count_jobs(overview, JOB_RUNNING));
	json_put_int(w, "completed_today", count_today(overview, JOB_COMPLETED));
	json_put_int(w, "failed_today", count_today(overview, JOB_FAILED));
	json_end(w);
	json_begin_member(w, "alerts", '[');
	for (size_t i = 0; i < health->count; i++) {
		const struct health_alert *alert = &health->alerts[i];
		json_begin(w, '{');
		json_put_string(w, "severity", severity_name(alert->severity));
		json_put_string(w, "kind", alert->kind);
		json_put_string_or_null(w, "server", alert->server);
		json_put_string_or_null(w, "job", alert->job);
		json_put_string_or_null(w, "lock", alert->lock);
		json_put_string(w, "message", alert->words);
		json_put_time(w, "since", alert->since);
		json_end(w);
	}
	json_end(w);
}

/* ---- writing ---- */

/* Returns 1 if the file at the commit that was read needs no change, 0, or a negative code. If it
 * needs none, the remote is not used again. */
static int is_settled(struct repo *repo, const struct overview *overview,
	const struct dashboard_verdict *verdict, struct error *err)
{
	struct buf text = BUF_INIT;
	struct json_doc *doc = NULL;
	if (overview->fleet.offline.code || oid_is_none(&overview->fleet.tip))
		return 0;
	int rc = repo_read(repo, &overview->fleet.tip, FLEET_DASHBOARD_PATH, FLEET_DOCUMENT_LIMIT,
		&text, NULL, err);
	if (!rc)
		rc = json_parse_buf(&doc, &text, FLEET_DASHBOARD_PATH, NULL, err);
	if (!rc)
		rc = !dashboard_is_due(verdict, doc);
	json_doc_free(doc);
	buf_release(&text);
	return rc == ERR_NOT_FOUND || rc == ERR_INVALID ? 0 : rc;
}

static struct json_doc *make_verdict(const struct settings *settings,
	const struct overview *overview, const struct health *health, struct error *err)
{
	struct buf text = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	struct json_doc *doc = NULL;
	json_begin(&w, '{');
	json_put_time(&w, "timestamp", overview->fleet.now);
	json_put_string(&w, "server", settings->server);
	health_put(&w, overview, health);
	json_end(&w);
	json_parse_buf(&doc, &text, FLEET_DASHBOARD_PATH, NULL, err);
	return doc;
}

int health_file_write(struct repo *repo, const struct settings *settings,
	const struct overview *overview, const struct health *health, const struct env *env,
	struct outcome *outcome, struct error *err)
{
	struct buf subject = BUF_INIT, request = BUF_INIT;
	struct json_doc *doc = make_verdict(settings, overview, health, err);
	if (!doc)
		return ERR_FAILED;
	struct dashboard_verdict verdict = { settings->server, overview->fleet.now,
		settings->interval, doc };
	buf_addf(&subject, "Health: %s, %zu server%s, %zu alert%s", overall_status(health),
		health->servers_count, health->servers_count == 1 ? "" : "s", health->count,
		health->count == 1 ? "" : "s");
	dashboard_request(&request, &verdict, subject.data, env);
	int rc = is_settled(repo, overview, &verdict, err);
	if (!rc)
		rc = write_queue_run(repo, settings, &request, env, outcome, err);
	else if (rc > 0)
		rc = 0;
	json_doc_free(doc);
	buf_release(&subject);
	buf_release(&request);
	return rc;
}
