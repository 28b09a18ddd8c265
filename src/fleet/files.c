#include "fleet/files.h"

#include <string.h>

#define NO_JOBS     "{\n  \"jobs\": []\n}\n"
#define NO_LOCKS    "{\n  \"locks\": {}\n}\n"
#define NO_MESSAGES "{\n  \"messages\": []\n}\n"
#define ARCHIVE     FLEET_ARCHIVE_DIRECTORY "/"

/* The first row that matches is used. The lines of .gitattributes are in this order. */
static const struct fleet_file files[] = {
	{ FLEET_STATUS, "*/" FLEET_STATUS_FILE, "status", NULL },
	{ FLEET_HEARTBEAT, "*/" FLEET_HEARTBEAT_FILE, "heartbeat", NULL },
	{ FLEET_MANIFEST, "*/logs/*-artifacts.json", "artifacts", NULL },
	{ FLEET_LOG, "*/logs/*", NULL, NULL },
	{ FLEET_JOBS, FLEET_JOBS_PATH, "jobs", NO_JOBS },
	{ FLEET_ARCHIVE, ARCHIVE "jobs-*.json", "jobs", NO_JOBS },
	{ FLEET_ARCHIVE, ARCHIVE "messages-*.json", "messages", NO_MESSAGES },
	{ FLEET_ARCHIVE, ARCHIVE "*", NULL, NULL },
	{ FLEET_LOCKS, FLEET_LOCKS_PATH, "locks", NO_LOCKS },
	{ FLEET_MESSAGES, FLEET_MESSAGES_PATH, "messages", NO_MESSAGES },
	{ FLEET_MESSAGES, "coordination/message_stats.json", "message_stats", NULL },
	{ FLEET_MESSAGE_RULES, FLEET_MESSAGE_RULES_PATH, "message_rules", NULL },
	{ FLEET_BUILD_CONFIG, FLEET_BUILD_CONFIG_PATH, "build_config", NULL },
	{ FLEET_DASHBOARD, FLEET_DASHBOARD_PATH, "health_dashboard", NULL },
	{ FLEET_OTHER, NULL, NULL, NULL },
};

static bool matches(const char *pattern, const char *path)
{
	for (; *pattern && *pattern != '*'; pattern++, path++)
		if (*pattern != *path)
			return false;
	if (!*pattern)
		return !*path;
	while (*path && *path != '/')
		if (matches(pattern + 1, ++path))
			return true;
	return false;
}

const char *const fleet_common_directories[] = { "coordination", "shared", FLEET_SCHEMAS_DIRECTORY,
	NULL };

static bool is_common(const char *name, size_t len)
{
	for (const char *const *at = fleet_common_directories; *at; at++)
		if (strlen(*at) == len && !memcmp(*at, name, len))
			return true;
	return false;
}

const struct fleet_file *fleet_file(const char *path)
{
	const struct fleet_file *file = files;
	/* The directories of the fleet have no files of a server. */
	bool of_server = !is_common(path, strcspn(path, "/"));
	while (file->pattern &&
		((*file->pattern == '*' && !of_server) || !matches(file->pattern, path)))
		file++;
	return file;
}

bool fleet_needs_server(const char *path, struct buf *directory)
{
	enum fleet_kind kind = fleet_file(path)->kind;
	if (kind != FLEET_STATUS && kind != FLEET_HEARTBEAT)
		return false;
	if (directory)
		buf_add(directory, path, strcspn(path, "/"));
	return true;
}

bool fleet_assigns(const char *path, const char *schema)
{
	const struct fleet_file *file = fleet_file(path);
	return file->schema && !strcmp(file->schema, schema);
}

static bool is_schema(const char *path)
{
	static const char schemas[] = FLEET_SCHEMAS_DIRECTORY "/";
	return !strncmp(path, schemas, sizeof(schemas) - 1);
}

bool fleet_may_be_exempt(const char *path)
{
	return fleet_file(path)->kind == FLEET_OTHER && !is_schema(path);
}

enum json_format fleet_format(const char *path, const char *attribute)
{
	bool fixed = fleet_file(path)->schema || is_schema(path);
	return json_format_of(path, fixed ? NULL : attribute);
}

void fleet_attributes(struct buf *out)
{
	for (const struct fleet_file *file = files; file->pattern; file++)
		if (file->schema)
			buf_addf(out, "%s merge=git-build build-schema=%s\n", file->pattern,
				file->schema);
}

void fleet_server_path(struct buf *out, const char *server, const char *file)
{
	buf_addf(out, "%s/%s", server, file);
}
