#include "fleet/job.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

/* The members of a job, in the order in which they are written. */
enum member {
	ID,
	TYPE,
	STATUS,
	PRIORITY,
	BRANCH,
	COMMIT,
	DESCRIPTION,
	DEPENDS,
	RETRIES,
	PACKAGES,
	ASSIGNED_TO,
	WORKER,
	ATTEMPT,
	UNCOUNTED,
	REASON,
	CREATED_AT,
	STARTED_AT,
	COMPLETED_AT,
	MEMBERS,
};
static const char *const member_names[MEMBERS] = { "id", "type", "status", "priority", "branch",
	"commit", "description", "depends", "retries", "packages", "assigned_to", "worker",
	"attempt", "uncounted", "reason", "created_at", "started_at", "completed_at" };

static int64_t number_of(
	const struct json_doc *doc, const struct json_value *value, int64_t fallback)
{
	int64_t number;
	return json_int64(doc, value, &number) ? number : fallback;
}

static struct job parse(
	const struct json_doc *doc, const struct json_value *value, struct arena *arena)
{
	const struct json_value *m[MEMBERS];
	json_members(doc, value, member_names, MEMBERS, m);
	return (struct job){
		.id = json_strdup_in(doc, m[ID], arena),
		.type = json_strdup_in(doc, m[TYPE], arena),
		.status = json_strdup_in(doc, m[STATUS], arena),
		.branch = json_strdup_in(doc, m[BRANCH], arena),
		.commit = json_strdup_in(doc, m[COMMIT], arena),
		.description = json_strdup_in(doc, m[DESCRIPTION], arena),
		.assigned_to = json_strdup_in(doc, m[ASSIGNED_TO], arena),
		.reason = json_strdup_in(doc, m[REASON], arena),
		.worker = json_strdup_in(doc, m[WORKER], arena),
		.priority = number_of(doc, m[PRIORITY], JOB_PRIORITY),
		.attempt = number_of(doc, m[ATTEMPT], 0),
		.uncounted = number_of(doc, m[UNCOUNTED], 0),
		.retries = number_of(doc, m[RETRIES], 0),
		.wants_package = !m[PACKAGES] || m[PACKAGES]->type != JSON_FALSE,
		.created_at = json_time(doc, m[CREATED_AT]),
		.started_at = json_time(doc, m[STARTED_AT]),
		.completed_at = json_time(doc, m[COMPLETED_AT]),
		.value = value,
		.depends = m[DEPENDS] && m[DEPENDS]->type == JSON_ARRAY ? m[DEPENDS] : NULL,
	};
}

static int by_id(const void *left, const void *right)
{
	const struct job *const *a = left, *const *b = right;
	return strcmp((*a)->id, (*b)->id);
}

void jobs_read(struct job_list *out, const struct json_doc *doc, const struct json_value *jobs,
	struct arena *arena)
{
	size_t most = jobs ? jobs->count : 0;
	*out = (struct job_list){ .doc = doc };
	out->jobs = arena_array(arena, most + 1, sizeof(*out->jobs));
	out->by_id = arena_array(arena, most + 1, sizeof(*out->by_id));
	JSON_EACH (value, jobs) {
		struct job job = parse(doc, value, arena);
		if (!job.id)
			continue;
		out->jobs[out->count] = job;
		out->by_id[out->count] = &out->jobs[out->count];
		out->count++;
	}
	qsort(out->by_id, out->count, sizeof(*out->by_id), by_id);
}

const struct job *jobs_find(const struct job_list *list, const char *id)
{
	struct job key = { .id = id };
	const struct job *wanted = &key;
	struct job **found =
		bsearch(&wanted, list->by_id, list->count, sizeof(*list->by_id), by_id);
	return found ? *found : NULL;
}

int64_t job_tries(const struct job *job)
{
	bool is_possible = job->uncounted >= 0 && job->uncounted <= job->attempt;
	return is_possible ? job->attempt - job->uncounted : job->attempt;
}

const char *job_status_name(enum job_status status)
{
	static const char *const names[JOB_STATUSES] = { [JOB_QUEUED] = "queued",
		[JOB_RUNNING] = "running",
		[JOB_COMPLETED] = "completed",
		[JOB_FAILED] = "failed",
		[JOB_CANCELLED] = "cancelled" };
	return names[status];
}

bool job_is(const struct job *job, enum job_status status)
{
	return job->status && !strcmp(job->status, job_status_name(status));
}

int job_check_status(const char *status, struct error *err)
{
	for (enum job_status known = 0; known < JOB_STATUSES; known++)
		if (!strcmp(status, job_status_name(known)))
			return 0;
	return error_set(err, ERR_INVALID,
		"'%s': invalid job status; expected queued, running, completed, failed or "
		"cancelled",
		status);
}

/* ---- choosing the next job ---- */

const char *jobs_blocked_by(const struct job_list *list, const struct job *job, struct arena *arena)
{
	JSON_EACH (value, job->depends) {
		size_t len;
		const char *text = json_string(list->doc, value, &len);
		if (!text)
			continue;
		const char *id = arena_strndup(arena, text, len);
		const struct job *other = jobs_find(list, id);
		if (!other || !job_is(other, JOB_COMPLETED))
			return id;
	}
	return NULL;
}

/* Is `a` claimed before `b`? Otherwise, the order of the file applies. */
static bool goes_before(const struct job *a, const struct job *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority;
	return a->created_at < b->created_at;
}

/* Is `type` one of `types`, which are separated by commas? */
static bool is_of(const char *type, const char *types)
{
	for (const char *at = types; *at;) {
		size_t len = strcspn(at, ",");
		if (type && strlen(type) == len && !memcmp(at, type, len))
			return true;
		at += len + (at[len] == ',');
	}
	return false;
}

const struct job *jobs_choose(
	const struct job_list *list, const char *server, const char *types, struct arena *arena)
{
	const struct job *best = NULL;
	for (size_t i = 0; i < list->count; i++) {
		const struct job *job = &list->jobs[i];
		if (!job_is(job, JOB_QUEUED) || (best && !goes_before(job, best)))
			continue;
		if (types && !is_of(job->type, types))
			continue;
		if (job->assigned_to && strcmp(job->assigned_to, server) != 0)
			continue;
		if (!jobs_blocked_by(list, job, arena))
			best = job;
	}
	return best;
}

/* ---- cycles ---- */

/* A job on the path from the first job to the current one. */
struct step {
	const char *id;
	const struct json_doc *doc;
	const struct json_value *depends, *next; /* `next`: the next dependency to follow */
};

static void add_circle(const struct step *way, size_t count, const char *id, struct buf *circle)
{
	size_t first = 0;
	while (first + 1 < count && strcmp(way[first].id, id) != 0)
		first++;
	for (size_t i = first; i < count; i++)
		buf_addf(circle, "%s -> ", way[i].id);
	buf_addstr(circle, id);
}

bool jobs_find_circle(const struct job_list *list, const char *id, const struct json_doc *doc,
	const struct json_value *depends, struct arena *arena, struct buf *circle)
{
	/* Every job is visited only once, with all of its dependencies. */
	enum { UNSEEN, ON_WAY, DONE };
	char *seen = arena_zero(arena, list->count + 1, 1);
	struct step *way = arena_array(arena, list->count + 1, sizeof(*way));
	size_t count = 0;
	way[count++] = (struct step){ id, doc, depends, json_first(depends) };
	while (count) {
		struct step *step = &way[count - 1];
		const struct json_value *value = step->next;
		if (!value || value >= step->depends + step->depends->span) {
			const struct job *left = jobs_find(list, step->id);
			if (left)
				seen[left - list->jobs] = DONE;
			count--;
			continue;
		}
		step->next = value + value->span;
		size_t len;
		const char *text = json_string(step->doc, value, &len);
		if (!text)
			continue;
		const char *name = arena_strndup(arena, text, len);
		const struct job *job = jobs_find(list, name);
		if (!strcmp(name, id) || (job && seen[job - list->jobs] == ON_WAY)) {
			add_circle(way, count, name, circle);
			return true;
		}
		if (!job || seen[job - list->jobs] == DONE)
			continue;
		seen[job - list->jobs] = ON_WAY;
		way[count++] =
			(struct step){ job->id, list->doc, job->depends, json_first(job->depends) };
	}
	return false;
}

/* ---- showing ---- */

void job_put(struct json_writer *w, const struct job_list *list, const struct job *job)
{
	json_put_string(w, "id", job->id);
	json_put_string_or_null(w, "type", job->type);
	json_put_string_or_null(w, "status", job->status);
	json_put_int(w, "priority", job->priority);
	json_put_string_or_null(w, "branch", job->branch);
	json_put_string_or_null(w, "commit", job->commit);
	json_put_string_or_null(w, "description", job->description);
	json_put_string_or_null(w, "assigned_to", job->assigned_to);
	json_put_int(w, "attempt", job->attempt);
	json_put_int(w, "uncounted", job->uncounted);
	json_put_int(w, "retries", job->retries);
	json_put_bool(w, "packages", job->wants_package);
	json_put_string_or_null(w, "worker", job->worker);
	json_begin_member(w, "depends", '[');
	JSON_EACH (value, job->depends) {
		size_t len;
		const char *raw = json_raw(list->doc, value, &len);
		json_put_raw(w, NULL, raw, len);
	}
	json_end(w);
	json_put_time(w, "created_at", job->created_at);
	json_put_time(w, "started_at", job->started_at);
	json_put_time(w, "completed_at", job->completed_at);
	json_put_string_or_null(w, "reason", job->reason);
}
