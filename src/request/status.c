#include "request/status.h"

#include "base/timestamp.h"
#include "fleet/files.h"
#include "fleet/status.h"

#include <string.h>

/* ---- creating the request ---- */

void status_request(struct buf *out, const struct server_facts *facts,
	const struct machine *machine, const char *status, const struct env *env)
{
	struct json_writer w;
	request_begin(&w, out, "status set", facts->server, env);
	json_put_string(&w, "status", status);
	json_put_string_or_null(&w, "ip", facts->ip);
	json_put_string_or_null(&w, "manager", facts->manager);
	json_begin_member(&w, "system", '{');
	if (machine->cpu_usage >= 0)
		json_put_double(&w, "cpu_usage", machine->cpu_usage, 1);
	if (machine->memory_used_gb >= 0)
		json_put_double(&w, "memory_used_gb", machine->memory_used_gb, 1);
	if (machine->disk_free_gb >= 0)
		json_put_double(&w, "disk_free_gb", machine->disk_free_gb, 1);
	json_end(&w);
	json_end(&w);
}

/* ---- for operations ---- */

int status_open(struct document *out, struct request *request, struct error *err)
{
	struct server_facts facts = { request->server, request_string(request, "ip"),
		request_string(request, "manager") };
	struct buf path = BUF_INIT, fresh = BUF_INIT;
	fleet_server_path(&path, facts.server, FLEET_STATUS_FILE);
	status_write_new(&facts, "idle", request->now, &fresh);
	int rc = document_open_derived(out, request->documents, path.data, fresh.data, err);
	buf_release(&path);
	buf_release(&fresh);
	return rc;
}

void status_touch(struct document *document, const struct request *request, const char *status)
{
	char timestamp[TIMESTAMP_SIZE];
	int64_t before = INT64_MIN;
	size_t len;
	const struct json_value *value = json_member(document->doc, document->root, "timestamp");
	const char *text = json_string(document->doc, value, &len);
	if (text)
		timestamp_parse(text, len, &before);
	if (request->now > before)
		json_edit_set_string(document->edit, document->root, "timestamp",
			timestamp_format(request->now, timestamp));
	if (status)
		json_edit_set_string(document->edit, document->root, "status", status);
}

void status_set_paused(struct document *document, const struct request *request, const char *reason)
{
	char time[TIMESTAMP_SIZE];
	int64_t seconds = request->now;
	size_t len;
	struct buf text = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	const struct json_value *old = json_member(document->doc, document->root, "paused");
	const char *since =
		json_string(document->doc, json_member(document->doc, old, "since"), &len);
	if (!reason && (!old || old->type == JSON_NULL))
		return;
	if (since && !timestamp_parse(since, len, &seconds))
		seconds = request->now;
	if (reason) {
		json_begin(&w, '{');
		json_put_string(&w, "since", timestamp_format(seconds, time));
		json_put_string(&w, "reason", reason);
		json_end(&w);
	} else {
		json_put_null(&w, NULL);
	}
	json_edit_set(document->edit, document->root, "paused", text.data, text.len);
	buf_release(&text);
}

/* Writes the measurements to `system`, or creates that if the file has none. */
static void set_system(struct document *document, const struct request *request)
{
	const struct json_doc *asked = request->doc;
	const struct json_value *readings = json_member(asked, json_root(asked), "system");
	const struct json_value *system = json_member(document->doc, document->root, "system");
	size_t len, name_len;
	const char *text;
	if (!readings || readings->type != JSON_OBJECT)
		return;
	if (!system || system->type != JSON_OBJECT) {
		text = json_raw(asked, readings, &len);
		json_edit_set(document->edit, document->root, "system", text, len);
		return;
	}
	JSON_EACH (reading, readings) {
		const char *name = json_key(asked, reading, &name_len);
		text = json_raw(asked, reading, &len);
		json_edit_set_n(document->edit, system, name, name_len, text, len);
	}
}

/* Clears current_job if another server has finished or claimed that job. */
static void leave_job(struct document *document, struct request *request)
{
	const char *left = request_string(request, "left_job");
	const struct json_value *current =
		json_member(document->doc, document->root, "current_job");
	const struct json_value *id = json_member(document->doc, current, "id");
	if (left && id && json_string_is(document->doc, id, left))
		json_edit_set(document->edit, document->root, "current_job", "null", 4);
}

/* The status as shown in the subject of the commit. */
static const char *status_word(struct request *request, const char *status)
{
	return status ? status : request_string(request, "paused") ? "paused" : "no longer paused";
}

static int set(struct request *request, struct error *err)
{
	struct document document = { 0 };
	const char *status = request_string(request, "status");
	const char *ip = request_string(request, "ip"),
		   *manager = request_string(request, "manager");
	const struct json_value *paused =
		json_member(request->doc, json_root(request->doc), "paused");
	/* A worker that pauses does not change the status. */
	int rc = !status && paused ? 0 : status_check(status ? status : "", err);
	if (!rc)
		rc = status_open(&document, request, err);
	if (rc < 0)
		return rc;
	status_touch(&document, request, status);
	if (ip)
		json_edit_set_string(document.edit, document.root, "ip", ip);
	if (manager)
		json_edit_set_string(document.edit, document.root, "manager", manager);
	set_system(&document, request);
	leave_job(&document, request);
	if (paused)
		status_set_paused(&document, request, request_string(request, "paused"));
	buf_addf(&request->answer->subject, "Status: %s is %s", request->server,
		status_word(request, status));
	rc = document_save(&document, 1, request->documents, err);
	json_put_string(&request->answer->writer, "server", request->server);
	json_put_string_or_null(&request->answer->writer, "status", status);
	document_close(&document);
	return rc;
}

/* Not kept in the outbox: a status is only valid now. */
const struct operation status_operations[] = {
	{ "status set", false, set },
	{ NULL, false, NULL },
};
