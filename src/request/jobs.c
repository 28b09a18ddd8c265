/* What servers do with jobs (fleet/job.h). A server's own status.json is kept in step in the same
 * commit: what it builds, and what became of the last build. */
#include "fleet/job.h"

#include "base/timestamp.h"
#include "request/document.h"
#include "request/job_files.h"
#include "fleet/lock.h"
#include "fleet/names.h"
#include "request/request.h"
#include "fleet/status.h"

#include <string.h>

static const char fresh[] = "{\n  \"jobs\": []\n}\n";

/* What an operation on jobs works with; the status is the asking server's own. */
struct work {
	struct deed *deed;
	struct document documents[2]; /* the jobs, and the status where it changes, too */
	size_t count;
	const struct json_value *array;
	struct job_list list;
};

static int open_work(struct work *work, struct deed *deed, struct error *err)
{
	*work = (struct work){ .deed = deed };
	int rc = document_open_with(&work->documents[0], deed->tx, FLEET_JOBS_PATH, fresh, "jobs",
		JSON_ARRAY, &work->array, err);
	if (rc < 0)
		return rc;
	work->count = 1;
	jobs_read(&work->list, work->documents[0].doc, work->array, &deed->arena);
	return 0;
}

static void close_work(struct work *work)
{
	for (size_t i = 0; i < work->count; i++)
		document_close(&work->documents[i]);
}

static int save(struct work *work, struct error *err)
{
	return document_save(work->documents, work->count, work->deed->tx, err);
}

static void set(struct work *work, const struct job *job, const char *name, const char *value)
{
	json_edit_set_string(work->documents[0].edit, job->value, name, value);
}

static void set_time(struct work *work, const struct job *job, const char *name, int64_t seconds)
{
	char text[TIMESTAMP_SIZE];
	set(work, job, name, seconds ? timestamp_format(seconds, text) : NULL);
}

static void put_answer(struct deed *deed, const char *name, bool yes, const struct work *work,
	const struct job *job, const char *reason)
{
	json_put_bool(&deed->answer, name, yes);
	json_put_string_or_null(&deed->answer, "reason", reason);
	if (job) {
		json_begin_member(&deed->answer, "job", '{');
		job_put(&deed->answer, &work->list, job);
		json_end(&deed->answer);
	} else {
		json_put_null(&deed->answer, "job");
	}
}

/* Finds the job that the request is about. */
static int find_job(struct work *work, struct job *out, struct error *err)
{
	const char *id = deed_string(work->deed, "job");
	const struct job *job = id ? jobs_find(&work->list, id) : NULL;
	if (!job)
		return error_set(err, ERR_NOT_FOUND,
			"there is no job '%s'; 'git build job list' shows them", id ? id : "");
	*out = *job;
	return 0;
}

static bool is(const struct job *job, const char *status)
{
	return job->status && !strcmp(job->status, status);
}

static bool is_mine(const struct work *work, const struct job *job)
{
	return job->assigned_to && !strcmp(job->assigned_to, work->deed->server);
}

/* ---- the server's own status ---- */

static int open_status(struct work *work, struct error *err)
{
	int rc = status_open(&work->documents[1], work->deed, err);
	if (!rc)
		work->count = 2;
	return rc;
}

static void set_current(struct work *work, const struct job *job, const char *status)
{
	struct document *document = &work->documents[1];
	char time[TIMESTAMP_SIZE];
	struct buf text = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	if (job) {
		json_begin(&w, '{');
		json_put_string(&w, "id", job->id);
		json_put_string_or_null(&w, "branch", job->branch);
		json_put_string_or_null(&w, "commit", job->commit);
		json_put_string(&w, "started_at", timestamp_format(job->started_at, time));
		json_end(&w);
	} else {
		json_put_null(&w, NULL);
	}
	json_edit_set(document->edit, document->root, "current_job", text.data, text.len);
	status_touch(document, work->deed, status);
	buf_release(&text);
}

/* Another job that this server is at, besides `job`; NULL if there is none. */
static const struct job *other_running(const struct work *work, const struct job *job)
{
	for (size_t i = 0; i < work->list.count; i++) {
		const struct job *other = &work->list.jobs[i];
		if (is(other, "running") && is_mine(work, other) && strcmp(other->id, job->id) != 0)
			return other;
	}
	return NULL;
}

/* The server is done with `job`: what it says it is at goes on to what else it has. */
static void leave_current(struct work *work, const struct job *job, const char *status)
{
	const struct document *document = &work->documents[1];
	const struct json_value *current =
		json_member(document->doc, document->root, "current_job");
	const struct json_value *id = json_member(document->doc, current, "id");
	const struct job *other = other_running(work, job);
	if (id && json_string_is(document->doc, id, job->id))
		set_current(work, other, other ? "building" : status);
}

static void set_last_build(struct work *work, const struct job *job)
{
	struct document *document = &work->documents[1];
	const struct deed *deed = work->deed;
	char time[TIMESTAMP_SIZE];
	struct buf text = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	json_begin(&w, '{');
	json_put_string(&w, "id", job->id);
	json_put_string(&w, "status", is(job, "completed") ? "success" : "failed");
	json_put_string(&w, "completed_at", timestamp_format(job->completed_at, time));
	if (job->started_at && job->completed_at >= job->started_at)
		json_put_int(&w, "duration_seconds", job->completed_at - job->started_at);
	else
		json_put_null(&w, "duration_seconds");
	json_begin_member(&w, "artifacts", '[');
	const struct json_value *artifacts =
		json_member(deed->request, json_root(deed->request), "artifacts");
	JSON_EACH (artifact, artifacts) {
		size_t len;
		const char *raw = json_raw(deed->request, artifact, &len);
		json_put_raw(&w, NULL, raw, len);
	}
	json_end(&w);
	json_end(&w);
	json_edit_set(document->edit, document->root, "last_build", text.data, text.len);
	status_touch(document, deed, NULL);
	buf_release(&text);
}

/* ---- add ---- */

static int check_depends(
	struct work *work, const char *id, const struct json_value *depends, struct error *err)
{
	struct deed *deed = work->deed;
	struct buf circle = BUF_INIT;
	int rc = 0;
	JSON_EACH (value, depends) {
		size_t len;
		const char *text = json_string(deed->request, value, &len);
		const char *name = text ? arena_strndup(&deed->arena, text, len) : "";
		if (!rc && strcmp(name, id) != 0 && !jobs_find(&work->list, name))
			rc = error_set(err, ERR_NOT_FOUND,
				"there is no job '%s' to depend on; 'git build job list' shows "
				"them",
				name);
	}
	if (!rc && jobs_find_circle(&work->list, id, deed->request, depends, &deed->arena, &circle))
		rc = error_set(err, ERR_INVALID,
			"the dependencies go in a circle, so that none of them could start: %s",
			circle.data);
	buf_release(&circle);
	return rc;
}

static void append(struct work *work, const char *id, const struct json_value *depends)
{
	struct deed *deed = work->deed;
	char time[TIMESTAMP_SIZE];
	const char *type = deed_string(deed, "type");
	struct buf text = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	json_begin(&w, '{');
	json_put_string(&w, "id", id);
	json_put_string(&w, "type", type ? type : "build");
	json_put_int(&w, "priority", deed_int(deed, "priority", JOB_PRIORITY));
	json_put_string_or_null(&w, "branch", deed_string(deed, "branch"));
	json_put_string_or_null(&w, "commit", deed_string(deed, "commit"));
	json_put_string_or_null(&w, "description", deed_string(deed, "description"));
	json_put_null(&w, "assigned_to");
	json_put_string(&w, "status", "queued");
	json_put_int(&w, "attempt", 0);
	if (deed_int(deed, "retries", 0) > 0)
		json_put_int(&w, "retries", deed_int(deed, "retries", 0));
	if (deed_flag(deed, "no_packages"))
		json_put_bool(&w, "packages", false);
	json_begin_member(&w, "depends", '[');
	JSON_EACH (value, depends) {
		size_t len;
		const char *raw = json_raw(deed->request, value, &len);
		json_put_raw(&w, NULL, raw, len);
	}
	json_end(&w);
	json_put_string(&w, "created_at", timestamp_format(deed->now, time));
	json_put_null(&w, "started_at");
	json_put_null(&w, "completed_at");
	json_end(&w);
	json_edit_append(work->documents[0].edit, work->array, text.data, text.len);
	buf_release(&text);
}

static int add(struct deed *deed, struct error *err)
{
	struct work work;
	const char *id = deed_string(deed, "job");
	const struct json_value *depends =
		json_member(deed->request, json_root(deed->request), "depends");
	if (!id || !*id)
		return error_set(err, ERR_INVALID, "a job needs an id");
	int rc = open_work(&work, deed, err);
	/* One that is there already was added by this very request. */
	if (!rc && !jobs_find(&work.list, id)) {
		rc = check_depends(&work, id, depends, err);
		if (!rc) {
			append(&work, id, depends);
			buf_addf(&deed->subject, "Job: %s adds %s", deed->server, id);
			rc = save(&work, err);
		}
	}
	if (!rc)
		json_put_string(&deed->answer, "id", id);
	close_work(&work);
	return rc;
}

/* ---- claim ---- */

/* Does somebody who uses the old scripts assign jobs just now? Then `*why` says who. */
static int is_locked(struct deed *deed, const char **why, struct error *err)
{
	static const char none[] = "{\"locks\": {}}";
	struct document document = { 0 };
	const struct json_value *locks;
	char until[TIMESTAMP_SIZE];
	struct buf text = BUF_INIT;
	int rc = document_open_with(
		&document, deed->tx, FLEET_LOCKS_PATH, none, "locks", JSON_OBJECT, &locks, err);
	if (rc < 0)
		return rc;
	struct lock lock =
		lock_find(document.doc, locks, "job_assignment", deed->now, &deed->arena);
	bool locked = lock.state == LOCK_CORRUPT ||
		(lock.state == LOCK_HELD && strcmp(lock.holder, deed->server) != 0);
	if (lock.state == LOCK_HELD)
		buf_addf(&text, "the lock job_assignment is held by %s until %s", lock.holder,
			timestamp_format(lock.expires_at, until));
	else
		buf_addstr(&text,
			"the lock job_assignment cannot be understood; 'git build lock break "
			"job_assignment' clears it");
	if (locked)
		*why = arena_strndup(&deed->arena, text.data, text.len);
	buf_release(&text);
	document_close(&document);
	return locked;
}

static int take(struct work *work, struct job *job, struct error *err)
{
	struct deed *deed = work->deed;
	const char *worker = deed_string(deed, "worker");
	job->status = "running";
	job->assigned_to = deed->server;
	job->started_at = deed->now;
	job->completed_at = 0;
	job->attempt++;
	set(work, job, "assigned_to", job->assigned_to);
	set(work, job, "status", job->status);
	set_time(work, job, "started_at", job->started_at);
	set_time(work, job, "completed_at", 0);
	json_edit_set_int(work->documents[0].edit, job->value, "attempt", job->attempt);
	/* Why an earlier attempt ended is not the reason of this one. */
	if (job->reason)
		set(work, job, "reason", NULL);
	job->reason = NULL;
	if (worker || job->worker)
		set(work, job, "worker", worker);
	buf_addf(&deed->subject, "Job: %s claims %s", deed->server, job->id);
	int rc = open_status(work, err);
	if (rc < 0)
		return rc;
	set_current(work, job, "building");
	status_set_paused(&work->documents[1], deed, NULL);
	return save(work, err);
}

static int claim(struct deed *deed, struct error *err)
{
	struct work work = { 0 };
	struct job job = { 0 };
	const char *why = "nothing that could start is queued";
	int rc = is_locked(deed, &why, err);
	bool locked = rc == 1;
	if (rc >= 0)
		rc = open_work(&work, deed, err);
	if (rc < 0)
		return rc;
	const struct job *chosen = locked
		? NULL
		: jobs_choose(&work.list, deed->server, deed_string(deed, "type"), &deed->arena);
	if (chosen) {
		job = *chosen;
		rc = take(&work, &job, err);
	} else {
		rc = 1;
	}
	if (rc >= 0)
		put_answer(deed, "claimed", !rc, &work, rc ? NULL : &job, rc ? why : NULL);
	close_work(&work);
	return rc;
}

/* ---- what becomes of a job ---- */

/* Why this server cannot finish the job; NULL: it can. */
static const char *not_to_finish(struct work *work, const struct job *job)
{
	struct buf text = BUF_INIT;
	int64_t attempt = deed_int(work->deed, "attempt", job->attempt);
	if (!is(job, "running"))
		buf_addf(&text, "it is %s", job->status ? job->status : "without a status");
	else if (!is_mine(work, job))
		buf_addf(&text, "it is %s's", job->assigned_to ? job->assigned_to : "nobody");
	else if (attempt != job->attempt)
		buf_addf(&text, "it is at attempt %lld, and not at %lld", (long long)job->attempt,
			(long long)attempt);
	const char *why = text.len ? arena_strndup(&work->deed->arena, text.data, text.len) : NULL;
	buf_release(&text);
	return why;
}

static void put_back(struct work *work, struct job *job)
{
	job->status = "queued";
	job->assigned_to = NULL;
	job->started_at = job->completed_at = 0;
	set(work, job, "status", job->status);
	set(work, job, "assigned_to", NULL);
	set(work, job, "started_at", NULL);
	set(work, job, "completed_at", NULL);
}

/* The job has ended, as `job` says by now: that goes into all that tells of it. */
static int write_end(struct work *work, struct job *job, struct error *err)
{
	struct deed *deed = work->deed;
	struct job ended = *job;
	bool again =
		is(job, "failed") && deed_flag(deed, "retry") && job_tries(job) <= job->retries;
	int rc = open_status(work, err);
	if (rc < 0)
		return rc;
	if (job->reason)
		set(work, job, "reason", job->reason);
	if (again) {
		put_back(work, job);
	} else {
		set(work, job, "status", job->status);
		set_time(work, job, "completed_at", job->completed_at);
	}
	leave_current(work, &ended, is(&ended, "completed") ? "success" : "failed");
	set_last_build(work, &ended);
	rc = job_files_write(deed, err);
	return rc < 0 ? rc : save(work, err);
}

static int finish(struct deed *deed, const char *status, const char *verb, struct error *err)
{
	struct work work;
	struct job job;
	int rc = open_work(&work, deed, err);
	if (!rc)
		rc = find_job(&work, &job, err);
	if (rc < 0) {
		close_work(&work);
		return rc;
	}
	const char *reason = deed_string(deed, "reason"), *why = NULL;
	/* Asked twice, it has happened once. */
	bool again = is(&job, status) && is_mine(&work, &job) &&
		deed_int(deed, "attempt", job.attempt) == job.attempt;
	if (!again && (why = not_to_finish(&work, &job))) {
		rc = 1;
	} else if (!again) {
		job.status = status;
		job.completed_at = deed->now;
		if (reason)
			job.reason = reason;
		buf_addf(&deed->subject, "Job: %s %s %s", deed->server, verb, job.id);
		rc = write_end(&work, &job, err);
	}
	if (rc >= 0)
		put_answer(deed, status, !rc, &work, &job, why);
	close_work(&work);
	return rc;
}

static int complete(struct deed *deed, struct error *err)
{
	return finish(deed, "completed", "completes", err);
}

static int fail(struct deed *deed, struct error *err)
{
	return finish(deed, "failed", "fails", err);
}

/* The job leaves the server that has it. */
static int leave(struct work *work, const struct job *job, bool was_mine, struct error *err)
{
	int rc = was_mine ? open_status(work, err) : 0;
	if (!rc && was_mine)
		leave_current(work, job, "idle");
	return rc < 0 ? rc : save(work, err);
}

static int cancel(struct deed *deed, struct error *err)
{
	struct work work;
	struct job job;
	const char *why = NULL;
	int rc = open_work(&work, deed, err);
	if (!rc)
		rc = find_job(&work, &job, err);
	if (!rc && !is(&job, "cancelled")) {
		bool running = is(&job, "running");
		if (!running && !is(&job, "queued")) {
			why = "it is over already";
			rc = 1;
		} else {
			job.status = "cancelled";
			job.completed_at = deed->now;
			set(&work, &job, "status", job.status);
			set_time(&work, &job, "completed_at", job.completed_at);
			buf_addf(&deed->subject, "Job: %s cancels %s", deed->server, job.id);
			rc = leave(&work, &job, running && is_mine(&work, &job), err);
		}
	}
	if (rc >= 0)
		put_answer(deed, "cancelled", !rc, &work, &job, why);
	close_work(&work);
	return rc;
}

/* The command never ran: that is not the job's fault, and the attempt, which is the claim's fence,
 * stays as high as it is. */
static void do_not_count(struct work *work, struct job *job)
{
	job->uncounted++;
	json_edit_set_int(work->documents[0].edit, job->value, "uncounted", job->uncounted);
}

/* A worker puts back what it has claimed: only that attempt, so that nothing happens to a job that
 * was cancelled, or claimed again. */
static int hand_back(struct work *work, struct job *job, const char **why, struct error *err)
{
	struct deed *deed = work->deed;
	const char *reason = deed_string(deed, "reason"), *paused = deed_string(deed, "paused");
	if (is(job, "queued") && deed_int(deed, "attempt", 0) == job->attempt)
		return 0;
	*why = not_to_finish(work, job);
	if (*why)
		return 1;
	put_back(work, job);
	if (deed_flag(deed, "uncounted"))
		do_not_count(work, job);
	job->reason = reason ? reason : job->reason;
	if (reason)
		set(work, job, "reason", reason);
	buf_addf(&deed->subject, "Job: %s puts %s back", deed->server, job->id);
	int rc = open_status(work, err);
	if (rc < 0)
		return rc;
	leave_current(work, job, "idle");
	status_touch(&work->documents[1], deed, NULL);
	if (paused)
		status_set_paused(&work->documents[1], deed, paused);
	return save(work, err);
}

/* A person puts a job back. */
static int queue_again(struct work *work, struct job *job, const char **why, struct error *err)
{
	bool running = is(job, "running"), mine = is_mine(work, job);
	if (is(job, "queued"))
		return 0;
	if (is(job, "completed")) {
		*why = "it is completed; add a new one";
		return 1;
	}
	if (running && !mine) {
		*why = "another server is at it: 'git build job reap' puts it back if that is "
		       "silent, 'git build job cancel' takes it from it";
		return 1;
	}
	put_back(work, job);
	buf_addf(&work->deed->subject, "Job: %s puts %s back", work->deed->server, job->id);
	return leave(work, job, running && mine, err);
}

static int requeue(struct deed *deed, struct error *err)
{
	struct work work;
	struct job job;
	const char *why = NULL;
	bool by_worker = json_member(deed->request, json_root(deed->request), "attempt");
	int rc = open_work(&work, deed, err);
	if (!rc)
		rc = find_job(&work, &job, err);
	if (!rc)
		rc = by_worker ? hand_back(&work, &job, &why, err)
			       : queue_again(&work, &job, &why, err);
	if (rc >= 0)
		put_answer(deed, "requeued", !rc, &work, &job, why);
	close_work(&work);
	return rc;
}

/* ---- reap ---- */

/* For how long was the job's server silent beyond its promise? 0: it was not. */
static int64_t silence(struct deed *deed, const struct job *job)
{
	const struct json_doc *request = deed->request;
	const struct json_value *servers = json_member(request, json_root(request), "servers");
	const struct json_value *server =
		job->assigned_to ? json_member(request, servers, job->assigned_to) : NULL;
	const struct json_value *beat = json_member(request, server, "last_beat");
	int64_t after = deed_int(deed, "silent_after", 0), last = 0;
	size_t len;
	const char *text = json_string(request, beat, &len);
	json_int64(request, json_member(request, server, "silent_after"), &after);
	if (text)
		timestamp_parse(text, len, &last);
	/* That it took the job was a sign of life, too. */
	if (job->started_at > last)
		last = job->started_at;
	return deed->now - last > after ? deed->now - last : 0;
}

static void reap_one(struct work *work, struct job *job, int64_t silent)
{
	struct deed *deed = work->deed;
	const char *server = job->assigned_to ? job->assigned_to : "nobody";
	char age[TIMESTAMP_SIZE];
	bool gives_up = job_tries(job) >= deed_int(deed, "most_attempts", 1);
	struct buf reason = BUF_INIT;
	buf_addf(&reason, "%s was silent for %s, at attempt %lld", server,
		timestamp_format_age(silent, age), (long long)job->attempt);
	job->reason = arena_strndup(&deed->arena, reason.data, reason.len);
	set(work, job, "reason", job->reason);
	if (gives_up) {
		job->status = "failed";
		job->completed_at = deed->now;
		set(work, job, "status", job->status);
		set_time(work, job, "completed_at", job->completed_at);
	} else {
		put_back(work, job);
	}
	json_begin(&deed->answer, '{');
	json_put_string(&deed->answer, "id", job->id);
	json_put_string(&deed->answer, "server", server);
	json_put_string(&deed->answer, "status", job->status);
	json_put_int(&deed->answer, "attempt", job->attempt);
	json_put_string(&deed->answer, "reason", job->reason);
	json_end(&deed->answer);
	buf_release(&reason);
}

static int reap(struct deed *deed, struct error *err)
{
	struct work work;
	size_t count = 0;
	int rc = open_work(&work, deed, err);
	if (rc < 0)
		return rc;
	json_begin_member(&deed->answer, "reaped", '[');
	for (size_t i = 0; i < work.list.count; i++) {
		struct job job = work.list.jobs[i];
		int64_t silent = is(&job, "running") ? silence(deed, &job) : 0;
		if (!silent)
			continue;
		reap_one(&work, &job, silent);
		count++;
	}
	json_end(&deed->answer);
	buf_addf(&deed->subject, "Job: %s reaps %zu of silent servers", deed->server, count);
	if (count)
		rc = save(&work, err);
	close_work(&work);
	return rc;
}

const struct operation job_operations[] = {
	{ "job add", true, add },
	{ "job claim", false, claim },
	{ "job complete", true, complete },
	{ "job fail", true, fail },
	{ "job cancel", true, cancel },
	{ "job requeue", true, requeue },
	{ "job reap", false, reap },
	{ NULL, false, NULL },
};
