#include "overview/overview.h"

#include "base/alloc.h"
#include "fleet/files.h"
#include "clone/reading.h"
#include "overview/builds.h"

#include <stdlib.h>
#include <string.h>

struct taking {
	struct overview *overview;
	struct repo *repo;
	struct reading reading; /* of the commit at which the fleet is read */
	size_t errors_capacity;
	struct error failure; /* of a read; its code is 0 if there was none */
};

/* ---- problems ---- */

static const char *copy(struct overview *overview, const char *text)
{
	return text ? arena_strndup(&overview->arena, text, strlen(text)) : NULL;
}

void overview_problem(
	struct overview *overview, const char *server, const char *path, const char *words)
{
	GROW(overview->troubles, overview->troubles_count, overview->troubles_capacity);
	overview->troubles[overview->troubles_count++] = (struct problem){ copy(overview, server),
		copy(overview, path), copy(overview, words) };
}

/* The first warning about a file is why it is not valid; the others are about its repair. */
static void note_problem(const char *path, const char *line, void *data)
{
	struct overview *overview = data;
	for (size_t i = 0; i < overview->troubles_count; i++)
		if (overview->troubles[i].path && !strcmp(overview->troubles[i].path, path))
			return;
	overview_problem(overview, NULL, path, line);
}

/* Reads the coordination file `path` and its member `name`. A file that is not valid is added as a
 * problem. If a file cannot be read, overview_take() fails. */
static const struct json_value *read_shared(
	struct taking *t, const char *path, const char *name, struct json_doc **doc)
{
	struct error err = ERROR_INIT;
	const struct json_value *member;
	int rc = reading_document(&t->reading, path, name, doc, &member, &err);
	if (rc == ERR_FAILED)
		t->failure = err;
	else if (rc < 0)
		overview_problem(t->overview, NULL, path, err.text);
	return member;
}

/* ---- locks and messages ---- */

static void read_locks(struct taking *t)
{
	struct overview *o = t->overview;
	const struct json_value *locks = read_shared(t, FLEET_LOCKS_PATH, "locks", &o->locks_doc);
	if (!locks || locks->type != JSON_OBJECT)
		return;
	o->locks = arena_array(&o->arena, locks->count + 1, sizeof(*o->locks));
	JSON_EACH (member, locks)
		o->locks[o->locks_count++] =
			lock_read(o->locks_doc, member, o->fleet.now, &o->arena);
}

static void count_error(struct taking *t, const struct message *message)
{
	struct overview *o = t->overview;
	size_t i = 0;
	if (!message->to)
		return;
	while (i < o->errors_count && strcmp(o->errors[i].to, message->to) != 0)
		i++;
	if (i == o->errors_count) {
		GROW(o->errors, o->errors_count, t->errors_capacity);
		o->errors[o->errors_count++] = (struct unread_errors){ .to = message->to };
	}
	o->errors[i].count++;
	o->errors[i].newest = *message;
}

/* Most messages are only counted; these are not read in full. */
static void read_messages(struct taking *t, size_t most)
{
	struct overview *o = t->overview;
	const struct json_value *messages =
		read_shared(t, FLEET_MESSAGES_PATH, "messages", &o->messages_doc);
	if (!messages || messages->type != JSON_ARRAY)
		return;
	const struct json_doc *doc = o->messages_doc;
	size_t left = messages->count;
	o->messages = arena_array(&o->arena, (most < left ? most : left) + 1, sizeof(*o->messages));
	JSON_EACH (value, messages) {
		struct message message;
		const struct json_value *read = json_member(doc, value, "read");
		bool unread = !read || read->type != JSON_TRUE;
		bool error =
			unread && json_string_is(doc, json_member(doc, value, "type"), "error");
		bool listed = left-- <= most;
		o->messages_total++;
		o->messages_unread += unread;
		if ((error || listed) && message_parse(&message, doc, value, &o->arena)) {
			if (error)
				count_error(t, &message);
			if (listed)
				o->messages[o->messages_count++] = message;
		}
	}
	for (size_t i = 0; i < o->messages_count / 2; i++) {
		struct message other = o->messages[i];
		o->messages[i] = o->messages[o->messages_count - 1 - i];
		o->messages[o->messages_count - 1 - i] = other;
	}
}

/* ---- heartbeats ---- */

/* Reads the times of the commits on the heartbeat branch of the server. */
static int read_heartbeats(struct taking *t, size_t index, size_t most, struct error *err)
{
	struct overview *o = t->overview;
	const struct server *server = &o->fleet.servers[index];
	struct heartbeat_times *heartbeats = &o->heartbeats[index];
	struct commit commit = { .message = BUF_INIT };
	int rc = 1;
	if (!server->last_heartbeat)
		return 0;
	heartbeats->times = arena_array(&o->arena, most + 1, sizeof(*heartbeats->times));
	if (most)
		heartbeats->times[heartbeats->count++] = server->last_heartbeat;
	/* Not all commits on the shared branch are heartbeats. */
	if (oid_equal(&server->heartbeat_commit, &o->fleet.tip))
		return 0;
	if (repo_commit(t->repo, &server->heartbeat_commit, &commit, err) < 0)
		rc = ERR_FAILED;
	heartbeats->committed_at = commit.time;
	while (rc > 0 && heartbeats->count < most && !oid_is_none(&commit.parent)) {
		struct oid parent = commit.parent;
		rc = repo_has(t->repo, &parent, err);
		if (rc > 0 && repo_commit(t->repo, &parent, &commit, err) < 0)
			rc = ERR_FAILED;
		if (rc > 0) /* else the history of a shallow clone ends here */
			heartbeats->times[heartbeats->count++] = commit.time;
	}
	buf_release(&commit.message);
	return rc < 0 ? rc : 0;
}

/* ---- the whole overview ---- */

int overview_take(struct overview *out, struct repo *repo, const struct settings *settings,
	const struct overview_plan *plan, const struct env *env, struct error *err)
{
	struct taking t = { .overview = out, .repo = repo };
	*out = (struct overview){ .arena = ARENA_INIT };
	int rc = fleet_take(&out->fleet, repo, settings, plan->fetch, env, err);
	if (rc < 0)
		return rc;
	rc = reading_check_fleet(repo, settings, &out->fleet.tip, err);
	if (rc < 0) {
		overview_release(out);
		return rc;
	}
	t.reading = (struct reading){ .repo = repo,
		.tip = out->fleet.tip,
		.now = out->fleet.now,
		.fetched_at = out->fleet.fetched_at,
		.warn = note_problem,
		.warn_data = out };
	for (size_t i = 0; i < out->fleet.count; i++)
		if (out->fleet.servers[i].problem)
			overview_problem(
				out, out->fleet.servers[i].id, NULL, out->fleet.servers[i].problem);
	const struct json_value *jobs = read_shared(&t, FLEET_JOBS_PATH, "jobs", &out->jobs_doc);
	jobs_read(&out->jobs, out->jobs_doc, jobs, &out->arena);
	read_locks(&t);
	read_messages(&t, plan->messages);
	rc = t.failure.code ? error_set(err, ERR_FAILED, "%s", t.failure.text)
			    : builds_read(out, repo, plan->builds, err);
	out->heartbeats = arena_zero(&out->arena, out->fleet.count + 1, sizeof(*out->heartbeats));
	for (size_t i = 0; !rc && i < out->fleet.count; i++)
		rc = read_heartbeats(&t, i, plan->heartbeats, err);
	if (rc < 0)
		overview_release(out);
	return rc;
}

void overview_release(struct overview *overview)
{
	fleet_release(&overview->fleet);
	json_doc_free(overview->jobs_doc);
	json_doc_free(overview->locks_doc);
	json_doc_free(overview->messages_doc);
	free(overview->errors);
	free(overview->troubles);
	arena_release(&overview->arena);
	*overview = (struct overview){ .arena = ARENA_INIT };
}

const struct server *overview_server(const struct overview *overview, const char *id)
{
	const struct fleet *fleet = &overview->fleet;
	for (size_t i = 0; id && i < fleet->count; i++)
		if (!strcmp(fleet->servers[i].id, id))
			return &fleet->servers[i];
	return NULL;
}

size_t overview_count_jobs(const struct overview *overview, enum job_status status)
{
	size_t count = 0;
	for (size_t i = 0; i < overview->jobs.count; i++)
		count += job_is(&overview->jobs.jobs[i], status);
	return count;
}
