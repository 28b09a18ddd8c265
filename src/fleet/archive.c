#include "fleet/archive.h"

#include "base/timestamp.h"
#include "request/archive.h"
#include "fleet/names.h"

#include <string.h>

/* ---- what may go ---- */

bool archive_message_is_old(const struct message *message, int64_t before, int64_t *when)
{
	return message->read && message->timestamp &&
		timestamp_parse(message->timestamp, strlen(message->timestamp), when) &&
		*when < before;
}

static bool has_status(const struct job *job, const char *status)
{
	return job->status && !strcmp(job->status, status);
}

int64_t archive_job_end(const struct job *job)
{
	if (!has_status(job, "completed") && !has_status(job, "failed") &&
		!has_status(job, "cancelled"))
		return 0;
	return job->completed_at ? job->completed_at : job->created_at;
}

const bool *archive_staying_jobs(const struct job_list *list, int64_t before, struct arena *arena)
{
	bool *stays = arena_zero(arena, list->count + 1, sizeof(*stays));
	const struct job **waiting = arena_array(arena, list->count + 1, sizeof(*waiting));
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++) {
		int64_t when = archive_job_end(&list->jobs[i]);
		stays[i] = !when || when >= before;
		if (stays[i])
			waiting[count++] = &list->jobs[i];
	}
	while (count) {
		const struct job *job = waiting[--count];
		if (has_status(job, "completed"))
			continue;
		JSON_EACH (value, job->depends) {
			size_t len;
			const char *text = json_string(list->doc, value, &len);
			const struct job *other =
				text ? jobs_find(list, arena_strndup(arena, text, len)) : NULL;
			if (other && !stays[other - list->jobs]) {
				stays[other - list->jobs] = true;
				waiting[count++] = other;
			}
		}
	}
	return stays;
}

/* When a log is from, by its name: "20251029T120000Z...". False: the name does not say. */
static bool log_time(const char *name, int64_t *seconds)
{
	static const char digits[] = "0123456789";
	struct buf text = BUF_INIT;
	if (strspn(name, digits) != 8 || name[8] != 'T' || strspn(name + 9, digits) != 6)
		return false;
	buf_addf(&text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", name, name + 4, name + 6, name + 9,
		name + 11, name + 13);
	bool known = timestamp_parse(text.data, text.len, seconds);
	buf_release(&text);
	return known;
}

bool archive_log_is_old(const struct entry *entry, int64_t before)
{
	int64_t when;
	size_t len = strlen(entry->name);
	return len > 4 && !strcmp(entry->name + len - 4, ".log") && entry->mode >> 12 == 010 &&
		log_time(entry->name, &when) && when < before;
}

/* ---- how much that is ---- */

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
	/* What is broken there is reported by all that uses it. */
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
	/* What is broken there is reported by all that uses it. */
	return rc == ERR_INVALID ? 0 : rc;
}

static int estimate_log(const struct entry *entry, void *data)
{
	struct estimating *e = data;
	e->out->logs += archive_log_is_old(entry, e->logs_before);
	return 0;
}

static int estimate_server(const struct entry *entry, void *data)
{
	struct estimating *e = data;
	struct buf folder = BUF_INIT;
	if (entry->mode != 040000 || fleet_check_id(entry->name, NULL) < 0)
		return 0;
	fleet_server_path(&folder, entry->name, "logs");
	int rc =
		repo_list(e->reading->repo, &e->reading->tip, folder.data, estimate_log, e, e->err);
	buf_release(&folder);
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
