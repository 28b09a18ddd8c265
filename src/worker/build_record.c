/* What becomes of a job: safe on disk first, then recorded in one push (worker/build_job.h). */
#include "worker/build_job.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "fleet/job_files.h"
#include "fleet/names.h"
#include "fleet/outbox.h"
#include "worker/manifest.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REQUEST_LIMIT = 64 << 20 };

static const char *in_folder(struct buf *out, const struct build_job *job, const char *name)
{
	buf_reset(out);
	buf_addf(out, "%s/%s", job->folder.data, name);
	return out->data;
}

/* ---- the result, on disk ---- */

/* Compresses a log that is long, in place: gzip(1) makes "log.gz" of "log". True: it did. */
static bool compress(const struct build_job *job)
{
	struct stat st;
	const char *argv[] = { "gzip", "-f", "-n", "--", job->log.data, NULL };
	struct buf ignored = BUF_INIT;
	struct child child = { .argv = argv, .errors = &ignored };
	int status = 1;
	if (stat(job->log.data, &st) < 0 || st.st_size <= job->config.log_compress)
		return false;
	int rc = child_run(&child, &status, NULL);
	buf_release(&ignored);
	return !rc && !status;
}

static char *copy_of(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static int write_manifest(struct build_job *job, struct manifest *manifest, struct error *err)
{
	const struct worker *worker = job->worker;
	struct buf text = BUF_INIT, path = BUF_INIT;
	manifest->job = copy_of(job->id);
	manifest->server = copy_of(worker->settings->server);
	manifest->type = copy_of(job->type);
	manifest->branch = copy_of(job->branch);
	manifest->commit = copy_of(
		oid_is_none(&job->checkout.commit) ? job->commit : job->checkout.commit.hex);
	manifest->created_at = worker->env->now(worker->env->data);
	manifest->duration =
		manifest->created_at > job->started_at ? manifest->created_at - job->started_at : 0;
	manifest_write(manifest, &text);
	int rc = file_replace(in_folder(&path, job, "manifest"), text.data, text.len, 0644, err);
	buf_release(&text);
	buf_release(&path);
	return rc;
}

static void put_artifacts(struct json_writer *w, const struct manifest *manifest)
{
	json_begin_member(w, "artifacts", '[');
	for (size_t i = 0; i < manifest->count; i++)
		json_put_string(w, NULL, manifest->artifacts[i].name);
	json_end(w);
}

static int write_result(struct build_job *job, const struct manifest *manifest,
	const char *log_file, struct error *err)
{
	struct buf text = BUF_INIT, path = BUF_INIT, name = BUF_INIT;
	struct json_writer w;
	bool success = !strcmp(manifest->status, "success");
	request_begin(&w, &text, success ? "job complete" : "job fail", job->worker->settings,
		job->worker->env);
	json_put_string(&w, "job", job->id);
	json_put_int(&w, "attempt", job->attempt);
	if (manifest->reason)
		json_put_string(&w, "reason", manifest->reason);
	json_put_bool(&w, "retry", true);
	put_artifacts(&w, manifest);
	json_begin_member(&w, "files", '[');
	buf_addf(&name, "%s" MANIFEST_SUFFIX, job->id);
	if (manifest_name_ok(job->id))
		job_files_put(&w, name.data, "manifest");
	job_files_put(&w, strrchr(manifest->log, '/') + 1, log_file);
	json_end(&w);
	json_end(&w);
	int rc = file_replace(in_folder(&path, job, "result"), text.data, text.len, 0644, err);
	buf_release(&text);
	buf_release(&path);
	buf_release(&name);
	return rc;
}

/* The log, the artifacts and the directories made for them are on this server only. */
static int sync_result(const struct build_job *job, struct error *err)
{
	int rc = file_sync_tree(job->folder.data, err);
	if (!rc)
		rc = file_sync_folders(job->folder.data, repo_common_dir(job->worker->repo), err);
	int made = !rc && job->output.len ? file_exists(job->output.data, err) : 0;
	if (made < 0)
		return made;
	if (made)
		rc = file_sync_tree(job->output.data, err);
	if (!rc && made)
		rc = file_sync_folders(job->output.data, job->config.artifacts, err);
	return rc;
}

/* What was made, where anything was; what cannot be listed cannot be handed on, and is a failure.
 */
static void take_artifacts(struct build_job *job, struct manifest *manifest, struct buf *reason)
{
	struct error err = ERROR_INIT;
	if (!job->output.len || !rmdir(job->output.data))
		return;
	if (manifest_take(manifest, job->output.data, &err) < 0)
		buf_addf(reason, "%s%s", reason->len ? "; " : "", err.text);
}

int build_job_end(struct build_job *job, struct buf *reason, struct error *err)
{
	struct manifest manifest = MANIFEST_INIT;
	struct buf log = BUF_INIT;
	char time[TIMESTAMP_SIZE];
	/* What a build has left may be what has filled the disk. */
	if (checkout_remove(job->worker->repo, job->id, err) < 0 && job->worker->tell)
		job->worker->tell(err->text, job->worker->data);
	take_artifacts(job, &manifest, reason);
	manifest.status = xstrdup(reason->len ? "failed" : "success");
	manifest.reason = reason->len ? xstrdup(reason->data) : NULL;
	bool compressed = compress(job);
	buf_addf(&log, "%s/logs/%s%s", job->worker->settings->server,
		timestamp_format_compact(job->started_at, time), compressed ? ".log.gz" : ".log");
	manifest.log = buf_detach(&log);
	int rc = sync_result(job, err);
	if (!rc)
		rc = write_manifest(job, &manifest, err);
	if (!rc)
		rc = write_result(job, &manifest, compressed ? "log.gz" : "log", err);
	manifest_release(&manifest);
	return rc;
}

/* ---- and on the shared branch ---- */

static int remove_folder(const char *path)
{
	const char *argv[] = { "rm", "-rf", "--", path, NULL };
	struct child child = { .argv = argv };
	int status, rc = child_run(&child, &status, NULL);
	return rc < 0 ? rc : status ? ERR_FAILED : 0;
}

static int submit_now(const struct worker *worker, const struct buf *request,
	struct outcome *outcome, struct error *err)
{
	return submit(worker->repo, worker->settings, request, worker->env, outcome, NULL, err);
}

/* The shared repository will not have it as it is: then at least that the job is over. */
static int record_refusal(
	const struct worker *worker, const char *id, struct outcome *outcome, struct error *err)
{
	struct buf request = BUF_INIT, reason = BUF_INIT;
	struct json_writer w;
	buf_addf(&reason, "the result could not be recorded: %s", outcome->error.text);
	request_begin(&w, &request, "job fail", worker->settings, worker->env);
	json_put_string(&w, "job", id);
	json_put_string(&w, "reason", reason.data);
	json_end(&w);
	outcome_release(outcome);
	*outcome = (struct outcome)OUTCOME_INIT;
	int rc = submit_now(worker, &request, outcome, err);
	buf_release(&request);
	buf_release(&reason);
	return rc;
}

int build_job_record(
	const struct worker *worker, const char *id, struct outcome *outcome, struct error *err)
{
	struct buf folder = BUF_INIT, path = BUF_INIT, request = BUF_INIT;
	job_folder(&folder, worker->repo, id);
	buf_addf(&path, "%s/result", folder.data);
	int rc = file_read(&request, path.data, REQUEST_LIMIT, err);
	if (!rc)
		rc = submit_now(worker, &request, outcome, err);
	if (rc == ERR_REFUSED)
		rc = record_refusal(worker, id, outcome, err);
	if (rc >= 0)
		remove_folder(folder.data);
	buf_release(&folder);
	buf_release(&path);
	buf_release(&request);
	return rc;
}

static int change(const struct worker *worker, const char *operation, const char *id,
	int64_t attempt, const char *reason, struct outcome *outcome, struct error *err)
{
	struct buf request = BUF_INIT;
	struct json_writer w;
	request_begin(&w, &request, operation, worker->settings, worker->env);
	json_put_string(&w, "job", id);
	json_put_int(&w, "attempt", attempt);
	if (reason)
		json_put_string(&w, "reason", reason);
	json_end(&w);
	int rc = submit_now(worker, &request, outcome, err);
	buf_release(&request);
	return rc;
}

int build_job_requeue(const struct build_job *job, struct outcome *outcome, struct error *err)
{
	checkout_remove(job->worker->repo, job->id, NULL);
	if (job->output.len)
		rmdir(job->output.data);
	int rc = change(job->worker, "job requeue", job->id, job->attempt, NULL, outcome, err);
	if (rc >= 0)
		remove_folder(job->folder.data);
	return rc;
}

int build_job_leave(const struct build_job *job, struct outcome *outcome, struct error *err)
{
	const struct worker *worker = job->worker;
	struct buf request = BUF_INIT;
	struct json_writer w;
	checkout_remove(worker->repo, job->id, NULL);
	if (job->output.len)
		rmdir(job->output.data);
	remove_folder(job->folder.data);
	request_begin(&w, &request, "status set", worker->settings, worker->env);
	json_put_string(&w, "status", "idle");
	json_put_string(&w, "left_job", job->id);
	json_end(&w);
	int rc = submit_now(worker, &request, outcome, err);
	buf_release(&request);
	return rc;
}

/* ---- after a worker that was killed ---- */

static void tell(const struct worker *worker, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void tell(const struct worker *worker, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	if (worker->tell)
		worker->tell(text.data, worker->data);
	buf_release(&text);
}

static int has_result(const struct worker *worker, const char *id, struct error *err)
{
	struct buf path = BUF_INIT;
	job_folder(&path, worker->repo, id);
	buf_addstr(&path, "/result");
	int found = file_exists(path.data, err);
	buf_release(&path);
	return found;
}

static int recover_job(const struct worker *worker, const struct job *job, struct error *err)
{
	struct outcome outcome = OUTCOME_INIT;
	int rc = has_result(worker, job->id, err);
	if (rc < 0) {
		/* Then its result must not be thrown away. */
	} else if (rc) {
		tell(worker, "records what came of %s before the worker was stopped", job->id);
		rc = build_job_record(worker, job->id, &outcome, err);
	} else if (job->attempt >= worker->settings->job_attempts) {
		tell(worker, "gives %s up: its worker was stopped at attempt %" PRId64, job->id,
			job->attempt);
		rc = change(worker, "job fail", job->id, job->attempt,
			"its worker was stopped at the last attempt", &outcome, err);
	} else {
		tell(worker, "puts %s back, whose worker was stopped", job->id);
		rc = change(worker, "job requeue", job->id, job->attempt, NULL, &outcome, err);
	}
	outcome_release(&outcome);
	return rc < 0 ? rc : 0;
}

/* Folders of jobs that are over: unless what they hold still waits in the outbox. */
static int remove_folders(const struct worker *worker, struct error *err)
{
	struct outbox outbox;
	struct buf path = BUF_INIT;
	int rc = outbox_read(&outbox, worker->repo, err);
	bool empty = !rc && !outbox.count;
	outbox_release(&outbox);
	buf_addf(&path, "%s/jobs", repo_state_dir(worker->repo));
	int stands = empty ? file_exists(path.data, err) : 0;
	if (stands > 0)
		remove_folder(path.data);
	buf_release(&path);
	return stands < 0 ? stands : rc == ERR_FAILED ? rc : 0;
}

static bool is_ours(const struct worker *worker, const struct job *job)
{
	return job->status && !strcmp(job->status, "running") && job->assigned_to &&
		!strcmp(job->assigned_to, worker->settings->server) && job->worker &&
		!strcmp(job->worker, worker->id);
}

int worker_recover(const struct worker *worker, struct error *err)
{
	struct reading reading;
	struct json_doc *doc = NULL;
	const struct json_value *jobs;
	struct arena arena = ARENA_INIT;
	struct job_list list = { 0 };
	struct buf cookie = BUF_INIT;
	buf_addf(&cookie, "GIT_BUILD_WORKER=%s", worker->id);
	size_t left = supervise_end_leftovers(cookie.data);
	buf_release(&cookie);
	if (left)
		tell(worker, "ended %zu processes of a build whose worker was killed", left);
	checkout_remove_all(worker->repo, NULL);
	int rc = reading_take(&reading, worker->repo, worker->settings, true, worker->env, err);
	if (!rc && reading.offline.code) {
		*err = reading.offline;
		rc = err->code;
	}
	if (!rc)
		rc = reading_document(&reading, FLEET_JOBS_PATH, "jobs", &doc, &jobs, err);
	if (!rc)
		jobs_read(&list, doc, jobs, &arena);
	for (size_t i = 0; !rc && i < list.count; i++)
		if (is_ours(worker, &list.jobs[i]))
			rc = recover_job(worker, &list.jobs[i], err);
	if (!rc)
		rc = remove_folders(worker, err);
	json_doc_free(doc);
	arena_release(&arena);
	return rc;
}
