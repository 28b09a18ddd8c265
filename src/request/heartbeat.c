#include "request/heartbeat.h"

#include "base/timestamp.h"
#include "fleet/files.h"
#include "request/document.h"

/* ---- creating the request ---- */

static void put_reading(struct json_writer *w, const char *name, double value)
{
	if (value >= 0)
		json_put_double(w, name, value, 1);
}

void heartbeat_request(struct buf *out, const struct heartbeat *heartbeat, const struct env *env)
{
	struct json_writer w;
	request_begin(&w, out, "heartbeat", heartbeat->server, env);
	json_put_bool(&w, "healthy", heartbeat->healthy);
	json_put_int(&w, "interval_seconds", heartbeat->interval);
	json_put_int(&w, "push_every", heartbeat->push_every);
	json_put_int(&w, "uptime_seconds", heartbeat->machine.uptime_seconds);
	put_reading(&w, "cpu_usage", heartbeat->machine.cpu_usage);
	put_reading(&w, "memory_used_gb", heartbeat->machine.memory_used_gb);
	put_reading(&w, "disk_free_gb", heartbeat->machine.disk_free_gb);
	json_end(&w);
}

/* ---- applying ---- */

static double reading(const struct request *request, const char *name)
{
	double value;
	const struct json_value *root = json_root(request->doc);
	return json_double(request->doc, json_member(request->doc, root, name), &value) ? value
											: -1;
}

/* Opens the previous heartbeat, to keep the members that are not written. */
static int open_heartbeat(struct document *out, struct request *request, const char *path,
	const struct heartbeat *heartbeat, struct error *err)
{
	struct buf fresh = BUF_INIT;
	heartbeat_write(heartbeat, "", 0, &fresh);
	int rc = document_open_derived(out, request->documents, path, fresh.data, err);
	buf_release(&fresh);
	return rc;
}

static int heartbeat(struct request *request, struct error *err)
{
	char timestamp[TIMESTAMP_SIZE];
	struct heartbeat heartbeat = {
		.server = request->server,
		.timestamp = request->now,
		.healthy = request_flag(request, "healthy"),
		.interval = request_int(request, "interval_seconds", 60),
		.push_every = request_int(request, "push_every", 1),
		.machine = {
			.uptime_seconds = request_int(request, "uptime_seconds", 0),
			.cpu_usage = reading(request, "cpu_usage"),
			.memory_used_gb = reading(request, "memory_used_gb"),
			.disk_free_gb = reading(request, "disk_free_gb"),
		},
	};
	struct buf path = BUF_INIT;
	struct document document = { 0 };
	fleet_server_path(&path, heartbeat.server, FLEET_HEARTBEAT_FILE);
	int rc = open_heartbeat(&document, request, path.data, &heartbeat, err);
	if (!rc) {
		heartbeat_edit(&heartbeat, document.edit, document.root);
		rc = document_save(&document, 1, request->documents, err);
	}
	if (!rc)
		buf_addf(&request->answer->subject, "Heartbeat: %s %s", heartbeat.server,
			timestamp_format(heartbeat.timestamp, timestamp));
	document_close(&document);
	buf_release(&path);
	return rc;
}

/* Not kept in the outbox: a heartbeat is only valid now. */
const struct operation heartbeat_operations[] = {
	{ "heartbeat", false, heartbeat },
	{ NULL, false, NULL },
};
