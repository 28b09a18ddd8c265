#include "clone/archive.h"

#include "base/file.h"
#include "fleet/files.h"
#include "fleet/names.h"

#include <string.h>

/* ---- reading ---- */

struct gathering {
	const struct reading *reading;
	const char *name;
	struct buf text;
	bool filled;
	struct error *err;
};

static int gather(struct gathering *g, const char *path, struct error *err)
{
	struct json_doc *doc;
	const struct json_value *list;
	int rc = reading_document(g->reading, path, g->name, &doc, &list, err);
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
	size_t len = strlen(g->name);
	if (strncmp(entry->name, g->name, len) != 0 || entry->name[len] != '-' ||
		!file_has_ending(entry->name + len, ".json"))
		return 0;
	buf_addf(&path, FLEET_ARCHIVE_DIRECTORY "/%s", entry->name);
	struct error why = ERROR_INIT;
	int rc = gather(g, path.data, &why);
	/* The elements of the other archives are shown. */
	if (rc == ERR_INVALID && g->reading->warn) {
		error_wrap(&why, "cannot read this archive");
		g->reading->warn(path.data, why.text, g->reading->warn_data);
		rc = 0;
	} else if (rc < 0) {
		error_set(g->err, rc, "%s", why.text);
	}
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
		rc = repo_list(reading->repo, &reading->tip, FLEET_ARCHIVE_DIRECTORY,
			gather_archive, &g, err);
	if (!rc || rc == ERR_NOT_FOUND)
		rc = gather(&g, path, err);
	buf_addstr(&g.text, "\n]}\n");
	if (!rc)
		rc = json_parse_buf(doc, &g.text, path, NULL, err);
	if (!rc)
		*list = json_member(*doc, json_root(*doc), name);
	buf_release(&g.text);
	return rc;
}

/* ---- estimating ---- */

struct estimating {
	const struct reading *reading;
	struct archive_estimate *out;
	int64_t logs_before;
	struct error *err;
};

static void add_size(
	const struct json_doc *doc, const struct json_value *value, int64_t *count, int64_t *bytes)
{
	size_t len;
	json_raw(doc, value, &len);
	++*count;
	*bytes += (int64_t)len;
}

static int estimate_messages(struct estimating *e, int64_t before)
{
	struct arena arena = ARENA_INIT;
	struct json_doc *doc;
	const struct json_value *list;
	struct message message;
	int rc = reading_document(e->reading, FLEET_MESSAGES_PATH, "messages", &doc, &list, e->err);
	JSON_EACH (value, list) {
		int64_t when;
		if (message_parse(&message, doc, value, &arena) &&
			archive_message_is_old(&message, before, &when))
			add_size(doc, value, &e->out->messages, &e->out->bytes);
	}
	json_doc_free(doc);
	arena_release(&arena);
	/* The commands that use the file report that it is invalid. */
	return rc == ERR_INVALID ? 0 : rc;
}

static int estimate_jobs(struct estimating *e, int64_t before)
{
	struct arena arena = ARENA_INIT;
	struct json_doc *doc;
	const struct json_value *jobs;
	struct job_list list;
	int rc = reading_document(e->reading, FLEET_JOBS_PATH, "jobs", &doc, &jobs, e->err);
	jobs_read(&list, doc, jobs, &arena);
	const bool *stays = archive_staying_jobs(&list, before, &arena);
	for (size_t i = 0; i < list.count; i++)
		if (!stays[i])
			add_size(doc, list.jobs[i].value, &e->out->jobs, &e->out->bytes);
	json_doc_free(doc);
	arena_release(&arena);
	/* The commands that use the file report that it is invalid. */
	return rc == ERR_INVALID ? 0 : rc;
}

static int estimate_log(const struct entry *entry, void *data)
{
	struct estimating *e = data;
	e->out->logs += entry->mode >> 12 == 010 && archive_log_is_old(entry->name, e->logs_before);
	return 0;
}

static int estimate_server(const struct entry *entry, void *data)
{
	struct estimating *e = data;
	struct buf directory = BUF_INIT;
	if (entry->mode != 040000 || fleet_check_id(entry->name, NULL) < 0)
		return 0;
	fleet_server_path(&directory, entry->name, "logs");
	int rc = repo_list(
		e->reading->repo, &e->reading->tip, directory.data, estimate_log, e, e->err);
	buf_release(&directory);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int archive_estimate(struct archive_estimate *out, const struct reading *reading, struct error *err)
{
	const int64_t now = reading->now;
	struct estimating e = { reading, out, now - ARCHIVE_LOG_DAYS * ARCHIVE_DAY, err };
	*out = (struct archive_estimate){ 0 };
	if (oid_is_none(&reading->tip))
		return 0;
	int rc = estimate_messages(&e, now - ARCHIVE_MESSAGE_DAYS * ARCHIVE_DAY);
	if (!rc)
		rc = estimate_jobs(&e, now - ARCHIVE_JOB_DAYS * ARCHIVE_DAY);
	return rc ? rc : repo_list(reading->repo, &reading->tip, "", estimate_server, &e, err);
}
