#include "request/dashboard.h"

#include "base/timestamp.h"
#include "fleet/files.h"
#include "request/document.h"

#include <string.h>

enum { DAY = 86400 };

/* The members of a verdict; other members of the file are not changed. */
static const char *const members[] = { "timestamp", "server", "overall_status", "servers", "jobs",
	"alerts" };

/* ---- has anything changed? ---- */

static void add_value(struct buf *out, const struct json_doc *doc, const struct json_value *value)
{
	size_t len = 0;
	const char *text = value ? json_raw(doc, value, &len) : "";
	buf_add(out, text, len);
	buf_addch(out, '\n');
}

/* Appends the content of a file without the members that change every second. */
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

bool dashboard_is_due(const struct dashboard_verdict *verdict, const struct json_doc *doc)
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
	add_substance(&new, verdict->doc);
	bool same = old.len == new.len && !memcmp(old.data, new.data, old.len);
	buf_release(&old);
	buf_release(&new);
	bool others = writer && !json_string_is(doc, writer, verdict->server);
	/* A time far in the future comes from a wrong clock, and must not block updates forever. */
	bool recent = written_at > verdict->now - (others ? verdict->interval : 0) &&
		written_at <= verdict->now + DAY;
	return !same && !recent;
}

/* ---- creating the request ---- */

void dashboard_request(struct buf *out, const struct dashboard_verdict *verdict,
	const char *subject, const struct env *env)
{
	struct json_writer w;
	size_t len;
	const char *text = json_text(verdict->doc, &len);
	request_begin(&w, out, "dashboard write", verdict->server, env);
	json_put_string(&w, "subject", subject);
	json_put_int(&w, "interval_seconds", verdict->interval);
	json_put_raw(&w, "dashboard", text, len);
	json_end(&w);
}

/* ---- applying ---- */

/* Parses the member "dashboard" as a separate document. */
static int read_verdict(struct request *request, struct json_doc **doc, struct error *err)
{
	size_t len;
	const struct json_value *member =
		json_member(request->doc, json_root(request->doc), "dashboard");
	if (!member || member->type != JSON_OBJECT)
		return error_set(err, ERR_INVALID, "request: no object \"dashboard\"");
	const char *text = json_raw(request->doc, member, &len);
	return json_parse(doc, text, len, "dashboard", NULL, err);
}

/* An empty file would not be valid: one that was never valid is restored from one with a time. */
static int open_dashboard(struct document *out, struct request *request, struct error *err)
{
	struct buf start = BUF_INIT;
	char time[TIMESTAMP_SIZE];
	int rc = document_open(out, request->documents, FLEET_DASHBOARD_PATH, "{}\n", err);
	if (rc == ERR_INVALID) {
		buf_addf(&start, "{\n  \"timestamp\": \"%s\"\n}\n",
			timestamp_format(request->now, time));
		rc = document_open_derived(
			out, request->documents, FLEET_DASHBOARD_PATH, start.data, err);
	}
	buf_release(&start);
	return rc;
}

static int write_dashboard(struct request *request, struct error *err)
{
	struct json_doc *doc = NULL;
	struct document document = { 0 };
	const char *subject = request_string(request, "subject");
	int rc = read_verdict(request, &doc, err);
	if (!rc)
		rc = open_dashboard(&document, request, err);
	struct dashboard_verdict verdict = { request->server, request->now,
		request_int(request, "interval_seconds", 60), doc };
	bool due = !rc && (document.repair || dashboard_is_due(&verdict, document.doc));
	for (size_t i = 0; due && i < sizeof(members) / sizeof(*members); i++) {
		size_t len;
		const struct json_value *member = json_member(doc, json_root(doc), members[i]);
		const char *text = member ? json_raw(doc, member, &len) : NULL;
		if (text)
			json_edit_set(document.edit, document.root, members[i], text, len);
	}
	buf_addstr(&request->answer->subject, subject ? subject : "Health");
	if (due)
		rc = document_save(&document, 1, request->documents, err);
	if (!rc)
		json_put_bool(&request->answer->writer, "written", due);
	document_close(&document);
	json_doc_free(doc);
	return rc;
}

/* Not kept in the outbox: a verdict is only valid now. */
const struct operation dashboard_operations[] = {
	{ "dashboard write", false, write_dashboard },
	{ NULL, false, NULL },
};
