#include "view/health_file.h"

#include "base/timestamp.h"
#include "request/document.h"
#include "fleet/names.h"

#include <string.h>

enum { FILE_LIMIT = 16 << 20, DAY = 86400 };

struct writing {
	const struct settings *settings;
	int64_t now;
	struct json_doc *verdict; /* what is to stand there */
	const char *subject;
};

/* What a verdict consists of; other members of the file stay. */
static const char *const members[] = { "timestamp", "server", "overall_status", "servers", "jobs",
	"alerts" };

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
		json_put_time(w, "last_heartbeat", server->last_beat);
		if (server->last_beat)
			json_put_int(w, "heartbeat_age_seconds",
				overview->fleet.now - server->last_beat);
		else
			json_put_null(w, "heartbeat_age_seconds");
		json_end(w);
	}
	json_end(w);
}

/* How many jobs have ended with `status` since midnight, UTC. */
static int64_t count_today(const struct overview *overview, const char *status)
{
	int64_t midnight = overview->fleet.now - overview->fleet.now % DAY, count = 0;
	for (size_t i = 0; i < overview->jobs.count; i++) {
		const struct job *job = &overview->jobs.jobs[i];
		count += job->completed_at >= midnight && job->status &&
			!strcmp(job->status, status);
	}
	return count;
}

void health_put(struct json_writer *w, const struct overview *overview, const struct health *health)
{
	json_put_string(w, "overall_status", overall_status(health));
	put_servers(w, overview, health);
	json_begin_member(w, "jobs", '{');
	json_put_int(w, "queued", (int64_t)overview_count_jobs(overview, "queued"));
	json_put_int(w, "running", (int64_t)overview_count_jobs(overview, "running"));
	json_put_int(w, "completed_today", count_today(overview, "completed"));
	json_put_int(w, "failed_today", count_today(overview, "failed"));
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

/* ---- has anything changed? ---- */

static void add_value(struct buf *out, const struct json_doc *doc, const struct json_value *value)
{
	size_t len = 0;
	const char *text = value ? json_raw(doc, value, &len) : "";
	buf_add(out, text, len);
	buf_addch(out, '\n');
}

/* Appends what a file says, without what changes with every second. */
static void add_substance(struct buf *out, const struct json_doc *doc)
{
	static const char *const counts[] = { "queued", "running", "completed_today",
		"failed_today" };
	static const char *const names[] = { "severity", "kind", "server", "job", "lock" };
	const struct json_value *root = json_root(doc);
	add_value(out, doc, json_member(doc, root, "overall_status"));
	JSON_EACH (server, json_member(doc, root, "servers")) {
		size_t len;
		const char *id = json_key(doc, server, &len);
		json_quote(out, id ? id : "", id ? len : 0);
		add_value(out, doc, json_member(doc, server, "status"));
		add_value(out, doc, json_member(doc, server, "healthy"));
	}
	const struct json_value *jobs = json_member(doc, root, "jobs");
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		add_value(out, doc, json_member(doc, jobs, counts[i]));
	JSON_EACH (alert, json_member(doc, root, "alerts"))
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			add_value(out, doc, json_member(doc, alert, names[i]));
}

/* Is there something to write, where `doc` stands? */
static bool is_due(const struct writing *w, const struct json_doc *doc)
{
	const struct json_value *root = json_root(doc);
	const struct json_value *writer = json_member(doc, root, "server");
	struct buf old = BUF_INIT, new = BUF_INIT;
	int64_t written_at = 0;
	size_t len;
	const char *text = json_string(doc, json_member(doc, root, "timestamp"), &len);
	if (text && !timestamp_parse(text, len, &written_at))
		written_at = 0;
	add_substance(&old, doc);
	add_substance(&new, w->verdict);
	bool same = old.len == new.len && !memcmp(old.data, new.data, old.len);
	buf_release(&old);
	buf_release(&new);
	bool others = writer && !json_string_is(doc, writer, w->settings->server);
	/* A time that is far ahead is a clock's mistake, and does not stand for ever. */
	bool recent = written_at > w->now - (others ? w->settings->interval : 0) &&
		written_at <= w->now + DAY;
	return !same && !recent;
}

/* ---- writing ---- */

static int apply(struct transaction *tx, void *data, struct error *err)
{
	const struct writing *w = data;
	struct document document;
	/* What cannot be read is replaced: it only says what the other files do. */
	int rc = document_open(&document, transaction_documents(tx), FLEET_DASHBOARD_PATH, "{}\n", NULL);
	if (rc < 0)
		rc = document_new(&document, FLEET_DASHBOARD_PATH, "{}\n", err);
	if (rc < 0)
		return rc;
	if (is_due(w, document.doc)) {
		for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
			size_t len;
			const char *text = json_raw(w->verdict,
				json_member(w->verdict, json_root(w->verdict), members[i]), &len);
			json_edit_set(document.edit, document.root, members[i], text, len);
		}
		transaction_subject(tx, w->subject);
		rc = document_save(&document, 1, transaction_documents(tx), err);
	}
	document_close(&document);
	return rc;
}

/* Does the file at the commit that was judged need no change? That saves asking the remote again.
 * 1, 0, or a negative code. */
static int is_settled(struct repo *repo, const struct overview *overview, const struct writing *w,
	struct error *err)
{
	struct buf text = BUF_INIT;
	struct json_doc *doc = NULL;
	if (overview->fleet.offline.code || oid_is_none(&overview->fleet.tip))
		return 0;
	int rc = repo_read(
		repo, &overview->fleet.tip, FLEET_DASHBOARD_PATH, FILE_LIMIT, &text, NULL, err);
	if (!rc)
		rc = json_parse_buf(&doc, &text, FLEET_DASHBOARD_PATH, NULL, err);
	if (!rc)
		rc = !is_due(w, doc);
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
	struct transaction_result *result, struct error *err)
{
	struct buf subject = BUF_INIT;
	struct writing w = { .settings = settings, .now = overview->fleet.now };
	w.verdict = make_verdict(settings, overview, health, err);
	if (!w.verdict)
		return ERR_FAILED;
	buf_addf(&subject, "Health: %s, %zu server%s, %zu alert%s", overall_status(health),
		health->servers_count, health->servers_count == 1 ? "" : "s", health->count,
		health->count == 1 ? "" : "s");
	w.subject = subject.data;
	struct transaction_plan plan = {
		.remote = { settings->remote, settings->timeout_ms },
		.branch = settings->branch,
		.subject = subject.data,
		.server = settings->server,
		.attempts = (int)settings->attempts,
		.host_wait_ms = settings->host_queue ? settings->lock_wait_ms : 0,
		.env = env,
		.apply = apply,
		.data = &w,
	};
	int rc = is_settled(repo, overview, &w, err);
	rc = rc < 0 ? rc : rc ? 0 : transaction_run(repo, &plan, result, err);
	json_doc_free(w.verdict);
	buf_release(&subject);
	return rc;
}
