#include "schema/builtin.h"

#include "base/nearest.h"
#include "schema/embedded.h"

#include <string.h>

const char *const builtin_names[] = { "artifacts", "build_config", "health_dashboard", "heartbeat",
	"jobs", "locks", "message_rules", "message_stats", "messages", "status", NULL };

const char *builtin_text(const char *name, size_t *len)
{
	static const char directory[] = "builtin/";
	for (const struct embedded *file = embedded_files; file->name; file++)
		if (!strncmp(file->name, directory, sizeof(directory) - 1) &&
			!strcmp(file->name + sizeof(directory) - 1, name)) {
			*len = file->len;
			return file->text;
		}
	return NULL;
}

/* "logs/<job>-artifacts.json" */
static bool is_manifest(const char *path)
{
	static const char directory[] = "logs/", suffix[] = "-artifacts.json";
	size_t len = strlen(path), least = sizeof(directory) - 1 + sizeof(suffix) - 1;
	return len > least && !strncmp(path, directory, sizeof(directory) - 1) &&
		!strchr(path + sizeof(directory) - 1, '/') &&
		!strcmp(path + len - (sizeof(suffix) - 1), suffix);
}

/* "coordination/archive/<list><month>.json" */
static bool is_archive(const char *path, const char *list)
{
	static const char directory[] = "coordination/archive/", suffix[] = ".json";
	size_t len = strlen(path), head = sizeof(directory) - 1, tail = sizeof(suffix) - 1;
	return len > head + strlen(list) + tail && !strncmp(path, directory, head) &&
		!strncmp(path + head, list, strlen(list)) && !strchr(path + head, '/') &&
		!strcmp(path + len - tail, suffix);
}

const char *builtin_for_path(const char *path)
{
	static const char *const paths[][2] = {
		{ "coordination/jobs.json", "jobs" },
		{ "coordination/locks.json", "locks" },
		{ "coordination/messages.json", "messages" },
		{ "coordination/message_stats.json", "message_stats" },
		{ "shared/build_config.json", "build_config" },
		{ "shared/message_rules.json", "message_rules" },
		{ "shared/health_dashboard.json", "health_dashboard" },
	};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (!strcmp(path, paths[i][0]))
			return paths[i][1];
	if (is_archive(path, "jobs-"))
		return "jobs";
	if (is_archive(path, "messages-"))
		return "messages";
	const char *slash = strchr(path, '/');
	if (!slash || slash == path || !strncmp(path, "coordination/", 13) ||
		!strncmp(path, "shared/", 7) || !strncmp(path, "schemas/", 8))
		return NULL;
	return !strcmp(slash, "/status.json")       ? "status"
		: !strcmp(slash, "/heartbeat.json") ? "heartbeat"
		: is_manifest(slash + 1)            ? "artifacts"
						    : NULL;
}

int builtin_compile(
	struct schema_set *set, const struct schema **out, const char *name, struct error *err)
{
	size_t len;
	const char *text = builtin_text(name, &len);
	if (!text) {
		struct nearest nearest = NEAREST_INIT(name);
		for (size_t i = 0; builtin_names[i]; i++)
			nearest_try(&nearest, builtin_names[i]);
		return error_set(err, ERR_NOT_FOUND, "unknown built-in schema '%s'%s%s%s", name,
			nearest.word ? "; did you mean " : "", nearest.word ? nearest.word : "",
			nearest.word ? "?" : "");
	}
	struct buf copy = BUF_INIT, shown = BUF_INIT;
	buf_add(&copy, text, len);
	buf_addf(&shown, "%s.schema.json", name);
	int rc = schema_compile(set, out, &copy, shown.data, NULL, err);
	buf_release(&shown);
	return rc;
}
