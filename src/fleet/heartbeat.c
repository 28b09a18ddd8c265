#include "fleet/heartbeat.h"

#include "base/timestamp.h"
#include "json/edit.h"
#include "json/write.h"

static void write_system(const struct machine *machine, struct buf *out)
{
	struct json_writer w = JSON_WRITER_INIT(out);
	json_begin(&w, '{');
	if (machine->cpu_usage >= 0)
		json_put_double(&w, "cpu_usage", machine->cpu_usage, 1);
	if (machine->memory_used_gb >= 0)
		json_put_double(&w, "memory_used_gb", machine->memory_used_gb, 1);
	if (machine->disk_free_gb >= 0)
		json_put_double(&w, "disk_free_gb", machine->disk_free_gb, 1);
	json_end(&w);
}

void heartbeat_edit(
	const struct heartbeat *heartbeat, struct json_edit *edit, const struct json_value *root)
{
	char timestamp[TIMESTAMP_SIZE];
	struct buf system = BUF_INIT;
	json_edit_set_string(edit, root, "server", heartbeat->server);
	json_edit_set_string(
		edit, root, "timestamp", timestamp_format(heartbeat->timestamp, timestamp));
	json_edit_set_int(edit, root, "uptime_seconds", heartbeat->machine.uptime_seconds);
	json_edit_set_bool(edit, root, "healthy", heartbeat->healthy);
	json_edit_set_int(edit, root, "interval_seconds", heartbeat->interval);
	json_edit_set_int(edit, root, "push_every", heartbeat->push_every);
	write_system(&heartbeat->machine, &system);
	json_edit_set(edit, root, "system", system.data, system.len);
	buf_release(&system);
}

void heartbeat_write(
	const struct heartbeat *heartbeat, const char *previous, size_t len, struct buf *out)
{
	static const char fresh[] = "{}\n";
	struct json_doc *doc = NULL;
	if (json_parse(&doc, previous, len, "heartbeat.json", NULL, NULL) == 0 &&
		json_root(doc)->type != JSON_OBJECT) {
		json_doc_free(doc);
		doc = NULL;
	}
	if (!doc && json_parse(&doc, fresh, sizeof(fresh) - 1, "heartbeat.json", NULL, NULL) < 0)
		return;

	struct json_edit *edit = json_edit_new(doc);
	heartbeat_edit(heartbeat, edit, json_root(doc));
	json_edit_write(edit, out, NULL);
	json_edit_free(edit);
	json_doc_free(doc);
}
