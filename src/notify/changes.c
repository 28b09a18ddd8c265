#include "notify/changes.h"

#include "base/alloc.h"
#include "clone/reading.h"
#include "fleet/job.h"
#include "fleet/lock.h"
#include "fleet/message.h"
#include "fleet/files.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct comparing {
	struct repo *repo;
	const struct oid *from, *to;
	const char *server;
	int64_t now;
	int (*each)(const struct state_change *change, void *data);
	void *data;
	struct arena arena;
	struct error *err;
};

/* One file at both commits. */
struct sides {
	struct json_doc *old_doc, *new_doc; /* NULL: the file does not exist or was never valid */
	const struct json_value *before, *after; /* the member that is compared */
};

/* A file that is not valid is read from its last valid version: otherwise, all of its elements would
 * be new once it is restored. It is reported elsewhere. */
static int read_side(const struct comparing *c, const struct oid *commit, const char *path,
	const char *name, struct json_doc **doc, const struct json_value **member)
{
	struct reading reading = { .repo = c->repo, .tip = *commit };
	int rc = reading_document(&reading, path, name, doc, member, c->err);
	return rc == ERR_INVALID ? 0 : rc;
}

/* Stores OID_NONE if the file does not exist. */
static int find_side(
	const struct comparing *c, const struct oid *commit, const char *path, struct oid *out)
{
	*out = OID_NONE;
	int rc = repo_find(c->repo, commit, path, out, c->err);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* Reads the file at both commits. Returns 1; 0 if both are equal, or if the new one does not exist
 * or was never valid; or a negative code. */
static int open_sides(
	const struct comparing *c, const char *path, const char *name, struct sides *out)
{
	struct oid before = OID_NONE, after = OID_NONE;
	*out = (struct sides){ 0 };
	int rc = find_side(c, c->from, path, &before);
	if (!rc)
		rc = find_side(c, c->to, path, &after);
	if (rc < 0 || oid_is_none(&after) || oid_equal(&before, &after))
		return rc;
	rc = read_side(c, c->from, path, name, &out->old_doc, &out->before);
	if (!rc)
		rc = read_side(c, c->to, path, name, &out->new_doc, &out->after);
	return rc < 0 ? rc : out->after != NULL;
}

static void close_sides(struct sides *sides)
{
	json_doc_free(sides->old_doc);
	json_doc_free(sides->new_doc);
}

static const char *join(struct comparing *c, const char *first, const char *second)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "%s%s%s", first ? first : "", first && second ? ": " : "",
		second ? second : "");
	const char *made = arena_strndup(&c->arena, text.data, text.len);
	buf_release(&text);
	return made;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* ---- messages ---- */

static int by_text(const void *left, const void *right)
{
	const char *const *a = left, *const *b = right;
	return strcmp(*a, *b);
}

static const char **known_ids(struct comparing *c, const struct sides *sides, size_t *count)
{
	size_t most = sides->before ? sides->before->count : 0;
	const char **ids = arena_array(&c->arena, most + 1, sizeof(*ids));
	struct message message;
	*count = 0;
	JSON_EACH (value, sides->before)
		if (message_parse(&message, sides->old_doc, value, &c->arena))
			ids[(*count)++] = message.id;
	if (*count)
		qsort(ids, *count, sizeof(*ids), by_text);
	return ids;
}

static int compare_messages(struct comparing *c)
{
	struct sides sides;
	struct message message;
	size_t count = 0;
	int rc = open_sides(c, FLEET_MESSAGES_PATH, "messages", &sides);
	if (rc > 0) {
		rc = 0;
		const char **known = known_ids(c, &sides, &count);
		JSON_EACH (value, sides.after) {
			if (rc || !message_parse(&message, sides.new_doc, value, &c->arena) ||
				!message_is_for(&message, c->server) ||
				message_is_read_by(sides.new_doc, &message, c->server) ||
				(count &&
					bsearch(&message.id, known, count, sizeof(*known),
						by_text)))
				continue;
			struct state_change change = { .kind = CHANGE_MESSAGE,
				.id = message.id,
				.about = join(c, message.from, message.subject),
				.before = message.from };
			rc = c->each(&change, c->data);
		}
	}
	close_sides(&sides);
	return rc;
}

/* ---- jobs ---- */

static const char *doer(const struct job *job)
{
	return job && job_is(job, JOB_RUNNING) ? job->assigned_to : NULL;
}

static bool has_failed(const struct job *job)
{
	return job && job_is(job, JOB_FAILED);
}

static int compare_job(struct comparing *c, const struct job *before, const struct job *after)
{
	struct state_change change = { .id = after->id,
		.about = join(c, after->branch, has_failed(after) ? after->reason : NULL),
		.before = doer(before),
		.after = doer(after),
		.number = after->attempt };
	if (has_failed(after) && !has_failed(before)) {
		change.kind = CHANGE_BUILD_FAILED;
		change.before = after->assigned_to;
		return c->each(&change, c->data);
	}
	change.kind = CHANGE_JOB;
	return same(change.before, change.after) ? 0 : c->each(&change, c->data);
}

static int compare_jobs(struct comparing *c)
{
	struct sides sides;
	struct job_list before, after;
	int rc = open_sides(c, FLEET_JOBS_PATH, "jobs", &sides);
	if (rc > 0) {
		rc = 0;
		jobs_read(&before, sides.old_doc, sides.before, &c->arena);
		jobs_read(&after, sides.new_doc, sides.after, &c->arena);
		for (size_t i = 0; !rc && i < after.count; i++)
			rc = compare_job(c, jobs_find(&before, after.jobs[i].id), &after.jobs[i]);
	}
	close_sides(&sides);
	return rc;
}

/* ---- locks ---- */

static int compare_lock(struct comparing *c, const struct lock *before, const struct lock *after)
{
	struct state_change change = { .kind = CHANGE_LOCK,
		.id = after->name,
		.before = before->holder,
		.after = after->holder,
		.number = after->fence };
	if (same(before->holder, after->holder))
		return 0;
	if (after->holder && same(before->holder, c->server))
		change.kind = CHANGE_LOCK_LOST;
	return c->each(&change, c->data);
}

static int compare_locks(struct comparing *c)
{
	struct sides sides;
	int rc = open_sides(c, FLEET_LOCKS_PATH, "locks", &sides);
	if (rc > 0 && sides.after->type == JSON_OBJECT) {
		rc = 0;
		JSON_EACH (member, sides.after) {
			struct lock after = lock_read(sides.new_doc, member, c->now, &c->arena);
			struct lock before = { .name = after.name };
			if (sides.before && sides.before->type == JSON_OBJECT)
				before = lock_find(
					sides.old_doc, sides.before, after.name, c->now, &c->arena);
			if (!rc)
				rc = compare_lock(c, &before, &after);
		}
	}
	close_sides(&sides);
	return rc;
}

/* ---- */

int changes_each(struct repo *repo, const struct oid *from, const struct oid *to,
	const char *server, int64_t now, int (*each)(const struct state_change *change, void *data),
	void *data, struct error *err)
{
	struct comparing c = { repo, from, to, server, now, each, data, ARENA_INIT, err };
	if (oid_is_none(from) || oid_is_none(to) || oid_equal(from, to))
		return 0;
	int rc = compare_messages(&c);
	if (!rc)
		rc = compare_jobs(&c);
	if (!rc)
		rc = compare_locks(&c);
	arena_release(&c.arena);
	return rc;
}

static const char *who(const char *holder, const char *server)
{
	return !holder ? "" : !strcmp(holder, server) ? "you" : holder;
}

void change_say(struct buf *out, const struct state_change *change, const char *server)
{
	switch (change->kind) {
	case CHANGE_MESSAGE:
		buf_addf(out, "new message %s from %s", change->id, change->about);
		break;
	case CHANGE_BUILD_FAILED:
		buf_addf(out, "job %s failed%s%s%s%s", change->id, change->before ? " on " : "",
			change->before ? change->before : "", *change->about ? ", " : "",
			change->about);
		break;
	case CHANGE_JOB:
		buf_addf(out, "job %s is now %s%s", change->id,
			change->after ? "assigned to " : "unassigned", who(change->after, server));
		break;
	case CHANGE_LOCK:
		buf_addf(out, "lock %s is now %s%s", change->id,
			change->after ? "held by " : "free", who(change->after, server));
		break;
	case CHANGE_LOCK_LOST:
		buf_addf(out, "lock %s was lost: it is now held by %s (fence %" PRId64 ")",
			change->id, change->after, change->number);
		break;
	}
}
