#include "request/archive.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/timestamp.h"
#include "fleet/archive.h"
#include "request/document.h"
#include "fleet/names.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* No archive gets longer than this, unless one element is: the guard takes no files of more than
 * 10 MiB, and whoever looks for one message need not read a year. */
enum { MONTH_SIZE = 8, LOG_LIMIT = 256 << 20, ARCHIVE_MOST = 4 << 20 };

/* ---- asking ---- */

static void put_before(struct json_writer *w, const char *name, int64_t days, int64_t now)
{
	char time[TIMESTAMP_SIZE];
	if (days >= 0)
		json_put_string(w, name, timestamp_format(now - days * ARCHIVE_DAY, time));
}

void archive_request(struct buf *out, const struct archive_plan *plan,
	const struct settings *settings, const struct env *env)
{
	struct json_writer w;
	int64_t now = env->now(env->data);
	request_begin(&w, out, "archive", settings, env);
	put_before(&w, "messages_before", plan->message_days, now);
	put_before(&w, "jobs_before", plan->job_days, now);
	put_before(&w, "logs_before", plan->log_days, now);
	json_put_bool(&w, "all_servers", plan->all_servers);
	json_put_bool(&w, "dry_run", plan->dry_run);
	json_end(&w);
}

/* ---- one list, and its archives ---- */

/* The elements of a list by their ids, sorted; the arena's. */
struct named {
	const char *id;
	const struct json_value *value;
};
struct names {
	struct named *all;
	size_t count;
};

/* One file of a month's; most months have one. */
struct archive {
	char month[MONTH_SIZE]; /* "2025-10" */
	struct document document;
	const struct json_value *list;
	struct names names;  /* of what stands in it already */
	size_t bytes, count; /* of its elements, with what is added */
};

struct moving {
	struct deed *deed;
	const char *name;         /* "messages" */
	struct document document; /* the list that is read all the time */
	const struct json_value *list;
	struct names names;
	struct archive *archives;
	size_t count, capacity; /* those of a month in their order */
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

/* The path of a month's archive, from number 1 on; it sorts behind the one before. */
static void archive_path(struct buf *out, const char *name, const char *month, int number)
{
	buf_reset(out);
	buf_addf(out, ARCHIVE_FOLDER "/%s-%s", name, month);
	if (number > 1)
		buf_addf(out, "_%d", number);
	buf_addstr(out, ".json");
}

static int open_archive(struct moving *m, const char *month, const char *path, struct error *err)
{
	struct buf fresh = BUF_INIT;
	GROW(m->archives, m->count, m->capacity);
	struct archive *archive = &m->archives[m->count];
	*archive = (struct archive){ .list = NULL };
	memcpy(archive->month, month, MONTH_SIZE);
	buf_addf(&fresh, "{\n  \"%s\": []\n}\n", m->name);
	int rc = document_open_with(&archive->document, m->deed->tx, path, fresh.data, m->name,
		JSON_ARRAY, &archive->list, err);
	buf_release(&fresh);
	if (rc < 0)
		return rc;
	m->count++;
	json_text(archive->document.doc, &archive->bytes);
	archive->count = archive->list->count;
	archive->names = names_of(archive->document.doc, archive->list, &m->deed->arena);
	return 0;
}

static bool is_there(struct moving *m, const char *path)
{
	const char *text;
	size_t len;
	return !transaction_read(m->deed->tx, path, &text, &len, NULL);
}

/* Opens a month's archives, if they are not open yet: all that there are, or a first one. */
static int open_month(struct moving *m, const char *month, struct error *err)
{
	struct buf path = BUF_INIT;
	int rc, number = 1;
	for (size_t i = 0; i < m->count; i++)
		if (!strcmp(m->archives[i].month, month))
			return 0;
	archive_path(&path, m->name, month, number);
	do {
		rc = open_archive(m, month, path.data, err);
		archive_path(&path, m->name, month, ++number);
	} while (!rc && is_there(m, path.data));
	buf_release(&path);
	return rc;
}

/* The month's archive that `len` more bytes go into: the last, or a new one behind it. */
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
 * Moves one element. What stands in the archive already only leaves the list, and if it stands
 * there as something else it stays. So does one of several with the same id, of which nobody knows
 * which is meant.
 */
static int move(struct moving *m, const struct json_value *value, int64_t when, struct error *err)
{
	char time[TIMESTAMP_SIZE], month[MONTH_SIZE] = "";
	struct archive *archive;
	size_t len;
	const char *id = json_strdup_in(
		m->document.doc, json_member(m->document.doc, value, "id"), &m->deed->arena);
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

/* A time in the request: 0 if it is not there. */
static int64_t time_member(struct deed *deed, const char *name)
{
	int64_t seconds = 0;
	const char *text = deed_string(deed, name);
	if (text)
		timestamp_parse(text, strlen(text), &seconds);
	return seconds;
}

static int open_moving(
	struct moving *m, struct deed *deed, const char *path, const char *name, struct error *err)
{
	struct buf fresh = BUF_INIT;
	*m = (struct moving){ .deed = deed, .name = name };
	buf_addf(&fresh, "{\n  \"%s\": []\n}\n", name);
	int rc = document_open_with(
		&m->document, deed->tx, path, fresh.data, name, JSON_ARRAY, &m->list, err);
	buf_release(&fresh);
	if (!rc)
		m->names = names_of(m->document.doc, m->list, &deed->arena);
	return rc;
}

/* Writes both sides, or nothing where nothing was moved. */
static int save_moving(struct moving *m, struct error *err)
{
	bool writes = m->moved && !deed_flag(m->deed, "dry_run");
	int rc = writes ? document_save(&m->document, 1, m->deed->tx, err) : 0;
	for (size_t i = 0; !rc && writes && i < m->count; i++)
		rc = document_save(&m->archives[i].document, 1, m->deed->tx, err);
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

static int move_messages(struct deed *deed, int64_t before, int64_t *count, struct error *err)
{
	struct moving m;
	struct message message;
	int rc = open_moving(&m, deed, FLEET_MESSAGES_PATH, "messages", err);
	JSON_EACH (value, m.list) {
		int64_t when = 0;
		if (!rc && message_parse(&message, m.document.doc, value, &deed->arena) &&
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

static int move_jobs(struct deed *deed, int64_t before, int64_t *count, struct error *err)
{
	struct moving m;
	struct job_list list = { 0 };
	const bool *stays = NULL;
	int rc = open_moving(&m, deed, FLEET_JOBS_PATH, "jobs", err);
	if (!rc) {
		jobs_read(&list, m.document.doc, m.list, &deed->arena);
		stays = archive_staying_jobs(&list, before, &deed->arena);
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
	struct deed *deed;
	const char *server;
	int64_t before, count, saved;
	struct error *err;
};

static int compress(const struct buf *text, struct buf *out, struct error *err)
{
	const char *argv[] = { "gzip", "-n", "-9", NULL };
	struct child child = { .argv = argv,
		.input = text->data,
		.input_len = text->len,
		.output = out,
		.output_limit = LOG_LIMIT };
	int status, rc = child_run(&child, &status, err);
	if (!rc && status)
		rc = error_set(err, ERR_FAILED, "gzip failed with exit code %d", status);
	return rc;
}

static int compress_log(const struct entry *entry, void *data)
{
	struct logs *logs = data;
	struct transaction *tx = logs->deed->tx;
	struct repo *repo = transaction_repo(tx);
	const struct oid *base = transaction_base(tx);
	struct buf path = BUF_INIT, packed_path = BUF_INIT, text = BUF_INIT, packed = BUF_INIT;
	struct oid found;
	if (!archive_log_is_old(entry, logs->before))
		return 0;
	buf_addf(&path, "%s/logs/%s", logs->server, entry->name);
	buf_addf(&packed_path, "%s.gz", path.data);
	int rc = repo_find(repo, base, packed_path.data, &found, logs->err);
	/* One that is there was made of another log, for all that we know. */
	bool is_free = rc == ERR_NOT_FOUND;
	if (is_free)
		rc = repo_read(repo, base, path.data, LOG_LIMIT, &text, NULL, logs->err);
	if (!rc && is_free)
		rc = compress(&text, &packed, logs->err);
	if (!rc && is_free) {
		logs->count++;
		logs->saved += (int64_t)text.len - (int64_t)packed.len;
		if (!deed_flag(logs->deed, "dry_run")) {
			transaction_remove(tx, path.data);
			transaction_write(tx, packed_path.data, &packed);
		}
	}
	buf_release(&path);
	buf_release(&packed_path);
	buf_release(&text);
	buf_release(&packed);
	return rc;
}

static int compress_of(struct logs *logs, const char *server)
{
	struct buf folder = BUF_INIT;
	struct transaction *tx = logs->deed->tx;
	logs->server = server;
	fleet_server_path(&folder, server, "logs");
	int rc = oid_is_none(transaction_base(tx))
		? 0
		: repo_list(transaction_repo(tx), transaction_base(tx), folder.data, compress_log,
			  logs, logs->err);
	buf_release(&folder);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int compress_server(const struct entry *entry, void *data)
{
	bool is_server = entry->mode == 040000 && !fleet_check_id(entry->name, NULL);
	return is_server ? compress_of(data, entry->name) : 0;
}

static int compress_logs(struct logs *logs)
{
	struct transaction *tx = logs->deed->tx;
	if (!deed_flag(logs->deed, "all_servers"))
		return compress_of(logs, logs->deed->server);
	return oid_is_none(transaction_base(tx))
		? 0
		: repo_list(transaction_repo(tx), transaction_base(tx), "", compress_server, logs,
			  logs->err);
}

/* ---- the operation ---- */

static int archive(struct deed *deed, struct error *err)
{
	int64_t messages = 0, jobs = 0;
	int64_t messages_before = time_member(deed, "messages_before");
	int64_t jobs_before = time_member(deed, "jobs_before");
	struct logs logs = { .deed = deed, .before = time_member(deed, "logs_before"), .err = err };
	int rc = messages_before ? move_messages(deed, messages_before, &messages, err) : 0;
	if (!rc && jobs_before)
		rc = move_jobs(deed, jobs_before, &jobs, err);
	if (!rc && logs.before)
		rc = compress_logs(&logs);
	if (rc < 0)
		return rc;
	buf_addf(&deed->subject,
		"Archive: %s moves %" PRId64 " messages and %" PRId64 " jobs, compresses %" PRId64
		" logs",
		deed->server, messages, jobs, logs.count);
	json_put_int(&deed->answer, "messages", messages);
	json_put_int(&deed->answer, "jobs", jobs);
	json_put_int(&deed->answer, "logs", logs.count);
	json_put_int(&deed->answer, "log_bytes_saved", logs.saved);
	return deed_flag(deed, "dry_run");
}

const struct operation archive_operations[] = {
	{ "archive", false, archive },
	{ NULL, false, NULL },
};

/* ---- reading ---- */

struct gathering {
	const struct reading *reading;
	const char *name;
	struct buf text;
	bool filled;
	struct error *err;
};

static int gather(struct gathering *g, const char *path)
{
	struct json_doc *doc;
	const struct json_value *list;
	int rc = reading_document(g->reading, path, g->name, &doc, &list, g->err);
	JSON_EACH (value, list) {
		size_t len;
		const char *raw = json_raw(doc, value, &len);
		buf_addstr(&g->text, g->filled ? ",\n" : "\n");
		buf_add(&g->text, raw, len);
		g->filled = true;
	}
	json_doc_free(doc);
	return rc;
}

static int gather_archive(const struct entry *entry, void *data)
{
	struct gathering *g = data;
	struct buf path = BUF_INIT;
	size_t len = strlen(g->name), all = strlen(entry->name);
	if (strncmp(entry->name, g->name, len) != 0 || entry->name[len] != '-' || all < len + 6 ||
		strcmp(entry->name + all - 5, ".json") != 0)
		return 0;
	buf_addf(&path, ARCHIVE_FOLDER "/%s", entry->name);
	int rc = gather(g, path.data);
	buf_release(&path);
	return rc;
}

int archive_read(const struct reading *reading, const char *path, const char *name,
	struct json_doc **doc, const struct json_value **list, struct error *err)
{
	struct gathering g = { .reading = reading, .name = name, .text = BUF_INIT, .err = err };
	int rc = 0;
	*doc = NULL;
	*list = NULL;
	buf_addf(&g.text, "{\"%s\": [", name);
	if (!oid_is_none(&reading->tip))
		rc = repo_list(
			reading->repo, &reading->tip, ARCHIVE_FOLDER, gather_archive, &g, err);
	if (!rc || rc == ERR_NOT_FOUND)
		rc = gather(&g, path);
	buf_addstr(&g.text, "\n]}\n");
	if (!rc)
		rc = json_parse_buf(doc, &g.text, path, NULL, err);
	if (!rc)
		*list = json_member(*doc, json_root(*doc), name);
	buf_release(&g.text);
	return rc;
}
