#include "request/layout.h"

#include "base/timestamp.h"
#include "fleet/heartbeat.h"
#include "fleet/files.h"
#include "fleet/server_directory.h"
#include "fleet/status.h"
#include "json/write.h"

#include <string.h>

#define BLOCK_BEGIN "# git-build: begin (kept by `git build init`)\n"
#define BLOCK_END   "# git-build: end\n"

/* The file with the server ID belongs to one clone; the shell scripts do not remove tmp.json. */
static const char ignored[] = "/.build_server_id\n"
			      "/tmp.json\n";

static void write_locks(struct buf *out)
{
	static const char *const locks[] = { "job_assignment", "config_update" };
	struct json_writer w = JSON_WRITER_INIT(out);
	json_begin(&w, '{');
	json_begin_member(&w, "locks", '{');
	for (size_t i = 0; i < sizeof(locks) / sizeof(*locks); i++) {
		json_begin_member(&w, locks[i], '{');
		json_put_null(&w, "locked_by");
		json_put_null(&w, "locked_at");
		json_put_null(&w, "expires_at");
		json_end(&w);
	}
	json_end(&w);
	json_end(&w);
	buf_addch(out, '\n');
}

static void write_build_config(int64_t now, struct buf *out)
{
	char timestamp[TIMESTAMP_SIZE];
	struct json_writer w = JSON_WRITER_INIT(out);
	json_begin(&w, '{');
	json_put_null(&w, "repository");
	json_begin_member(&w, "build", '{');
	json_put_string(&w, "maven_opts", "");
	json_begin_member(&w, "profiles", '[');
	json_end(&w);
	json_put_bool(&w, "skip_tests", false);
	json_end(&w);
	json_put_string(&w, "last_updated", timestamp_format(now, timestamp));
	json_end(&w);
	buf_addch(out, '\n');
}

static void write_dashboard(int64_t now, struct buf *out)
{
	static const char *const jobs[] = { "queued", "running", "completed_today",
		"failed_today" };
	char timestamp[TIMESTAMP_SIZE];
	struct json_writer w = JSON_WRITER_INIT(out);
	json_begin(&w, '{');
	json_put_string(&w, "timestamp", timestamp_format(now, timestamp));
	json_put_string(&w, "overall_status", "healthy");
	json_begin_member(&w, "servers", '{');
	json_end(&w);
	json_begin_member(&w, "jobs", '{');
	for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++)
		json_put_int(&w, jobs[i], 0);
	json_end(&w);
	json_begin_member(&w, "alerts", '[');
	json_end(&w);
	json_end(&w);
	buf_addch(out, '\n');
}

static void write_first_heartbeat(const struct layout_server *server, int64_t now, struct buf *out)
{
	struct heartbeat heartbeat = { .server = server->facts.server,
		.timestamp = now,
		.healthy = true,
		.interval = server->interval,
		.push_every = server->push_every,
		.machine = server->machine };
	heartbeat_write(&heartbeat, "", 0, out);
}

enum file { STATUS, HEARTBEAT, LOGS, JOBS, LOCKS, MESSAGES, BUILD_CONFIG, DASHBOARD, FILES };

static void write_file(enum file file, const struct layout_server *server, int64_t now,
	struct buf *path, struct buf *content)
{
	switch (file) {
	case STATUS:
		fleet_server_path(path, server->facts.server, FLEET_STATUS_FILE);
		status_write_new(&server->facts, "idle", now, content);
		break;
	case HEARTBEAT:
		fleet_server_path(path, server->facts.server, FLEET_HEARTBEAT_FILE);
		write_first_heartbeat(server, now, content);
		break;
	case LOGS: /* git does not store empty directories */
		fleet_server_path(path, server->facts.server, "logs/.gitkeep");
		break;
	case JOBS:
		buf_addstr(path, FLEET_JOBS_PATH);
		buf_addstr(content, fleet_file(FLEET_JOBS_PATH)->empty);
		break;
	case LOCKS:
		buf_addstr(path, FLEET_LOCKS_PATH);
		write_locks(content);
		break;
	case MESSAGES:
		buf_addstr(path, FLEET_MESSAGES_PATH);
		buf_addstr(content, fleet_file(FLEET_MESSAGES_PATH)->empty);
		break;
	case BUILD_CONFIG:
		buf_addstr(path, FLEET_BUILD_CONFIG_PATH);
		write_build_config(now, content);
		break;
	case DASHBOARD:
		buf_addstr(path, FLEET_DASHBOARD_PATH);
		write_dashboard(now, content);
		break;
	case FILES:
		break;
	}
}

static void update_block(const char *path, const char *text, size_t len, struct buf *out)
{
	const char *begin = memmem(text, len, BLOCK_BEGIN, sizeof(BLOCK_BEGIN) - 1);
	const char *end = begin
		? memmem(begin, len - (size_t)(begin - text), BLOCK_END, sizeof(BLOCK_END) - 1)
		: NULL;
	size_t before = end ? (size_t)(begin - text) : len;
	buf_add(out, text, before);
	if (before && text[before - 1] != '\n')
		buf_addch(out, '\n');
	buf_addstr(out, BLOCK_BEGIN);
	if (strcmp(path, ".gitattributes"))
		buf_addstr(out, ignored);
	else
		fleet_attributes(out);
	buf_addstr(out, BLOCK_END);
	if (end) {
		const char *rest = end + sizeof(BLOCK_END) - 1;
		buf_add(out, rest, len - (size_t)(rest - text));
	}
}

/* ---- creating the request ---- */

void layout_request(struct buf *out, const struct layout_server *server, const struct env *env)
{
	struct json_writer w;
	request_begin(&w, out, "init", server->facts.server, env);
	json_put_string_or_null(&w, "ip", server->facts.ip);
	json_put_string_or_null(&w, "manager", server->facts.manager);
	json_put_int(&w, "interval_seconds", server->interval);
	json_put_int(&w, "push_every", server->push_every);
	json_put_int(&w, "uptime_seconds", server->machine.uptime_seconds);
	json_end(&w);
}

/* ---- applying ---- */

/* Refuses a directory with a status.json or heartbeat.json that is not that of a server: the server
 * could not use it. */
static int check_directory(struct request *request, struct error *err)
{
	static const char *const names[] = { FLEET_STATUS_FILE, FLEET_HEARTBEAT_FILE };
	struct documents *documents = request->documents;
	int rc = server_directory(request->server, documents_append, documents, err);
	if (rc)
		return rc < 0 ? rc : 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !rc; i++) {
		struct buf path = BUF_INIT, text = BUF_INIT;
		fleet_server_path(&path, request->server, names[i]);
		rc = documents_append(documents, path.data, &text, err);
		if (!rc)
			rc = error_set(err, ERR_INVALID,
				"%s: exists, but is not the file of a server; choose another "
				"server ID, or move the file",
				path.data);
		rc = rc == ERR_NOT_FOUND ? 0 : rc;
		buf_release(&path);
		buf_release(&text);
	}
	return rc;
}

/* Writes a file if it is missing, and returns 1 then. An existing file is not changed, even if it
 * is not valid. */
static int write_missing(
	struct request *request, const char *path, struct buf *content, struct error *err)
{
	const char *text;
	size_t len;
	int rc = documents_read(request->documents, path, &text, &len, err);
	if (rc != ERR_NOT_FOUND)
		return rc == ERR_INVALID ? 0 : rc;
	documents_write(request->documents, path, content);
	return 1;
}

static int update_marked(struct request *request, const char *path, struct error *err)
{
	struct buf updated = BUF_INIT;
	const char *text = "";
	size_t len = 0;
	int rc = documents_read(request->documents, path, &text, &len, err);
	if (rc < 0 && rc != ERR_NOT_FOUND)
		return rc;
	update_block(path, text, len, &updated);
	rc = updated.len != len || memcmp(updated.data, text, len) != 0;
	if (rc)
		documents_write(request->documents, path, &updated);
	buf_release(&updated);
	return rc;
}

static int init(struct request *request, struct error *err)
{
	static const char *const marked[] = { ".gitattributes", ".gitignore" };
	struct layout_server server = {
		.facts = { request->server, request_string(request, "ip"),
			request_string(request, "manager") },
		.interval = request_int(request, "interval_seconds", 60),
		.push_every = request_int(request, "push_every", 1),
		.machine = { .uptime_seconds = request_int(request, "uptime_seconds", 0),
			.cpu_usage = -1,
			.memory_used_gb = -1,
			.disk_free_gb = -1 },
	};
	int rc = check_directory(request, err);
	json_begin_member(&request->answer->writer, "written", '[');
	for (enum file file = STATUS; file < FILES && rc >= 0; file++) {
		struct buf path = BUF_INIT, content = BUF_INIT;
		write_file(file, &server, request->now, &path, &content);
		rc = write_missing(request, path.data, &content, err);
		if (rc > 0)
			json_put_string(&request->answer->writer, NULL, path.data);
		buf_release(&path);
		buf_release(&content);
	}
	for (size_t i = 0; i < sizeof(marked) / sizeof(*marked) && rc >= 0; i++) {
		rc = update_marked(request, marked[i], err);
		if (rc > 0)
			json_put_string(&request->answer->writer, NULL, marked[i]);
	}
	json_end(&request->answer->writer);
	buf_addf(&request->answer->subject, "Set up %s", request->server);
	return rc < 0 ? rc : 0;
}

/* Not kept in the outbox: init continues only after it. */
const struct operation layout_operations[] = {
	{ "init", false, init },
	{ NULL, false, NULL },
};
