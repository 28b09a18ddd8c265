/* Records the result of a job: on disk first, then in one push (worker/job.h). */
#include "worker/job.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/gzip.h"
#include "base/timestamp.h"
#include "clone/job_directory.h"
#include "fleet/files.h"
#include "fleet/names.h"
#include "deliver/outbox.h"
#include "artifacts/manifest.h"
#include "git/state.h"
#include "host/processes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REQUEST_LIMIT = 64 << 20, REFUSED_FOR_LONG = 600, NUMBER_LIMIT = 64 };

static const char *in_directory(struct buf *out, const struct build_job *job, const char *name)
{
	buf_reset(out);
	buf_addf(out, "%s/%s", job->directory.data, name);
	return out->data;
}

/* ---- the result, on disk ---- */

/* If the log is large, replaces "log" with "log.gz", and returns true. The log stays as it is if this
 * fails. */
static bool compress(const struct build_job *job)
{
	struct stat st;
	struct buf text = BUF_INIT, packed = BUF_INIT, path = BUF_INIT;
	if (stat(job->log.data, &st) < 0 || st.st_size <= job->config.log_compress)
		return false;
	buf_addf(&path, "%s.gz", job->log.data);
	int rc = file_read(&text, job->log.data, SIZE_MAX, NULL);
	if (!rc)
		rc = gzip_compress(text.data, text.len, &packed, NULL);
	if (!rc)
		rc = file_replace(path.data, packed.data, packed.len, 0644, NULL);
	if (!rc)
		rc = file_remove(job->log.data, NULL);
	buf_release(&text);
	buf_release(&packed);
	buf_release(&path);
	return !rc;
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
	manifest->created_at = env_now(worker->env);
	manifest->duration =
		manifest->created_at > job->started_at ? manifest->created_at - job->started_at : 0;
	manifest_write(manifest, &text);
	int rc = file_replace(in_directory(&path, job, "manifest"), text.data, text.len, 0644, err);
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
	request_begin(&w, &text, success ? "job complete" : "job fail",
		job->worker->settings->server, job->worker->env);
	json_put_string(&w, "job", job->id);
	json_put_int(&w, "attempt", job->attempt);
	if (manifest->reason)
		json_put_string(&w, "reason", manifest->reason);
	json_put_bool(&w, "retry", true);
	put_artifacts(&w, manifest);
	json_begin_member(&w, "files", '[');
	buf_addf(&name, "%s" MANIFEST_SUFFIX, job->id);
	if (fleet_is_file_name(job->id))
		request_put_file(&w, name.data, "manifest");
	request_put_file(&w, strrchr(manifest->log, '/') + 1, log_file);
	json_end(&w);
	json_end(&w);
	int rc = file_replace(in_directory(&path, job, "result"), text.data, text.len, 0644, err);
	buf_release(&text);
	buf_release(&path);
	buf_release(&name);
	return rc;
}

/* Syncs the log, the artifacts and their new directories, which exist on this server only. */
static int sync_result(const struct build_job *job, struct error *err)
{
	int rc = file_sync_tree(job->directory.data, err);
	if (!rc)
		rc = file_sync_directories(
			job->directory.data, repo_common_dir(job->worker->repo), err);
	int made = !rc && job->output.len ? file_exists(job->output.data, err) : 0;
	if (made < 0)
		return made;
	if (made)
		rc = file_sync_tree(job->output.data, err);
	if (!rc && made)
		rc = file_sync_directories(job->output.data, job->config.artifacts, err);
	return rc;
}

/* Lists the artifacts, if there are any. Artifacts that cannot be listed cannot be fetched by other
 * servers: the build fails. */
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
	/* The files of the build may have filled the disk. */
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

/* ---- the result, on the shared branch ---- */

static int submit_now(const struct worker *worker, const struct buf *request,
	struct outcome *outcome, struct error *err)
{
	return submit(worker->repo, worker->settings, request, worker->env, outcome, NULL, err);
}

/* Copies the members of the full request, `from`, that the short one needs, and adds to its reason
 * that the log and the manifest are missing. */
static void shorten(struct json_writer *w, const struct json_doc *from, const char *refusal)
{
	static const char *const kept[] = { "job", "attempt", "retry" };
	const struct json_value *root = json_root(from);
	char *reason = json_strdup(from, json_member(from, root, "reason"));
	struct buf text = BUF_INIT;
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		size_t len;
		const struct json_value *value = json_member(from, root, kept[i]);
		const char *raw = value ? json_raw(from, value, &len) : NULL;
		if (raw)
			json_put_raw(w, kept[i], raw, len);
	}
	buf_addf(&text, "%s%slog and manifest could not be recorded: %s", reason ? reason : "",
		reason ? "; " : "", refusal);
	json_put_string(w, "reason", text.data);
	buf_release(&text);
	free(reason);
}

/* Records the result without its files, because the full request is refused again and again. */
static int record_shortly(const struct worker *worker, const struct buf *full,
	struct outcome *outcome, struct error *err)
{
	struct buf request = BUF_INIT, text = BUF_INIT;
	struct json_doc *doc;
	struct json_writer w;
	buf_add(&text, full->data, full->len);
	int rc = json_parse_buf(&doc, &text, "result", NULL, err);
	buf_release(&text);
	if (rc < 0)
		return rc;
	char *operation = json_strdup(doc, json_member(doc, json_root(doc), "operation"));
	request_begin(
		&w, &request, operation ? operation : "", worker->settings->server, worker->env);
	shorten(&w, doc, outcome->error.text);
	json_end(&w);
	outcome_release(outcome);
	*outcome = (struct outcome)OUTCOME_INIT;
	rc = submit_now(worker, &request, outcome, err);
	free(operation);
	json_doc_free(doc);
	buf_release(&request);
	return rc;
}

/* Is the result so old that it will probably still be refused the next time? */
static bool is_old(const struct worker *worker, const char *result)
{
	struct stat st;
	return !stat(result, &st) && env_now(worker->env) - st.st_mtime > REFUSED_FOR_LONG;
}

int build_job_record(
	const struct worker *worker, const char *id, struct outcome *outcome, struct error *err)
{
	struct buf directory = BUF_INIT, path = BUF_INIT, request = BUF_INIT;
	job_directory(&directory, worker->repo, id);
	buf_addf(&path, "%s/result", directory.data);
	int rc = file_read(&request, path.data, REQUEST_LIMIT, err);
	if (!rc)
		rc = submit_now(worker, &request, outcome, err);
	if (rc == ERR_REFUSED && is_old(worker, path.data))
		rc = record_shortly(worker, &request, outcome, err);
	if (rc >= 0)
		file_remove_tree(directory.data, NULL);
	buf_release(&directory);
	buf_release(&path);
	buf_release(&request);
	return rc;
}

/* A request for a job without a result. */
struct job_change {
	const char *operation, *id, *reason; /* the reason may be NULL */
	int64_t attempt;
	bool uncounted;
	const char *paused; /* why the worker is paused, too; NULL: it is not */
};

static int make_change(const struct worker *worker, const struct job_change *change,
	struct outcome *outcome, struct error *err)
{
	struct buf request = BUF_INIT;
	struct json_writer w;
	request_begin(&w, &request, change->operation, worker->settings->server, worker->env);
	json_put_string(&w, "job", change->id);
	json_put_int(&w, "attempt", change->attempt);
	if (change->reason)
		json_put_string(&w, "reason", change->reason);
	if (change->uncounted)
		json_put_bool(&w, "uncounted", true);
	if (change->paused)
		json_put_string(&w, "paused", change->paused);
	json_end(&w);
	int rc = submit_now(worker, &request, outcome, err);
	buf_release(&request);
	return rc;
}

static int put_back(const struct build_job *job, bool uncounted, const char *reason,
	struct outcome *outcome, struct error *err)
{
	struct job_change change = { "job requeue", job->id, reason, job->attempt, uncounted,
		reason };
	checkout_remove(job->worker->repo, job->id, NULL);
	if (job->output.len)
		rmdir(job->output.data);
	int rc = make_change(job->worker, &change, outcome, err);
	if (rc >= 0)
		file_remove_tree(job->directory.data, NULL);
	return rc;
}

int build_job_put_back(
	const struct build_job *job, const char *reason, struct outcome *outcome, struct error *err)
{
	return put_back(job, true, reason, outcome, err);
}

int build_job_requeue(const struct build_job *job, struct outcome *outcome, struct error *err)
{
	return put_back(job, !job->started, NULL, outcome, err);
}

int build_job_leave(const struct build_job *job, struct outcome *outcome, struct error *err)
{
	const struct worker *worker = job->worker;
	struct buf request = BUF_INIT;
	struct json_writer w;
	checkout_remove(worker->repo, job->id, NULL);
	if (job->output.len)
		rmdir(job->output.data);
	file_remove_tree(job->directory.data, NULL);
	request_begin(&w, &request, "status set", worker->settings->server, worker->env);
	json_put_string(&w, "status", "idle");
	json_put_string(&w, "left_job", job->id);
	json_end(&w);
	int rc = submit_now(worker, &request, outcome, err);
	buf_release(&request);
	return rc;
}

/* ---- recovery from a killed worker ---- */

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

/* Does the job have a result on disk? 1, 0, or a negative code. */
static int has_result(const struct worker *worker, const char *id, struct error *err)
{
	struct buf path = BUF_INIT;
	job_directory(&path, worker->repo, id);
	buf_addstr(&path, "/result");
	int rc = file_exists(path.data, err);
	buf_release(&path);
	return rc;
}

/* Was the command of this attempt started? 1, 0, or a negative code. */
static int was_started(const struct worker *worker, const struct job *job, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	job_directory(&path, worker->repo, job->id);
	buf_addstr(&path, "/started");
	int rc = file_read(&text, path.data, NUMBER_LIMIT, err);
	if (!rc)
		rc = strtoll(text.data, NULL, 10) == job->attempt;
	else if (rc == ERR_NOT_FOUND)
		rc = 0;
	buf_release(&path);
	buf_release(&text);
	return rc;
}

/* Requeues a job without a result, or fails it after too many attempts. */
static int give_back(const struct worker *worker, const struct job *job, struct outcome *outcome,
	struct error *err)
{
	struct job_change change = {
		.operation = "job requeue", .id = job->id, .attempt = job->attempt
	};
	int started = was_started(worker, job, err);
	if (started < 0)
		return started;
	change.uncounted = !started;
	if (started && job_tries(job) >= worker->settings->job_attempts) {
		tell(worker, "giving up %s: its worker was stopped in attempt %" PRId64, job->id,
			job->attempt);
		change.operation = "job fail";
		change.reason = "its worker was stopped in the last attempt";
	} else {
		tell(worker, "requeueing %s, whose worker was stopped", job->id);
	}
	return make_change(worker, &change, outcome, err);
}

static int recover_job(const struct worker *worker, const struct job *job, struct error *err)
{
	struct outcome outcome = OUTCOME_INIT;
	int rc = has_result(worker, job->id, err);
	if (rc == 1) {
		tell(worker, "recording the result of %s", job->id);
		rc = build_job_record(worker, job->id, &outcome, err);
	} else if (!rc) {
		rc = give_back(worker, job, &outcome, err);
	}
	outcome_release(&outcome);
	return rc < 0 ? rc : 0;
}

/* Removes the directories of finished jobs, unless the outbox may need their files. */
static int remove_directories(const struct worker *worker, struct error *err)
{
	struct outbox outbox;
	struct buf path = BUF_INIT;
	int rc = outbox_read(&outbox, worker->repo, err);
	bool empty = !rc && !outbox.count;
	outbox_release(&outbox);
	state_path(&path, worker->repo, "jobs");
	int exists = empty ? file_exists(path.data, err) : 0;
	if (exists > 0)
		file_remove_tree(path.data, NULL);
	buf_release(&path);
	return exists < 0 ? exists : rc == ERR_FAILED ? rc : 0;
}

static bool is_ours(const struct worker *worker, const struct job *job)
{
	return job_is(job, JOB_RUNNING) && job->assigned_to &&
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
	size_t left = processes_end_with(cookie.data);
	buf_release(&cookie);
	if (left)
		tell(worker, "killed %zu processes of a build whose worker was killed", left);
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
		rc = remove_directories(worker, err);
	json_doc_free(doc);
	arena_release(&arena);
	return rc;
}
