/* Requests about jobs (fleet/job.h). The same commit updates the status.json of the server, with
 * its current job and the result of its last build. */
#include "request/jobs.h"

#include "base/timestamp.h"
#include "request/document.h"
#include "fleet/job.h"
#include "fleet/lock.h"
#include "fleet/files.h"
#include "fleet/limits.h"
#include "request/status.h"

#include <string.h>

/* The expected interval of a server that has not announced one: the default for heartbeats. */

/* The files of a request about jobs; the status is that of the requesting server. */
struct work {
	struct request *request;
	struct document documents[2]; /* the jobs, and the status if it changes */
	size_t count;
	const struct json_value *array;
	struct job_list list;
};

static int open_work(struct work *work, struct request *request, struct error *err)
{
	*work = (struct work){ .request = request };
	int rc = document_open_list(&work->documents[0], request->documents, FLEET_JOBS_PATH,
		"jobs", JSON_ARRAY, &work->array, err);
	if (rc < 0)
		return rc;
	work->count = 1;
	jobs_read(&work->list, work->documents[0].doc, work->array, &request->arena);
	return 0;
}

static void close_work(struct work *work)
{
	for (size_t i = 0; i < work->count; i++)
		document_close(&work->documents[i]);
}

static int save(struct work *work, struct error *err)
{
	return document_save(work->documents, work->count, work->request->documents, err);
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

static void put_answer(struct request *request, const char *name, bool yes, const struct work *work,
	const struct job *job, const char *reason)
{
	json_put_bool(&request->answer->writer, name, yes);
	json_put_string_or_null(&request->answer->writer, "reason", reason);
	if (job) {
		json_begin_member(&request->answer->writer, "job", '{');
		job_put(&request->answer->writer, &work->list, job);
		json_end(&request->answer->writer);
	} else {
		json_put_null(&request->answer->writer, "job");
	}
}

/* Finds the job that the request is about. */
static int find_job(struct work *work, struct job *out, struct error *err)
{
	const char *id = request_string(work->request, "job");
	const struct job *job = id ? jobs_find(&work->list, id) : NULL;
	if (!job)
		return error_set(err, ERR_NOT_FOUND, "no such job: '%s' (see 'git build job list')",
			id ? id : "");
	*out = *job;
	return 0;
}

static bool is_mine(const struct work *work, const struct job *job)
{
	return job->assigned_to && !strcmp(job->assigned_to, work->request->server);
}

/* ---- the server's own status ---- */

static int open_status(struct work *work, struct error *err)
{
	int rc = status_open(&work->documents[1], work->request, err);
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
	status_touch(document, work->request, status);
	buf_release(&text);
}

/* Returns another running job of this server than `job`; NULL if there is none. */
static const struct job *other_running(const struct work *work, const struct job *job)
{
	for (size_t i = 0; i < work->list.count; i++) {
		const struct job *other = &work->list.jobs[i];
		if (job_is(other, JOB_RUNNING) && is_mine(work, other) &&
			strcmp(other->id, job->id) != 0)
			return other;
	}
	return NULL;
}

/* The server no longer runs `job`: changes its current job to another one that it runs. */
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
	const struct request *request = work->request;
	char time[TIMESTAMP_SIZE];
	struct buf text = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	json_begin(&w, '{');
	json_put_string(&w, "id", job->id);
	json_put_string(&w, "status", job_is(job, JOB_COMPLETED) ? "success" : "failed");
	json_put_string(&w, "completed_at", timestamp_format(job->completed_at, time));
	json_put_int_if(&w, "duration_seconds",
		job->started_at && job->completed_at >= job->started_at,
		job->completed_at - job->started_at);
	json_begin_member(&w, "artifacts", '[');
	const struct json_value *artifacts =
		json_member(request->doc, json_root(request->doc), "artifacts");
	JSON_EACH (artifact, artifacts) {
		size_t len;
		const char *raw = json_raw(request->doc, artifact, &len);
		json_put_raw(&w, NULL, raw, len);
	}
	json_end(&w);
	json_end(&w);
	json_edit_set(document->edit, document->root, "last_build", text.data, text.len);
	status_touch(document, request, NULL);
	buf_release(&text);
}

/* ---- add ---- */

static int check_depends(
	struct work *work, const char *id, const struct json_value *depends, struct error *err)
{
	struct request *request = work->request;
	struct buf circle = BUF_INIT;
	int rc = 0;
	JSON_EACH (value, depends) {
		size_t len;
		const char *text = json_string(request->doc, value, &len);
		const char *name = text ? arena_strndup(&request->arena, text, len) : "";
		if (!rc && strcmp(name, id) != 0 && !jobs_find(&work->list, name))
			rc = error_set(err, ERR_NOT_FOUND,
				"no such job to depend on: '%s' (see 'git build job list')", name);
	}
	if (!rc &&
		jobs_find_circle(&work->list, id, request->doc, depends, &request->arena, &circle))
		rc = error_set(err, ERR_INVALID,
			"dependencies: circular, so that none of the jobs could start: %s",
			circle.data);
	buf_release(&circle);
	return rc;
}

static void append(struct work *work, const char *id, const struct json_value *depends)
{
	struct request *request = work->request;
	char time[TIMESTAMP_SIZE];
	const char *type = request_string(request, "type");
	struct buf text = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	json_begin(&w, '{');
	json_put_string(&w, "id", id);
	json_put_string(&w, "type", type ? type : "build");
	json_put_int(&w, "priority", request_int(request, "priority", JOB_PRIORITY));
	json_put_string_or_null(&w, "branch", request_string(request, "branch"));
	json_put_string_or_null(&w, "commit", request_string(request, "commit"));
	json_put_string_or_null(&w, "description", request_string(request, "description"));
	json_put_null(&w, "assigned_to");
	json_put_string(&w, "status", job_status_name(JOB_QUEUED));
	json_put_int(&w, "attempt", 0);
	if (request_int(request, "retries", 0) > 0)
		json_put_int(&w, "retries", request_int(request, "retries", 0));
	if (request_flag(request, "no_packages"))
		json_put_bool(&w, "packages", false);
	json_begin_member(&w, "depends", '[');
	JSON_EACH (value, depends) {
		size_t len;
		const char *raw = json_raw(request->doc, value, &len);
		json_put_raw(&w, NULL, raw, len);
	}
	json_end(&w);
	json_put_string(&w, "created_at", timestamp_format(request->now, time));
	json_put_null(&w, "started_at");
	json_put_null(&w, "completed_at");
	json_end(&w);
	json_edit_append(work->documents[0].edit, work->array, text.data, text.len);
	buf_release(&text);
}

static int add(struct request *request, struct error *err)
{
	struct work work;
	const char *id = request_string(request, "job");
	const struct json_value *depends =
		json_member(request->doc, json_root(request->doc), "depends");
	if (!id || !*id)
		return error_set(err, ERR_INVALID, "job: no ID");
	int rc = open_work(&work, request, err);
	/* If the job exists already, it was added by this request. */
	if (!rc && !jobs_find(&work.list, id)) {
		rc = check_depends(&work, id, depends, err);
		if (!rc) {
			append(&work, id, depends);
			buf_addf(&request->answer->subject, "Job: %s adds %s", request->server, id);
			rc = save(&work, err);
		}
	}
	if (!rc)
		json_put_string(&request->answer->writer, "id", id);
	close_work(&work);
	return rc;
}

/* ---- claim ---- */

/* Is a user of the older scripts assigning jobs? If so, `*why` names the holder of their lock. */
static int is_locked(struct request *request, const char **why, struct error *err)
{
	struct document document = { 0 };
	const struct json_value *locks;
	char until[TIMESTAMP_SIZE];
	struct buf text = BUF_INIT;
	int rc = document_open_list(
		&document, request->documents, FLEET_LOCKS_PATH, "locks", JSON_OBJECT, &locks, err);
	if (rc < 0)
		return rc;
	struct lock lock =
		lock_find(document.doc, locks, "job_assignment", request->now, &request->arena);
	bool locked = lock.state == LOCK_CORRUPT ||
		(lock.state == LOCK_HELD && strcmp(lock.holder, request->server) != 0);
	if (lock.state == LOCK_HELD)
		buf_addf(&text, "the lock job_assignment is held by %s until %s", lock.holder,
			timestamp_format(lock.expires_at, until));
	else
		buf_addstr(&text,
			"the lock job_assignment is corrupt; run 'git build lock break "
			"job_assignment' to clear it");
	if (locked)
		*why = arena_strndup(&request->arena, text.data, text.len);
	buf_release(&text);
	document_close(&document);
	return locked;
}

static int take(struct work *work, struct job *job, struct error *err)
{
	struct request *request = work->request;
	const char *worker = request_string(request, "worker");
	job->status = job_status_name(JOB_RUNNING);
	job->assigned_to = request->server;
	job->started_at = request->now;
	job->completed_at = 0;
	job->attempt++;
	set(work, job, "assigned_to", job->assigned_to);
	set(work, job, "status", job->status);
	set_time(work, job, "started_at", job->started_at);
	set_time(work, job, "completed_at", 0);
	json_edit_set_int(work->documents[0].edit, job->value, "attempt", job->attempt);
	/* Remove the reason for the end of an earlier attempt. */
	if (job->reason)
		set(work, job, "reason", NULL);
	job->reason = NULL;
	if (worker || job->worker)
		set(work, job, "worker", worker);
	buf_addf(&request->answer->subject, "Job: %s claims %s", request->server, job->id);
	int rc = open_status(work, err);
	if (rc < 0)
		return rc;
	set_current(work, job, "building");
	status_set_paused(&work->documents[1], request, NULL);
	return save(work, err);
}

static int claim(struct request *request, struct error *err)
{
	struct work work = { 0 };
	struct job job = { 0 };
	const char *why = "no queued job can start";
	int rc = is_locked(request, &why, err);
	bool locked = rc == 1;
	if (rc >= 0)
		rc = open_work(&work, request, err);
	if (rc < 0)
		return rc;
	const struct job *chosen = locked
		? NULL
		: jobs_choose(&work.list, request->server, request_string(request, "type"),
			  &request->arena);
	if (chosen) {
		job = *chosen;
		rc = take(&work, &job, err);
	} else {
		rc = 1;
	}
	if (rc >= 0)
		put_answer(request, "claimed", !rc, &work, rc ? NULL : &job, rc ? why : NULL);
	close_work(&work);
	return rc;
}

/* ---- complete, fail, cancel, requeue ---- */

/* Returns why this server cannot finish the job; NULL if it can. */
static const char *not_to_finish(struct work *work, const struct job *job)
{
	struct buf text = BUF_INIT;
	int64_t attempt = request_int(work->request, "attempt", job->attempt);
	if (!job_is(job, JOB_RUNNING))
		buf_addf(&text, "it is %s", job->status ? job->status : "without a status");
	else if (!is_mine(work, job))
		buf_addf(&text, "it is assigned to %s",
			job->assigned_to ? job->assigned_to : "no server");
	else if (attempt != job->attempt)
		buf_addf(&text, "it is at attempt %lld, not %lld", (long long)job->attempt,
			(long long)attempt);
	const char *why =
		text.len ? arena_strndup(&work->request->arena, text.data, text.len) : NULL;
	buf_release(&text);
	return why;
}

static void put_back(struct work *work, struct job *job)
{
	job->status = job_status_name(JOB_QUEUED);
	job->assigned_to = NULL;
	job->started_at = job->completed_at = 0;
	set(work, job, "status", job->status);
	set(work, job, "assigned_to", NULL);
	set(work, job, "started_at", NULL);
	set(work, job, "completed_at", NULL);
}

/* Writes the end of the job, which `job` already has, to the list and to the server's status. */
static int write_end(struct work *work, struct job *job, struct error *err)
{
	struct request *request = work->request;
	struct job ended = *job;
	bool again = job_is(job, JOB_FAILED) && request_flag(request, "retry") &&
		job_tries(job) <= job->retries;
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
	leave_current(work, &ended, job_is(&ended, JOB_COMPLETED) ? "success" : "failed");
	set_last_build(work, &ended);
	request_write_files(request);
	return save(work, err);
}

static int finish(
	struct request *request, enum job_status status, const char *verb, struct error *err)
{
	struct work work;
	struct job job;
	int rc = open_work(&work, request, err);
	if (!rc)
		rc = find_job(&work, &job, err);
	if (rc < 0) {
		close_work(&work);
		return rc;
	}
	const char *reason = request_string(request, "reason"), *why = NULL;
	/* A repeated request changes nothing. */
	bool again = job_is(&job, status) && is_mine(&work, &job) &&
		request_int(request, "attempt", job.attempt) == job.attempt;
	if (!again && (why = not_to_finish(&work, &job))) {
		rc = 1;
	} else if (!again) {
		job.status = job_status_name(status);
		job.completed_at = request->now;
		if (reason)
			job.reason = reason;
		buf_addf(&request->answer->subject, "Job: %s %s %s", request->server, verb, job.id);
		rc = write_end(&work, &job, err);
	}
	if (rc >= 0)
		put_answer(request, job_status_name(status), !rc, &work, &job, why);
	close_work(&work);
	return rc;
}

static int complete(struct request *request, struct error *err)
{
	return finish(request, JOB_COMPLETED, "completes", err);
}

static int fail(struct request *request, struct error *err)
{
	return finish(request, JOB_FAILED, "fails", err);
}

/* Saves a job that its server no longer runs. */
static int leave(struct work *work, const struct job *job, bool was_mine, struct error *err)
{
	int rc = was_mine ? open_status(work, err) : 0;
	if (!rc && was_mine)
		leave_current(work, job, "idle");
	return rc < 0 ? rc : save(work, err);
}

static int cancel(struct request *request, struct error *err)
{
	struct work work;
	struct job job;
	const char *why = NULL;
	int rc = open_work(&work, request, err);
	if (!rc)
		rc = find_job(&work, &job, err);
	if (!rc && !job_is(&job, JOB_CANCELLED)) {
		bool running = job_is(&job, JOB_RUNNING);
		if (!running && !job_is(&job, JOB_QUEUED)) {
			why = "it has already finished";
			rc = 1;
		} else {
			job.status = job_status_name(JOB_CANCELLED);
			job.completed_at = request->now;
			set(&work, &job, "status", job.status);
			set_time(&work, &job, "completed_at", job.completed_at);
			buf_addf(&request->answer->subject, "Job: %s cancels %s", request->server,
				job.id);
			rc = leave(&work, &job, running && is_mine(&work, &job), err);
		}
	}
	if (rc >= 0)
		put_answer(request, "cancelled", !rc, &work, &job, why);
	close_work(&work);
	return rc;
}

/* Does not count an attempt in which the command never ran. The number of the attempt is not
 * reduced, because it is the fence of the claim. */
static void do_not_count(struct work *work, struct job *job)
{
	job->uncounted++;
	json_edit_set_int(work->documents[0].edit, job->value, "uncounted", job->uncounted);
}

/* Requeues a job for its worker, but only if it is still at the worker's attempt: it may have been
 * cancelled, or claimed again. */
static int hand_back(struct work *work, struct job *job, const char **why, struct error *err)
{
	struct request *request = work->request;
	const char *reason = request_string(request, "reason"),
		   *paused = request_string(request, "paused");
	if (job_is(job, JOB_QUEUED) && request_int(request, "attempt", 0) == job->attempt)
		return 0;
	*why = not_to_finish(work, job);
	if (*why)
		return 1;
	put_back(work, job);
	if (request_flag(request, "uncounted"))
		do_not_count(work, job);
	job->reason = reason ? reason : job->reason;
	if (reason)
		set(work, job, "reason", reason);
	buf_addf(&request->answer->subject, "Job: %s requeues %s", request->server, job->id);
	int rc = open_status(work, err);
	if (rc < 0)
		return rc;
	leave_current(work, job, "idle");
	status_touch(&work->documents[1], request, NULL);
	if (paused)
		status_set_paused(&work->documents[1], request, paused);
	return save(work, err);
}

/* Requeues a job for a user. */
static int queue_again(struct work *work, struct job *job, const char **why, struct error *err)
{
	bool running = job_is(job, JOB_RUNNING), mine = is_mine(work, job);
	if (job_is(job, JOB_QUEUED))
		return 0;
	if (job_is(job, JOB_COMPLETED)) {
		*why = "it is completed; add a new job";
		return 1;
	}
	if (running && !mine) {
		*why = "another server is running it; run 'git build job reap' if that server is "
		       "silent, or cancel the job";
		return 1;
	}
	put_back(work, job);
	buf_addf(&work->request->answer->subject, "Job: %s requeues %s", work->request->server,
		job->id);
	return leave(work, job, running && mine, err);
}

static int requeue(struct request *request, struct error *err)
{
	struct work work;
	struct job job;
	const char *why = NULL;
	bool by_worker = json_member(request->doc, json_root(request->doc), "attempt");
	int rc = open_work(&work, request, err);
	if (!rc)
		rc = find_job(&work, &job, err);
	if (!rc)
		rc = by_worker ? hand_back(&work, &job, &why, err)
			       : queue_again(&work, &job, &why, err);
	if (rc >= 0)
		put_answer(request, "requeued", !rc, &work, &job, why);
	close_work(&work);
	return rc;
}

/* ---- reap ---- */

/* Returns how long the job's server has been silent, in seconds; 0 if it is not silent. */
static int64_t silence(struct request *request, const struct job *job)
{
	const struct json_doc *asked = request->doc;
	const struct json_value *servers = json_member(asked, json_root(asked), "servers");
	const struct json_value *server =
		job->assigned_to ? json_member(asked, servers, job->assigned_to) : NULL;
	const struct json_value *heartbeat = json_member(asked, server, "last_beat");
	int64_t after = request_int(request, "silent_after", 0);
	int64_t last = json_time(asked, heartbeat);
	json_int64(asked, json_member(asked, server, "silent_after"), &after);
	/* Claiming the job shows that the server was alive, too. */
	if (job->started_at > last)
		last = job->started_at;
	return request->now - last > after ? request->now - last : 0;
}

static void reap_one(struct work *work, struct job *job, int64_t silent)
{
	struct request *request = work->request;
	const char *server = job->assigned_to ? job->assigned_to : "nobody";
	char age[TIMESTAMP_SIZE];
	bool gives_up = job_tries(job) >= request_int(request, "most_attempts", 1);
	struct buf reason = BUF_INIT;
	buf_addf(&reason, "%s was silent for %s, at attempt %lld", server,
		timestamp_format_age(silent, age), (long long)job->attempt);
	job->reason = arena_strndup(&request->arena, reason.data, reason.len);
	set(work, job, "reason", job->reason);
	if (gives_up) {
		job->status = job_status_name(JOB_FAILED);
		job->completed_at = request->now;
		set(work, job, "status", job->status);
		set_time(work, job, "completed_at", job->completed_at);
	} else {
		put_back(work, job);
	}
	json_begin(&request->answer->writer, '{');
	json_put_string(&request->answer->writer, "id", job->id);
	json_put_string(&request->answer->writer, "server", server);
	json_put_string(&request->answer->writer, "status", job->status);
	json_put_int(&request->answer->writer, "attempt", job->attempt);
	json_put_string(&request->answer->writer, "reason", job->reason);
	json_end(&request->answer->writer);
	buf_release(&reason);
}

static int reap(struct request *request, struct error *err)
{
	struct work work;
	size_t count = 0;
	int rc = open_work(&work, request, err);
	if (rc < 0)
		return rc;
	json_begin_member(&request->answer->writer, "reaped", '[');
	for (size_t i = 0; i < work.list.count; i++) {
		struct job job = work.list.jobs[i];
		int64_t silent = job_is(&job, JOB_RUNNING) ? silence(request, &job) : 0;
		if (!silent)
			continue;
		reap_one(&work, &job, silent);
		count++;
	}
	json_end(&request->answer->writer);
	buf_addf(&request->answer->subject, "Job: %s reaps %zu of silent servers", request->server,
		count);
	if (count)
		rc = save(&work, err);
	close_work(&work);
	return rc;
}

/* ---- creating requests ---- */

void jobs_reap_request(struct buf *out, const struct fleet *fleet, const char *server,
	int64_t most_attempts, const struct env *env)
{
	struct json_writer w;
	request_begin(&w, out, "job reap", server, env);
	json_put_int(&w, "most_attempts", most_attempts);
	json_put_int(&w, "silent_after", FLEET_SILENT_TIMES * FLEET_EXPECTED_INTERVAL);
	json_begin_member(&w, "servers", '{');
	for (size_t i = 0; i < fleet->count; i++) {
		const struct server *at = &fleet->servers[i];
		if (at->state == HEARTBEAT_NEVER && !at->has_unreadable_heartbeat)
			continue;
		/* A server whose heartbeat cannot be read may be alive. */
		json_begin_member(&w, at->id, '{');
		json_put_time(&w, "last_beat",
			at->has_unreadable_heartbeat ? fleet->now : at->last_heartbeat);
		json_put_int(&w, "silent_after", FLEET_SILENT_TIMES * server_expected_interval(at));
		json_end(&w);
	}
	json_end(&w);
	json_end(&w);
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
