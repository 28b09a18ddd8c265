#include "fleet/status.h"

#include "base/timestamp.h"
#include "fleet/machine.h"
#include "fleet/names.h"
#include "json/edit.h"
#include "json/write.h"

#include <string.h>

const char *const status_names[] = { "idle", "building", "failed", "success", NULL };

int status_check(const char *status, struct error *err)
{
	for (size_t i = 0; status_names[i]; i++)
		if (!strcmp(status, status_names[i]))
			return 0;
	return error_set(err, ERR_INVALID,
		"'%s' is no status; a server is idle, building, failed or success", status);
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

struct status_change {
	const struct settings *settings;
	const char *status;
	int64_t now;
	struct machine machine;
};

static void set_reading(
	struct json_edit *edit, const struct json_value *object, const char *name, double reading)
{
	struct buf text = BUF_INIT;
	if (reading >= 0) {
		buf_addf(&text, "%.1f", reading);
		json_edit_set(edit, object, name, text.data, text.len);
	}
	buf_release(&text);
}

/* The readings go into `system` where the file has one; else a new one is made. */
static void set_system(
	struct json_edit *edit, const struct json_doc *doc, const struct machine *machine)
{
	const struct json_value *system = json_member(doc, json_root(doc), "system");
	if (system && system->type == JSON_OBJECT) {
		set_reading(edit, system, "cpu_usage", machine->cpu_usage);
		set_reading(edit, system, "memory_used_gb", machine->memory_used_gb);
		set_reading(edit, system, "disk_free_gb", machine->disk_free_gb);
		return;
	}
	struct buf text = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	json_begin(&w, '{');
	json_put_double(&w, "cpu_usage", machine->cpu_usage, 1);
	json_put_double(&w, "memory_used_gb", machine->memory_used_gb, 1);
	json_put_double(&w, "disk_free_gb", machine->disk_free_gb, 1);
	json_end(&w);
	json_edit_set(edit, json_root(doc), "system", text.data, text.len);
	buf_release(&text);
}

static int apply_status(struct transaction *tx, void *data, struct error *err)
{
	const struct status_change *change = data;
	struct buf path = BUF_INIT, fresh = BUF_INIT, out = BUF_INIT;
	struct json_doc *doc = NULL;
	struct json_edit *edit = NULL;
	const char *text;
	size_t len;
	char timestamp[TIMESTAMP_SIZE];
	fleet_server_path(&path, change->settings->server, FLEET_STATUS_FILE);
	int rc = transaction_read(tx, path.data, &text, &len, err);
	if (rc == ERR_NOT_FOUND) {
		status_write_new(change->settings, change->status, change->now, &fresh);
		text = fresh.data;
		len = fresh.len;
		rc = 0;
	}
	if (!rc)
		rc = json_parse(&doc, text, len, path.data, NULL, err);
	if (rc < 0)
		goto done;
	if (json_root(doc)->type != JSON_OBJECT) {
		rc = error_set(err, ERR_INVALID, "%s:1:1: is no object", path.data);
		goto done;
	}
	edit = json_edit_new(doc);
	json_edit_set_string(edit, json_root(doc), "status", change->status);
	json_edit_set_string(
		edit, json_root(doc), "timestamp", timestamp_format(change->now, timestamp));
	if (change->settings->ip)
		json_edit_set_string(edit, json_root(doc), "ip", change->settings->ip);
	if (change->settings->manager)
		json_edit_set_string(edit, json_root(doc), "manager", change->settings->manager);
	set_system(edit, doc, &change->machine);
	rc = json_edit_write(edit, &out, err);
	if (!rc)
		transaction_write(tx, path.data, out.data, out.len);
done:
	json_edit_free(edit);
	json_doc_free(doc);
	buf_release(&path);
	buf_release(&fresh);
	buf_release(&out);
	return rc;
}

int status_set(struct repo *repo, const struct settings *settings, const char *status,
	const struct env *env, struct transaction_result *result, struct error *err)
{
	int rc = settings_need_server(settings, err);
	if (!rc)
		rc = status_check(status, err);
	if (rc < 0)
		return rc;
	struct status_change change = {
		.settings = settings, .status = status, .now = env->now(env->data)
	};
	struct machine_sample sample = { 0 };
	machine_read(&change.machine, &sample,
		repo_work_tree(repo) ? repo_work_tree(repo) : repo_git_dir(repo));
	struct buf subject = BUF_INIT;
	buf_addf(&subject, "Status: %s is %s", settings->server, status);
	struct transaction_plan plan = {
		.remote = { settings->remote, settings->timeout_ms },
		.branch = settings->branch,
		.subject = subject.data,
		.server = settings->server,
		.attempts = (int)settings->attempts,
		.env = env,
		.apply = apply_status,
		.data = &change,
	};
	rc = transaction_run(repo, &plan, result, err);
	buf_release(&subject);
	return rc;
}
