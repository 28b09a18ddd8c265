#include "request/archive.h"

#include "base/alloc.h"
#include "base/gzip.h"
#include "base/timestamp.h"
#include "fleet/archive.h"
#include "request/document.h"
#include "fleet/files.h"
#include "fleet/names.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The most bytes in an archive, unless it has only one element. The guard rejects files of more
 * than 10 MiB, and a search for one message should not have to read a year. */
enum { MONTH_SIZE = 8, ARCHIVE_MOST = 4 << 20 };

/* ---- creating the request ---- */

static void put_before(struct json_writer *w, const char *name, int64_t days, int64_t now)
{
	char time[TIMESTAMP_SIZE];
	if (days >= 0)
		json_put_string(w, name, timestamp_format(now - days * ARCHIVE_DAY, time));
}

void archive_request(
	struct buf *out, const struct archive_plan *plan, const char *server, const struct env *env)
{
	struct json_writer w;
	int64_t now = env_now(env);
	request_begin(&w, out, "archive", server, env);
	put_before(&w, "messages_before", plan->message_days, now);
	put_before(&w, "jobs_before", plan->job_days, now);
	put_before(&w, "logs_before", plan->log_days, now);
	json_put_bool(&w, "all_servers", plan->all_servers);
	json_end(&w);
}

/* ---- one list, and its archives ---- */

/* The elements of a list, sorted by ID; in the arena. */
struct named {
	const char *id;
	const struct json_value *value;
};
struct names {
	struct named *all;
	size_t count;
};

/* One archive of a month; most months have only one. */
struct archive {
	char month[MONTH_SIZE]; /* "2025-10" */
	struct document document;
	const struct json_value *list;
	struct names names;  /* of the elements that it has already */
	size_t bytes, count; /* of its elements, including new ones */
};

struct moving {
	struct request *request;
	const char *name;         /* "messages" */
	struct document document; /* the current list */
	const struct json_value *list;
	struct names names;
	struct archive *archives;
	size_t count, capacity; /* the archives of a month are in order */
	int64_t moved;
};

static int by_id(const void *left, const void *right)
{
	const struct named *a = left, *b = right;
	return strcmp(a->id, b->id);
}

static struct names names_of(
	const struct json_doc *doc, const struct json_value *list, struct arena *arena)
{
	struct names names = { arena_array(arena, (size_t)list->count + 1, sizeof(struct named)),
		0 };
	JSON_EACH (value, list) {
		const char *id = json_strdup_in(doc, json_member(doc, value, "id"), arena);
		if (id)
			names.all[names.count++] = (struct named){ id, value };
	}
	qsort(names.all, names.count, sizeof(*names.all), by_id);
	return names;
}

/* NULL if there is none. */
static const struct named *names_find(const struct names *names, const char *id)
{
	struct named wanted = { id, NULL };
	return bsearch(&wanted, names->all, names->count, sizeof(wanted), by_id);
}

static bool has_one(const struct names *names, const char *id)
{
	const struct named *found = names_find(names, id), *end = names->all + names->count;
	return found && (found == names->all || strcmp(found[-1].id, id) != 0) &&
		(found + 1 == end || strcmp(found[1].id, id) != 0);
}

/* Appends the path of archive `number` of a month, counted from 1. Paths sort by number. */
static void archive_path(struct buf *out, const char *name, const char *month, int number)
{
	buf_reset(out);
	buf_addf(out, FLEET_ARCHIVE_DIRECTORY "/%s-%s", name, month);
	if (number > 1)
		buf_addf(out, "_%d", number);
	buf_addstr(out, ".json");
}

static int open_archive(struct moving *m, const char *month, const char *path, struct error *err)
{
	GROW(m->archives, m->count, m->capacity);
	struct archive *archive = &m->archives[m->count];
	*archive = (struct archive){ .list = NULL };
	memcpy(archive->month, month, MONTH_SIZE);
	int rc = document_open_list(&archive->document, m->request->documents, path, m->name,
		JSON_ARRAY, &archive->list, err);
	if (rc < 0)
		return rc;
	m->count++;
	json_text(archive->document.doc, &archive->bytes);
	archive->count = archive->list->count;
	archive->names = names_of(archive->document.doc, archive->list, &m->request->arena);
	return 0;
}

/* Does the document `path` exist? Returns 1, 0, or a negative code. */
static int exists(struct request *request, const char *path, struct error *err)
{
	const char *text;
	size_t len;
	int rc = documents_read(request->documents, path, &text, &len, err);
	return rc == ERR_NOT_FOUND ? 0 : rc < 0 ? rc : 1;
}

/* Opens all archives of a month, or a new first one, unless they are open already. */
static int open_month(struct moving *m, const char *month, struct error *err)
{
	struct buf path = BUF_INIT;
	int rc = 1;
	for (size_t i = 0; i < m->count; i++)
		if (!strcmp(m->archives[i].month, month))
			return 0;
	for (int number = 1; rc > 0; number++) {
		archive_path(&path, m->name, month, number);
		rc = number > 1 ? exists(m->request, path.data, err) : 1;
		int opened = rc > 0 ? open_archive(m, month, path.data, err) : 0;
		rc = opened < 0 ? opened : rc;
	}
	buf_release(&path);
	return rc;
}

/* Finds the archive of a month for `len` more bytes: the last one, or a new one after it. */
static int with_room(
	struct moving *m, const char *month, size_t len, struct archive **out, struct error *err)
{
	size_t last = 0;
	int count = 0;
	for (size_t i = 0; i < m->count; i++)
		if (!strcmp(m->archives[i].month, month)) {
			count++;
			last = i;
		}
	struct archive *archive = &m->archives[last];
	if (archive->count && archive->bytes + len > ARCHIVE_MOST) {
		struct buf path = BUF_INIT;
		archive_path(&path, m->name, month, count + 1);
		int rc = open_archive(m, month, path.data, err);
		buf_release(&path);
		if (rc < 0)
			return rc;
		archive = &m->archives[m->count - 1];
	}
	archive->bytes += len;
	archive->count++;
	*out = archive;
	return 0;
}

/*
 * Moves one element. If the archive already has the same element, only removes it from the list.
 * The element is kept if the archive has a different one with its ID, or if the list has its ID
 * more than once.
 */
static int move(struct moving *m, const struct json_value *value, int64_t when, struct error *err)
{
	char time[TIMESTAMP_SIZE], month[MONTH_SIZE] = "";
	struct archive *archive;
	size_t len;
	const char *id = json_strdup_in(
		m->document.doc, json_member(m->document.doc, value, "id"), &m->request->arena);
	if (!id || !has_one(&m->names, id))
		return 0;
	memcpy(month, timestamp_format(when, time), MONTH_SIZE - 1);
	int rc = open_month(m, month, err);
	if (rc < 0)
		return rc;
	bool stands = false;
	for (size_t i = 0; i < m->count; i++) {
		const struct archive *other = &m->archives[i];
		const struct named *there =
			strcmp(other->month, month) != 0 ? NULL : names_find(&other->names, id);
		if (there && !json_equal(m->document.doc, value, other->document.doc, there->value))
			return 0;
		stands = stands || there;
	}
	if (!stands) {
		const char *raw = json_raw(m->document.doc, value, &len);
		rc = with_room(m, month, len, &archive, err);
		if (rc < 0)
			return rc;
		json_edit_append(archive->document.edit, archive->list, raw, len);
	}
	json_edit_remove(m->document.edit, value);
	m->moved++;
	return 0;
}

/* Returns a time in the request; 0 if there is none. */
static int64_t time_member(struct request *request, const char *name)
{
	int64_t seconds = 0;
	const char *text = request_string(request, name);
	if (text)
		timestamp_parse(text, strlen(text), &seconds);
	return seconds;
}

static int open_moving(struct moving *m, struct request *request, const char *path,
	const char *name, struct error *err)
{
	*m = (struct moving){ .request = request, .name = name };
	int rc = document_open_list(
		&m->document, request->documents, path, name, JSON_ARRAY, &m->list, err);
	if (!rc)
		m->names = names_of(m->document.doc, m->list, &request->arena);
	return rc;
}

/* Writes the list and its archives, if anything was moved. */
static int save_moving(struct moving *m, struct error *err)
{
	bool writes = m->moved;
	int rc = writes ? document_save(&m->document, 1, m->request->documents, err) : 0;
	for (size_t i = 0; !rc && writes && i < m->count; i++)
		rc = document_save(&m->archives[i].document, 1, m->request->documents, err);
	return rc;
}

static void close_moving(struct moving *m)
{
	for (size_t i = 0; i < m->count; i++)
		document_close(&m->archives[i].document);
	free(m->archives);
	document_close(&m->document);
}

/* ---- messages ---- */

static int move_messages(struct request *request, int64_t before, int64_t *count, struct error *err)
{
	struct moving m;
	struct message message;
	int rc = open_moving(&m, request, FLEET_MESSAGES_PATH, "messages", err);
	JSON_EACH (value, m.list) {
		int64_t when = 0;
		if (!rc && message_parse(&message, m.document.doc, value, &request->arena) &&
			archive_message_is_old(&message, before, &when))
			rc = move(&m, value, when, err);
	}
	if (!rc)
		rc = save_moving(&m, err);
	*count = m.moved;
	close_moving(&m);
	return rc;
}

/* ---- jobs ---- */

static int move_jobs(struct request *request, int64_t before, int64_t *count, struct error *err)
{
	struct moving m;
	struct job_list list = { 0 };
	const bool *stays = NULL;
	int rc = open_moving(&m, request, FLEET_JOBS_PATH, "jobs", err);
	if (!rc) {
		jobs_read(&list, m.document.doc, m.list, &request->arena);
		stays = archive_staying_jobs(&list, before, &request->arena);
	}
	for (size_t i = 0; !rc && i < list.count; i++)
		if (!stays[i])
			rc = move(&m, list.jobs[i].value, archive_job_end(&list.jobs[i]), err);
	if (!rc)
		rc = save_moving(&m, err);
	*count = m.moved;
	close_moving(&m);
	return rc;
}

/* ---- logs ---- */

struct logs {
	struct request *request;
	int64_t before, count, saved;
	const char **names, **servers; /* the logs to compress; the strings are in the arena */
	size_t names_count, names_capacity, servers_count, servers_capacity;
	struct error *err;
};

static int compress_log(struct logs *logs, const char *path, const char *packed_path)
{
	struct documents *documents = logs->request->documents;
	struct buf packed = BUF_INIT;
	const char *text;
	size_t len;
	int rc = documents_read(documents, path, &text, &len, logs->err);
	if (!rc)
		rc = gzip_compress(text, len, &packed, logs->err);
	if (!rc) {
		logs->count++;
		logs->saved += (int64_t)len - (int64_t)packed.len;
	}
	if (!rc) {
		documents_remove(documents, path);
		documents_write(documents, packed_path, &packed);
	}
	buf_release(&packed);
	return rc;
}

/* Lists the old logs of a server first, because compressing them changes the directory. */
static int add_log(const struct documents_entry *entry, void *data)
{
	struct logs *logs = data;
	if (entry->is_file && archive_log_is_old(entry->name, logs->before)) {
		GROW(logs->names, logs->names_count, logs->names_capacity);
		logs->names[logs->names_count++] =
			arena_strndup(&logs->request->arena, entry->name, strlen(entry->name));
	}
	return 0;
}

static int compress_of(struct logs *logs, const char *server)
{
	struct buf path = BUF_INIT, packed = BUF_INIT;
	fleet_server_path(&path, server, "logs");
	logs->names_count = 0;
	int rc = documents_list(logs->request->documents, path.data, add_log, logs, logs->err);
	if (rc == ERR_NOT_FOUND)
		rc = 0;
	for (size_t i = 0; !rc && i < logs->names_count; i++) {
		buf_reset(&path);
		buf_reset(&packed);
		fleet_server_path(&path, server, "logs/");
		buf_addstr(&path, logs->names[i]);
		buf_addf(&packed, "%s.gz", path.data);
		/* An existing .gz may be that of another log: keep both files. */
		rc = exists(logs->request, packed.data, logs->err);
		rc = rc ? (rc < 0 ? rc : 0) : compress_log(logs, path.data, packed.data);
	}
	buf_release(&path);
	buf_release(&packed);
	return rc;
}

static int add_server(const struct documents_entry *entry, void *data)
{
	struct logs *logs = data;
	if (entry->is_directory && !fleet_check_id(entry->name, NULL)) {
		GROW(logs->servers, logs->servers_count, logs->servers_capacity);
		logs->servers[logs->servers_count++] =
			arena_strndup(&logs->request->arena, entry->name, strlen(entry->name));
	}
	return 0;
}

static int compress_logs(struct logs *logs)
{
	if (!request_flag(logs->request, "all_servers"))
		return compress_of(logs, logs->request->server);
	int rc = documents_list(logs->request->documents, "", add_server, logs, logs->err);
	if (rc == ERR_NOT_FOUND)
		rc = 0;
	for (size_t i = 0; !rc && i < logs->servers_count; i++)
		rc = compress_of(logs, logs->servers[i]);
	return rc;
}

/* ---- the operation ---- */

static int archive(struct request *request, struct error *err)
{
	int64_t messages = 0, jobs = 0;
	int64_t messages_before = time_member(request, "messages_before");
	int64_t jobs_before = time_member(request, "jobs_before");
	struct logs logs = {
		.request = request, .before = time_member(request, "logs_before"), .err = err
	};
	int rc = messages_before ? move_messages(request, messages_before, &messages, err) : 0;
	if (!rc && jobs_before)
		rc = move_jobs(request, jobs_before, &jobs, err);
	if (!rc && logs.before)
		rc = compress_logs(&logs);
	free(logs.names);
	free(logs.servers);
	if (rc < 0)
		return rc;
	buf_addf(&request->answer->subject,
		"Archive: %s moves %" PRId64 " messages and %" PRId64 " jobs, compresses %" PRId64
		" logs",
		request->server, messages, jobs, logs.count);
	json_put_int(&request->answer->writer, "messages", messages);
	json_put_int(&request->answer->writer, "jobs", jobs);
	json_put_int(&request->answer->writer, "logs", logs.count);
	json_put_int(&request->answer->writer, "log_bytes_saved", logs.saved);
	return 0;
}

const struct operation archive_operations[] = {
	{ "archive", false, archive },
	{ NULL, false, NULL },
};
