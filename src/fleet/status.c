#include "fleet/status.h"

#include "base/alloc.h"
#include "base/timestamp.h"
#include "host/machine.h"
#include "fleet/names.h"

#include <stdlib.h>
#include <string.h>

const char *const status_names[] = { "idle", "building", "testing", "failed", "success", NULL };

int status_check(const char *status, struct error *err)
{
	for (size_t i = 0; status_names[i]; i++)
		if (!strcmp(status, status_names[i]))
			return 0;
	struct buf known = BUF_INIT;
	for (size_t i = 0; status_names[i]; i++)
		buf_addf(&known, "%s%s",
			!i                            ? ""
				: status_names[i + 1] ? ", "
						      : " or ",
			status_names[i]);
	int rc = error_set(
		err, ERR_INVALID, "'%s' is not a status; a server is %s", status, known.data);
	buf_release(&known);
	return rc;
}

void status_write_new(
	const struct settings *settings, const char *status, int64_t now, struct buf *out)
{
	char timestamp[TIMESTAMP_SIZE];
	struct json_writer w = JSON_WRITER_INIT(out);
	json_begin(&w, '{');
	json_put_string(&w, "server", settings->server);
	json_put_string_or_null(&w, "ip", settings->ip);
	json_put_string_or_null(&w, "manager", settings->manager);
	json_put_string(&w, "timestamp", timestamp_format(now, timestamp));
	json_put_string(&w, "status", status);
	json_put_null(&w, "current_job");
	json_put_null(&w, "last_build");
	json_end(&w);
	buf_addch(out, '\n');
}

/* ---- asking ---- */

void status_request(struct buf *out, struct repo *repo, const struct settings *settings,
	const char *status, const struct env *env)
{
	struct machine machine;
	struct machine_sample sample = { 0 };
	struct json_writer w;
	machine_read(&machine, &sample,
		repo_work_tree(repo) ? repo_work_tree(repo) : repo_git_dir(repo));
	request_begin(&w, out, "status set", settings, env);
	json_put_string(&w, "status", status);
	json_put_string_or_null(&w, "ip", settings->ip);
	json_put_string_or_null(&w, "manager", settings->manager);
	json_begin_member(&w, "system", '{');
	if (machine.cpu_usage >= 0)
		json_put_double(&w, "cpu_usage", machine.cpu_usage, 1);
	if (machine.memory_used_gb >= 0)
		json_put_double(&w, "memory_used_gb", machine.memory_used_gb, 1);
	if (machine.disk_free_gb >= 0)
		json_put_double(&w, "disk_free_gb", machine.disk_free_gb, 1);
	json_end(&w);
	json_end(&w);
}

/* ---- for operations ---- */

int status_open(struct document *out, struct deed *deed, struct error *err)
{
	char *ip = json_strdup(
		deed->request, json_member(deed->request, json_root(deed->request), "ip"));
	char *manager = json_strdup(
		deed->request, json_member(deed->request, json_root(deed->request), "manager"));
	char *server = xstrdup(deed->server);
	struct settings settings = { .server = server, .ip = ip, .manager = manager };
	struct buf path = BUF_INIT, fresh = BUF_INIT;
	fleet_server_path(&path, deed->server, FLEET_STATUS_FILE);
	status_write_new(&settings, "idle", deed->now, &fresh);
	int rc = document_open(out, deed->tx, path.data, fresh.data, err);
	if (rc == ERR_INVALID)
		rc = document_new(out, path.data, fresh.data, err);
	buf_release(&path);
	buf_release(&fresh);
	free(ip);
	free(manager);
	free(server);
	return rc;
}

void status_touch(struct document *document, const struct deed *deed, const char *status)
{
	char timestamp[TIMESTAMP_SIZE];
	int64_t before = INT64_MIN;
	size_t len;
	const struct json_value *value = json_member(document->doc, document->root, "timestamp");
	const char *text = json_string(document->doc, value, &len);
	if (text)
		timestamp_parse(text, len, &before);
	if (deed->now > before)
		json_edit_set_string(document->edit, document->root, "timestamp",
			timestamp_format(deed->now, timestamp));
	if (status)
		json_edit_set_string(document->edit, document->root, "status", status);
}

void status_set_paused(struct document *document, const struct deed *deed, const char *reason)
{
	char time[TIMESTAMP_SIZE];
	int64_t seconds = deed->now;
	size_t len;
	struct buf text = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	const struct json_value *old = json_member(document->doc, document->root, "paused");
	const char *since =
		json_string(document->doc, json_member(document->doc, old, "since"), &len);
	if (!reason && (!old || old->type == JSON_NULL))
		return;
	if (since && !timestamp_parse(since, len, &seconds))
		seconds = deed->now;
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

/* A reading goes into `system` where the file has one; else all of them make a new one. */
static void set_system(struct document *document, const struct deed *deed)
{
	const struct json_doc *request = deed->request;
	const struct json_value *readings = json_member(request, json_root(request), "system");
	const struct json_value *system = json_member(document->doc, document->root, "system");
	size_t len, name_len;
	const char *text;
	if (!readings || readings->type != JSON_OBJECT)
		return;
	if (!system || system->type != JSON_OBJECT) {
		text = json_raw(request, readings, &len);
		json_edit_set(document->edit, document->root, "system", text, len);
		return;
	}
	JSON_EACH (reading, readings) {
		const char *name = json_key(request, reading, &name_len);
		text = json_raw(request, reading, &len);
		json_edit_set_n(document->edit, system, name, name_len, text, len);
	}
}

/* A job that another server has ended, or taken, is no longer what this one is at. */
static void leave_job(struct document *document, struct deed *deed)
{
	const char *left = deed_string(deed, "left_job");
	const struct json_value *current =
		json_member(document->doc, document->root, "current_job");
	const struct json_value *id = json_member(document->doc, current, "id");
	if (left && id && json_string_is(document->doc, id, left))
		json_edit_set(document->edit, document->root, "current_job", "null", 4);
}

/* What the commit's subject calls it. */
static const char *status_word(struct deed *deed, const char *status)
{
	return status ? status : deed_string(deed, "paused") ? "paused" : "no longer paused";
}

static int set(struct deed *deed, struct error *err)
{
	struct document document = { 0 };
	const char *status = deed_string(deed, "status");
	const char *ip = deed_string(deed, "ip"), *manager = deed_string(deed, "manager");
	const struct json_value *paused =
		json_member(deed->request, json_root(deed->request), "paused");
	/* A worker that pauses leaves the status as it is. */
	int rc = !status && paused ? 0 : status_check(status ? status : "", err);
	if (!rc)
		rc = status_open(&document, deed, err);
	if (rc < 0)
		return rc;
	status_touch(&document, deed, status);
	if (ip)
		json_edit_set_string(document.edit, document.root, "ip", ip);
	if (manager)
		json_edit_set_string(document.edit, document.root, "manager", manager);
	set_system(&document, deed);
	leave_job(&document, deed);
	if (paused)
		status_set_paused(&document, deed, deed_string(deed, "paused"));
	buf_addf(&deed->subject, "Status: %s is %s", deed->server, status_word(deed, status));
	rc = document_save(&document, 1, deed->tx, err);
	json_put_string(&deed->answer, "server", deed->server);
	json_put_string_or_null(&deed->answer, "status", status);
	document_close(&document);
	return rc;
}

/* Not for later: a status is about now. */
const struct operation status_operations[] = {
	{ "status set", false, set },
	{ NULL, false, NULL },
};
