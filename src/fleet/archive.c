#include "fleet/archive.h"

#include "base/file.h"
#include "base/timestamp.h"
#include "fleet/names.h"

#include <string.h>

/* ---- what can be archived ---- */

bool archive_message_is_old(const struct message *message, int64_t before, int64_t *when)
{
	return message->read && message->timestamp &&
		timestamp_parse(message->timestamp, strlen(message->timestamp), when) &&
		*when < before;
}

int64_t archive_job_end(const struct job *job)
{
	if (!job_is(job, JOB_COMPLETED) && !job_is(job, JOB_FAILED) && !job_is(job, JOB_CANCELLED))
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
		if (job_is(job, JOB_COMPLETED))
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

/* Reads the time of a log from its name, "20251029T120000Z...". Returns false if it has none. */
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

bool archive_log_is_old(const char *name, int64_t before)
{
	int64_t when;
	return file_has_ending(name, ".log") && log_time(name, &when) && when < before;
}
