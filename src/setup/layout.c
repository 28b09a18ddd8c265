#include "setup/layout.h"

#include "base/timestamp.h"
#include "fleet/heartbeat.h"
#include "fleet/names.h"
#include "fleet/status.h"
#include "json/write.h"

#include <string.h>

#define BLOCK_BEGIN "# git-build: begin (kept by `git build init`)\n"
#define BLOCK_END   "# git-build: end\n"

const char *const layout_block_files[] = { ".gitattributes", ".gitignore", NULL };

/* Which file is merged and judged by which schema: git's own mechanism, an attribute. */
static const char attributes[] =
	"*/status.json merge=git-build build-schema=status\n"
	"*/heartbeat.json merge=git-build build-schema=heartbeat\n"
	"*/logs/*-artifacts.json merge=git-build build-schema=artifacts\n"
	"coordination/jobs.json merge=git-build build-schema=jobs\n"
	"coordination/archive/jobs-*.json merge=git-build build-schema=jobs\n"
	"coordination/archive/messages-*.json merge=git-build build-schema=messages\n"
	"coordination/locks.json merge=git-build build-schema=locks\n"
	"coordination/messages.json merge=git-build build-schema=messages\n"
	"coordination/message_stats.json merge=git-build build-schema=message_stats\n"
	"shared/message_rules.json merge=git-build build-schema=message_rules\n"
	"shared/build_config.json merge=git-build build-schema=build_config\n"
	"shared/health_dashboard.json merge=git-build build-schema=health_dashboard\n";

/* The server's id file is this clone's alone; tmp.json is what the shell scripts leave behind. */
static const char ignored[] = "/.build_server_id\n"
			      "/tmp.json\n";

static void write_jobs(struct buf *out)
{
	buf_addstr(out, "{\n  \"jobs\": []\n}\n");
}

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

static void write_messages(struct buf *out)
{
	buf_addstr(out, "{\n  \"messages\": []\n}\n");
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

static void write_first_beat(const struct settings *settings, int64_t now, struct buf *out)
{
	struct beat beat = { .server = settings->server,
		.timestamp = now,
		.healthy = true,
		.interval = settings->interval,
		.push_every = settings->push_every };
	struct machine_sample sample = { 0 };
	machine_read(&beat.machine, &sample, ".");
	beat_write(&beat, "", 0, out);
}

enum file { STATUS, HEARTBEAT, LOGS, JOBS, LOCKS, MESSAGES, BUILD_CONFIG, DASHBOARD, FILES };

static void write_file(enum file file, const struct settings *settings, int64_t now,
	struct buf *path, struct buf *content)
{
	switch (file) {
	case STATUS:
		fleet_server_path(path, settings->server, FLEET_STATUS_FILE);
		status_write_new(&(struct server_facts){ settings->server, settings->ip,
					 settings->manager },
			"idle", now, content);
		break;
	case HEARTBEAT:
		fleet_server_path(path, settings->server, FLEET_HEARTBEAT_FILE);
		write_first_beat(settings, now, content);
		break;
	case LOGS: /* git keeps no empty folder */
		fleet_server_path(path, settings->server, "logs/.gitkeep");
		break;
	case JOBS:
		buf_addstr(path, FLEET_JOBS_PATH);
		write_jobs(content);
		break;
	case LOCKS:
		buf_addstr(path, FLEET_LOCKS_PATH);
		write_locks(content);
		break;
	case MESSAGES:
		buf_addstr(path, FLEET_MESSAGES_PATH);
		write_messages(content);
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

int layout_each_file(const struct settings *settings, int64_t now,
	int (*each)(const char *path, const struct buf *content, void *data), void *data)
{
	int rc = 0;
	for (enum file file = STATUS; file < FILES && !rc; file++) {
		struct buf path = BUF_INIT, content = BUF_INIT;
		write_file(file, settings, now, &path, &content);
		rc = each(path.data, &content, data);
		buf_release(&path);
		buf_release(&content);
	}
	return rc;
}

void layout_update_block(const char *path, const char *text, size_t len, struct buf *out)
{
	const char *lines = strcmp(path, ".gitattributes") ? ignored : attributes;
	const char *begin = memmem(text, len, BLOCK_BEGIN, sizeof(BLOCK_BEGIN) - 1);
	const char *end = begin
		? memmem(begin, len - (size_t)(begin - text), BLOCK_END, sizeof(BLOCK_END) - 1)
		: NULL;
	size_t before = end ? (size_t)(begin - text) : len;
	buf_add(out, text, before);
	if (before && text[before - 1] != '\n')
		buf_addch(out, '\n');
	buf_addstr(out, BLOCK_BEGIN);
	buf_addstr(out, lines);
	buf_addstr(out, BLOCK_END);
	if (end) {
		const char *rest = end + sizeof(BLOCK_END) - 1;
		buf_add(out, rest, len - (size_t)(rest - text));
	}
}
