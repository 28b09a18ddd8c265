#include "notify/notices.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "notify/command.h"
#include "notify/changes.h"
#include "json/document.h"
#include "json/write.h"
#include "git/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_FILE "notices"

enum { STATE_LIMIT = 16 << 20, MOST_FAILURES = 5 };

static void free_notice(struct notice *notice)
{
	free(notice->id);
	free(notice->event);
	free(notice->text);
	free(notice->message);
	free(notice->job);
	free(notice->lock);
	free(notice->about);
}

void notices_release(struct notices *notices)
{
	for (size_t i = 0; i < notices->count; i++)
		free_notice(&notices->list[i]);
	free(notices->list);
	*notices = (struct notices){ 0 };
}

static struct notice *add(struct notices *notices, const char *event, char *id, char *text)
{
	GROW(notices->list, notices->count, notices->capacity);
	struct notice *notice = &notices->list[notices->count++];
	*notice = (struct notice){ .id = id, .event = xstrdup(event), .text = text };
	return notice;
}

/* ---- the events that were already reported ---- */

struct names {
	char **list;
	size_t count, capacity;
};

static void names_add(struct names *names, const char *name)
{
	GROW(names->list, names->count, names->capacity);
	names->list[names->count++] = xstrdup(name);
}

static bool names_have(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->list[i], name))
			return true;
	return false;
}

static void names_release(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i]);
	free(names->list);
	*names = (struct names){ 0 };
}

struct state {
	struct oid tip; /* all events up to it were reported; OID_NONE: this is the first run */
	struct names silent; /* servers that were reported as silent */
	struct names told;   /* IDs of events after `tip` that were reported */
	int64_t failures;    /* how often the command has failed for the next event */
};

static void state_release(struct state *state)
{
	names_release(&state->silent);
	names_release(&state->told);
}

static void read_names(struct names *out, const struct json_doc *doc, const char *name)
{
	const struct json_value *list = json_member(doc, json_root(doc), name);
	JSON_EACH (value, list) {
		char *text = value->type == JSON_STRING ? json_strdup(doc, value) : NULL;
		if (text)
			names_add(out, text);
		free(text);
	}
}

/* If the file does not exist, or is not valid, this is the first run. */
static int recall(struct state *state, struct repo *repo, struct error *err)
{
	struct buf text = BUF_INIT;
	struct json_doc *doc = NULL;
	*state = (struct state){ .tip = OID_NONE };
	int rc = state_read(&text, repo, STATE_FILE, STATE_LIMIT, err);
	if (!rc && !json_parse_buf(&doc, &text, STATE_FILE, NULL, NULL)) {
		char *tip = json_strdup(doc, json_member(doc, json_root(doc), "tip"));
		if (!tip || !oid_parse(&state->tip, tip))
			state->tip = OID_NONE;
		free(tip);
		read_names(&state->silent, doc, "silent");
		read_names(&state->told, doc, "told");
		json_int64(doc, json_member(doc, json_root(doc), "failures"), &state->failures);
	}
	json_doc_free(doc);
	buf_release(&text);
	return rc == ERR_FAILED ? rc : 0;
}

static void put_names(struct json_writer *w, const char *name, const struct names *names)
{
	json_begin_member(w, name, '[');
	for (size_t i = 0; i < names->count; i++)
		json_put_string(w, NULL, names->list[i]);
	json_end(w);
}

static int remember(const struct state *state, struct repo *repo, struct error *err)
{
	struct buf text = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	json_begin(&w, '{');
	json_put_string(&w, "tip", state->tip.hex);
	put_names(&w, "silent", &state->silent);
	put_names(&w, "told", &state->told);
	json_put_int(&w, "failures", state->failures);
	json_end(&w);
	buf_addch(&text, '\n');
	int rc = state_write(repo, STATE_FILE, text.data, true, err);
	buf_release(&text);
	return rc;
}

/* ---- finding events ---- */

struct finding {
	struct notices *out;
	const struct settings *settings;
	const struct state *state;
};

static bool is(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static char *id_of(const char *event, const char *name, int64_t number)
{
	struct buf id = BUF_INIT;
	buf_addf(&id, "%s:%s", event, name);
	if (number >= 0)
		buf_addf(&id, ":%" PRId64, number);
	return buf_detach(&id);
}

/* The event that the change is for `server`; NULL: none. */
static const char *event_of(const struct state_change *change, const char *server)
{
	switch (change->kind) {
	case CHANGE_MESSAGE:
		return "message";
	case CHANGE_BUILD_FAILED:
		return "build-failed";
	case CHANGE_LOCK_LOST:
		return "lock-lost";
	case CHANGE_JOB:
		return is(change->before, server) && change->after ? "job-lost" : NULL;
	case CHANGE_LOCK:
		break;
	}
	return NULL;
}

/* The member of `notice` that names the subject of the change. */
static char **subject_of(struct notice *notice, const struct state_change *change)
{
	switch (change->kind) {
	case CHANGE_MESSAGE:
		return &notice->message;
	case CHANGE_LOCK:
	case CHANGE_LOCK_LOST:
		return &notice->lock;
	case CHANGE_JOB:
	case CHANGE_BUILD_FAILED:
		break;
	}
	return &notice->job;
}

static int take_change(const struct state_change *change, void *data)
{
	struct finding *f = data;
	const char *server = f->settings->server;
	const char *event = event_of(change, server);
	struct buf text = BUF_INIT;
	if (!event)
		return 0;
	char *id = id_of(event, change->id, change->kind == CHANGE_MESSAGE ? -1 : change->number);
	if (names_have(&f->state->told, id)) {
		free(id);
		return 0;
	}
	change_say(&text, change, server);
	struct notice *notice = add(f->out, event, id, buf_detach(&text));
	*subject_of(notice, change) = xstrdup(change->id);
	return 0;
}

static void take_server(struct finding *f, const struct server *server)
{
	char age[TIMESTAMP_SIZE];
	struct buf text = BUF_INIT;
	bool was = names_have(&f->state->silent, server->id);
	bool is_silent = server->state == HEARTBEAT_SILENT;
	const char *event = NULL;
	if (is_silent && !was)
		event = "silent";
	else if (was && server->state == HEARTBEAT_ALIVE)
		event = "back";
	if (!event || is(server->id, f->settings->server))
		return;
	char *id = id_of(event, server->id, server->last_heartbeat);
	if (names_have(&f->state->told, id)) {
		free(id);
		return;
	}
	if (is_silent)
		buf_addf(&text, "%s has been silent for %s", server->id,
			timestamp_format_age(server->age, age));
	else
		buf_addf(&text, "%s sends heartbeats again", server->id);
	add(f->out, event, id, buf_detach(&text))->about = xstrdup(server->id);
}

static int find_new(struct notices *out, const struct state *state, struct repo *repo,
	const struct settings *settings, const struct fleet *fleet, const struct oid *tip,
	const struct env *env, struct error *err)
{
	struct finding f = { out, settings, state };
	if (oid_is_none(&state->tip))
		return 0;
	int rc = changes_each(
		repo, &state->tip, tip, settings->server, env_now(env), take_change, &f, err);
	/* If the remote cannot be reached, it is not known which servers are silent. */
	for (size_t i = 0; !rc && i < fleet->count && !fleet->offline.code; i++)
		take_server(&f, &fleet->servers[i]);
	return rc;
}

int notices_find(struct notices *out, struct repo *repo, const struct settings *settings,
	const struct fleet *fleet, const struct oid *tip, const struct env *env, struct error *err)
{
	struct state state;
	*out = (struct notices){ 0 };
	int rc = recall(&state, repo, err);
	if (!rc)
		rc = find_new(out, &state, repo, settings, fleet, tip, env, err);
	state_release(&state);
	return rc;
}

/* ---- reporting ---- */

void notice_write(struct buf *out, const struct notice *notice, const struct settings *settings,
	const struct env *env)
{
	char timestamp[TIMESTAMP_SIZE];
	struct json_writer w = { .out = out, .compact = true };
	json_begin(&w, '{');
	json_put_string(&w, "id", notice->id);
	json_put_string(&w, "event", notice->event);
	json_put_string(&w, "server", settings->server);
	json_put_string(&w, "timestamp", timestamp_format(env_now(env), timestamp));
	json_put_string(&w, "text", notice->text);
	json_put_string_or_null(&w, "message", notice->message);
	json_put_string_or_null(&w, "job", notice->job);
	json_put_string_or_null(&w, "lock", notice->lock);
	json_put_string_or_null(&w, "about", notice->about);
	json_end(&w);
	buf_addch(out, '\n');
}

struct telling {
	struct repo *repo;
	const struct settings *settings;
	const struct env *env;
	const char *command;
	struct state state;
	struct notices found;
	size_t told;
};

static int tell_one(struct telling *t, const struct notice *notice, struct error *err)
{
	struct buf input = BUF_INIT;
	notice_write(&input, notice, t->settings, t->env);
	int rc = alert_run(t->repo, t->settings, "build.notifyCommand", t->command, notice->event,
		notice->text, &input, err);
	buf_release(&input);
	/* An event for which the command keeps failing must not block the following ones. */
	if (rc < 0 && ++t->state.failures < MOST_FAILURES) {
		remember(&t->state, t->repo, NULL);
		return rc;
	}
	t->state.failures = 0;
	names_add(&t->state.told, notice->id);
	int written = remember(&t->state, t->repo, rc < 0 ? NULL : err);
	return rc < 0 ? rc : written;
}

/* Everything was reported: the next run starts from the current state. */
static int begin_anew(
	struct telling *t, const struct fleet *fleet, const struct oid *tip, struct error *err)
{
	struct names silent = { 0 };
	for (size_t i = 0; i < fleet->count; i++) {
		const struct server *server = &fleet->servers[i];
		bool was = names_have(&t->state.silent, server->id);
		/* A late server keeps its previous state. */
		if (fleet->offline.code ? was
					: server->state == HEARTBEAT_SILENT ||
					(was && server->state != HEARTBEAT_ALIVE))
			names_add(&silent, server->id);
	}
	bool changed = !oid_equal(&t->state.tip, tip) || t->state.told.count ||
		silent.count != t->state.silent.count;
	names_release(&t->state.silent);
	names_release(&t->state.told);
	t->state.silent = silent;
	t->state.tip = *tip;
	return changed ? remember(&t->state, t->repo, err) : 0;
}

static int tell_all(
	struct telling *t, const struct fleet *fleet, const struct oid *tip, struct error *err)
{
	int rc = recall(&t->state, t->repo, err);
	if (!rc)
		rc = find_new(&t->found, &t->state, t->repo, t->settings, fleet, tip, t->env, err);
	while (!rc && t->told < t->found.count) {
		rc = tell_one(t, &t->found.list[t->told], err);
		t->told += !rc;
	}
	if (!rc)
		rc = begin_anew(t, fleet, tip, err);
	state_release(&t->state);
	return rc;
}

int notices_report(struct notices *out, struct repo *repo, const struct settings *settings,
	const struct fleet *fleet, const struct oid *tip, const struct env *env, struct error *err)
{
	struct buf command = BUF_INIT;
	struct file_lock lock = FILE_LOCK_INIT;
	struct telling t = { .repo = repo, .settings = settings, .env = env };
	int rc = 0;
	if (out)
		*out = (struct notices){ 0 };
	if (!repo_config(repo, "build.notifyCommand", &command) || oid_is_none(tip))
		goto done;
	t.command = command.data;
	/* Does not wait: the process that has the lock reports the same events. */
	rc = state_lock(&lock, repo, STATE_FILE ".lock", 0, env, err);
	if (!rc)
		rc = tell_all(&t, fleet, tip, err);
	file_lock_release(&lock);
	/* The caller gets only the events that were reported. */
	for (size_t i = t.told; i < t.found.count; i++)
		free_notice(&t.found.list[i]);
	t.found.count = t.told;
	if (out)
		*out = t.found;
	else
		notices_release(&t.found);
done:
	buf_release(&command);
	return rc;
}
