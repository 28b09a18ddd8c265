#include "clone/servers.h"

#include "base/alloc.h"
#include "base/timestamp.h"
#include "fleet/files.h"
#include "fleet/limits.h"
#include "fleet/names.h"
#include "clone/reading.h"
#include "json/document.h"
#include "remote/remote.h"

#include <stdlib.h>
#include <string.h>

/* The most files that are read from their last valid version: each needs a search of the history. */
enum { MOST_RESTORED = 16 };

struct taking {
	struct fleet *fleet;
	size_t capacity;
	size_t restored;
	struct repo *repo;
	struct oid commit;  /* the commit that is being read */
	const char *prefix; /* of the refs that are being read */
	struct error *err;
	int failed; /* 0, or the code of a read that failed, with the reason in `err` */
};

/* Finds the server `id`, or inserts it in order. Borrowed until the next call. */
static struct server *enlist(struct taking *t, const char *id)
{
	struct fleet *fleet = t->fleet;
	size_t low = 0, high = fleet->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(fleet->servers[middle].id, id);
		if (!order)
			return &fleet->servers[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	GROW(fleet->servers, fleet->count, t->capacity);
	memmove(&fleet->servers[low + 1], &fleet->servers[low],
		(fleet->count - low) * sizeof(*fleet->servers));
	fleet->count++;
	fleet->servers[low] = (struct server){ .id = xstrdup(id),
		.interval = FLEET_INTERVAL,
		.push_every = 1,
		.healthy = true,
		.last_build.duration = -1,
		.cpu_usage = -1,
		.memory_used_gb = -1,
		.disk_free_gb = -1 };
	return &fleet->servers[low];
}

/* A file of a server in the commit that is being read. */
struct server_file {
	struct json_doc *doc; /* NULL: there is none, or it is not valid */
	struct error err;     /* ERR_NOT_FOUND, ERR_FAILED, or ERR_INVALID with the location */
};

static void open_file(struct taking *t, const char *id, const char *name, struct server_file *file)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	*file = (struct server_file){ NULL, ERROR_INIT };
	fleet_server_path(&path, id, name);
	if (!server_read_in(t->repo, &t->commit, path.data, &text, &file->err))
		json_parse_buf(&file->doc, &text, path.data, NULL, &file->err);
	buf_release(&path);
	buf_release(&text);
}

/* Does the file show that its directory is a server's? */
static bool names_server(const struct server_file *file)
{
	return file->err.code != ERR_NOT_FOUND && server_is_named(file->doc);
}

static double reading_or(const struct json_doc *doc, const struct json_value *object,
	const char *name, double fallback)
{
	double number;
	bool is_number = json_double(doc, json_member(doc, object, name), &number);
	return is_number && number >= 0 && number < 1e9 ? number : fallback;
}

static void read_system(struct server *server, const struct json_doc *doc)
{
	const struct json_value *system = json_member(doc, json_root(doc), "system");
	server->cpu_usage = reading_or(doc, system, "cpu_usage", server->cpu_usage);
	server->memory_used_gb = reading_or(doc, system, "memory_used_gb", server->memory_used_gb);
	server->disk_free_gb = reading_or(doc, system, "disk_free_gb", server->disk_free_gb);
}

static void read_last_build(struct last_build *out, const struct json_doc *doc)
{
	const struct json_value *build = json_member(doc, json_root(doc), "last_build");
	out->id = json_strdup(doc, json_member(doc, build, "id"));
	out->status = json_strdup(doc, json_member(doc, build, "status"));
	out->completed_at = json_time(doc, json_member(doc, build, "completed_at"));
	out->duration = (int64_t)reading_or(doc, build, "duration_seconds", -1);
}

/* Can the document be used? A heartbeat must have a time. */
static int check_file(
	const struct json_doc *doc, const char *path, bool is_heartbeat, struct error *err)
{
	size_t len;
	int64_t when;
	const char *time = json_string(doc, json_member(doc, json_root(doc), "timestamp"), &len);
	if (json_root(doc)->type != JSON_OBJECT)
		return error_set(err, ERR_INVALID, "%s:1:1: not an object", path);
	if (is_heartbeat && (!time || !timestamp_parse(time, len, &when)))
		return error_set(err, ERR_INVALID, "%s: no valid timestamp", path);
	return 0;
}

/* Reads a file that is not valid from its last valid version, if there is one, and notes the
 * problem. */
static void restore(struct taking *t, struct server *server, const char *path, bool is_heartbeat,
	struct server_file *file)
{
	struct buf text = BUF_INIT, problem = BUF_INIT;
	struct reading reading = { .repo = t->repo, .tip = t->commit };
	struct error why = ERROR_INIT;
	int rc = ERR_INVALID;
	json_doc_free(file->doc);
	file->doc = NULL;
	if (t->restored++ < MOST_RESTORED)
		rc = reading_restored(&reading, path, &text, &why);
	if (rc == ERR_FAILED)
		t->failed = error_set(t->err, rc, "%s", why.text);
	if (!rc)
		rc = json_parse_buf(&file->doc, &text, path, NULL, NULL);
	if (!rc && (rc = check_file(file->doc, path, is_heartbeat, NULL)) < 0) {
		json_doc_free(file->doc);
		file->doc = NULL;
	}
	buf_addf(&problem, "%s%s%s%s", server->problem ? server->problem : "",
		server->problem ? "; " : "", file->err.text,
		rc ? "" : "; using its last valid version");
	free(server->problem);
	server->problem = buf_detach(&problem);
	buf_release(&text);
}

/* Adds server `id`, whose file was read. A file that is not valid is noted, and read from its last valid
 * version. NULL if there is no document. */
static struct server *take_server(
	struct taking *t, const char *id, const char *name, struct server_file *file)
{
	struct buf path = BUF_INIT;
	bool is_heartbeat = !strcmp(name, FLEET_HEARTBEAT_FILE);
	if (file->err.code == ERR_NOT_FOUND)
		return NULL;
	struct server *server = enlist(t, id);
	fleet_server_path(&path, id, name);
	if (file->doc)
		check_file(file->doc, path.data, is_heartbeat, &file->err);
	if (is_heartbeat)
		server->has_unreadable_heartbeat = file->err.code != 0;
	if (file->err.code)
		restore(t, server, path.data, is_heartbeat, file);
	buf_release(&path);
	return file->doc ? server : NULL;
}

static void take_status(struct taking *t, const char *id, struct server_file *file)
{
	struct server *server = take_server(t, id, FLEET_STATUS_FILE, file);
	if (!server)
		return;
	const struct json_doc *doc = file->doc;
	const struct json_value *root = json_root(doc);
	const struct json_value *job = json_member(doc, root, "current_job");
	server->manager = json_strdup(doc, json_member(doc, root, "manager"));
	server->ip = json_strdup(doc, json_member(doc, root, "ip"));
	server->status = json_strdup(doc, json_member(doc, root, "status"));
	server->job = json_strdup(doc, json_member(doc, job, "id"));
	server->job_branch = json_strdup(doc, json_member(doc, job, "branch"));
	server->status_at = json_time(doc, json_member(doc, root, "timestamp"));
	const struct json_value *paused = json_member(doc, root, "paused");
	server->paused = json_strdup(doc, json_member(doc, paused, "reason"));
	server->paused_since = json_time(doc, json_member(doc, paused, "since"));
	read_system(server, doc);
	read_last_build(&server->last_build, doc);
}

static int64_t number_or(
	const struct json_doc *doc, const char *name, int64_t least, int64_t most, int64_t fallback)
{
	int64_t number;
	bool is_number = json_int64(doc, json_member(doc, json_root(doc), name), &number);
	return is_number && number >= least && number <= most ? number : fallback;
}

static void take_heartbeat(struct taking *t, const char *id, struct server_file *file)
{
	struct server *server = take_server(t, id, FLEET_HEARTBEAT_FILE, file);
	if (!server)
		return;
	const struct json_doc *doc = file->doc;
	const struct json_value *healthy = json_member(doc, json_root(doc), "healthy");
	int64_t when = json_time(doc, json_member(doc, json_root(doc), "timestamp"));
	if (when >= server->last_heartbeat) {
		/* Of equally old ones, use the one that is read later: that on the heartbeat
		 * branch. */
		server->last_heartbeat = when;
		server->interval =
			number_or(doc, "interval_seconds", 1, 86400 * 365, FLEET_INTERVAL);
		server->push_every = number_or(doc, "push_every", 1, 1000000, 1);
		server->healthy = !healthy || healthy->type != JSON_FALSE;
		server->heartbeat_commit = t->commit;
		if (when >= server->status_at)
			read_system(server, doc);
	}
}

static bool is_server(const struct entry *entry)
{
	return entry->mode == 040000 && !fleet_check_id(entry->name, NULL);
}

/* Takes both files of the directory `id` if it is a server's (fleet/server_directory.h), or only its
 * heartbeat. */
static int read_files(struct taking *t, const char *id, bool only_heartbeat)
{
	struct server_file status, heartbeat;
	open_file(t, id, FLEET_STATUS_FILE, &status);
	open_file(t, id, FLEET_HEARTBEAT_FILE, &heartbeat);
	const struct error *failed = status.err.code == ERR_FAILED ? &status.err
		: heartbeat.err.code == ERR_FAILED                 ? &heartbeat.err
								   : NULL;
	bool is_theirs = names_server(&status) || names_server(&heartbeat);
	int rc = failed ? error_set(t->err, ERR_FAILED, "%s", failed->text) : 0;
	if (!rc && is_theirs && !only_heartbeat)
		take_status(t, id, &status);
	if (!rc && is_theirs)
		take_heartbeat(t, id, &heartbeat);
	json_doc_free(status.doc);
	json_doc_free(heartbeat.doc);
	return rc ? rc : t->failed;
}

static int read_server_directory(const struct entry *entry, void *data)
{
	return is_server(entry) ? read_files(data, entry->name, false) : 0;
}

static int read_heartbeat_directory(const struct entry *entry, void *data)
{
	return is_server(entry) ? read_files(data, entry->name, true) : 0;
}

/* A ref such as refs/remotes/origin/heartbeat-build1. Its name is that of a server. */
static int read_heartbeat_ref(const char *name, const struct oid *oid, void *data)
{
	struct taking *t = data;
	const char *id = name + strlen(t->prefix);
	struct server_file heartbeat;
	int rc = 0;
	t->commit = *oid;
	if (fleet_check_id(id, NULL) < 0)
		return 0;
	open_file(t, id, FLEET_HEARTBEAT_FILE, &heartbeat);
	if (heartbeat.err.code == ERR_FAILED)
		rc = error_set(t->err, ERR_FAILED, "%s", heartbeat.err.text);
	else
		take_heartbeat(t, id, &heartbeat);
	json_doc_free(heartbeat.doc);
	return rc ? rc : t->failed;
}

/* Calls `each` for the root directory of the branch `name`, if it exists; `t->commit` is its
 * tip. */
static int read_branch(
	struct taking *t, const char *name, int (*each)(const struct entry *entry, void *data))
{
	int rc = repo_ref(t->repo, name, &t->commit, t->err);
	if (rc == ERR_NOT_FOUND)
		t->commit = OID_NONE;
	return rc == ERR_NOT_FOUND ? 0
		: rc               ? rc
				   : repo_list(t->repo, &t->commit, "", each, t, t->err);
}

static int read_branches(struct taking *t, const struct settings *settings, struct error *err)
{
	struct buf name = BUF_INIT;
	bool remote = remote_exists(t->repo, settings->remote);
	const char *own =
		settings->heartbeat_branch ? settings->heartbeat_branch : settings->branch;
	int rc;
	t->err = err;
	buf_addstr(&name, "refs/");
	if (remote)
		buf_addf(&name, "remotes/%s/", settings->remote);
	else
		buf_addstr(&name, "heads/");
	size_t prefix = name.len;
	buf_addstr(&name, settings->branch);
	rc = read_branch(t, name.data, read_server_directory);
	t->fleet->tip = t->commit;
	/* A branch with a custom name may have the heartbeats of several servers. */
	buf_truncate(&name, prefix);
	buf_addstr(&name, own);
	if (!rc && strcmp(own, settings->branch))
		rc = read_branch(t, name.data, read_heartbeat_directory);
	buf_truncate(&name, prefix);
	buf_addstr(&name, FLEET_HEARTBEAT_BRANCH);
	t->prefix = name.data;
	if (!rc)
		rc = repo_ref_each(t->repo, name.data, read_heartbeat_ref, t, err);
	buf_release(&name);
	return rc;
}

/* Fetches all branches that are read, at once. */
static int fetch_all(struct repo *repo, const struct settings *settings, struct error *err)
{
	struct remote_settings remote = { settings->remote, settings->timeout_ms };
	struct buf specs[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
	const char *names[3] = { FLEET_HEARTBEAT_BRANCH "*", settings->branch,
		settings->heartbeat_branch };
	const char *refspecs[4] = { NULL };
	/* git fails if a named branch does not exist, but not if a pattern matches nothing. */
	for (int i = 0; i < 3; i++)
		if (names[i])
			buf_addf(&specs[i], "+refs/heads/%s%s:refs/remotes/%s/%s%s", names[i],
				i ? "*" : "", settings->remote, names[i], i ? "*" : "");
	size_t count = 0;
	for (int i = 0; i < 3; i++)
		if (specs[i].len &&
			!(i == 2 &&
				(!strcmp(names[2], names[1]) ||
					!strncmp(names[2], FLEET_HEARTBEAT_BRANCH,
						sizeof(FLEET_HEARTBEAT_BRANCH) - 1))))
			refspecs[count++] = specs[i].data;
	int rc = remote_fetch(repo, &remote, refspecs, err);
	for (int i = 0; i < 3; i++)
		buf_release(&specs[i]);
	return rc;
}

int fleet_take(struct fleet *out, struct repo *repo, const struct settings *settings, bool fetch,
	const struct env *env, struct error *err)
{
	struct fleet fleet = { .now = env_now(env) };
	bool fetched = false;
	struct taking taking = { .fleet = &fleet, .repo = repo };
	if (fetch && !remote_exists(repo, settings->remote))
		error_set(&fleet.offline, ERR_NOT_FOUND, "this clone has no remote '%s'",
			settings->remote);
	else if (fetch)
		fetched = !fetch_all(repo, settings, &fleet.offline);
	if (fetched) {
		reading_note_fetch(repo, READING_FLEET, fleet.now);
		reading_note_fetch(repo, READING_BRANCH, fleet.now);
	}
	fleet.fetched_at = fleet.now;
	int rc = fetched ? 0 : reading_fetched_at(repo, READING_FLEET, &fleet.fetched_at, err);
	if (!rc)
		rc = read_branches(&taking, settings, err);
	if (rc < 0) {
		fleet_release(&fleet);
		return rc;
	}
	for (size_t i = 0; i < fleet.count; i++) {
		struct server *server = &fleet.servers[i];
		server->age = server->last_heartbeat ? fleet.now - server->last_heartbeat : 0;
		server->state = server_state(server, fleet.now);
	}
	*out = fleet;
	return 0;
}
