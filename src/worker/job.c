#include "worker/job.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "clone/job_directory.h"
#include "fleet/files.h"
#include "fleet/names.h"
#include "git/run.h"
#include "artifacts/manifest.h"
#include "worker/package.h"
#include "git/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ESTIMATED_BY = 5, DIRECTORY_TRIES = 100 };

int worker_id(struct worker *worker, struct error *err)
{
	struct buf text = BUF_INIT;
	int rc = state_read(&text, worker->repo, "worker-id", 1024, err);
	buf_trim(&text);
	if (rc == ERR_NOT_FOUND || (!rc && text.len != UUID_SIZE - 1)) {
		worker->env->uuid(worker->env->data, worker->id);
		rc = state_write(worker->repo, "worker-id", worker->id, true, err);
	} else if (!rc) {
		memcpy(worker->id, text.data, UUID_SIZE);
	}
	buf_release(&text);
	return rc;
}

/* ---- opening ---- */

int build_job_open(struct build_job *job, const struct worker *worker, const struct json_doc *doc,
	const struct json_value *claim, struct error *err)
{
	*job = (struct build_job){ .worker = worker,
		.arena = ARENA_INIT,
		.checkout = CHECKOUT_INIT,
		.directory = BUF_INIT,
		.log = BUF_INIT,
		.output = BUF_INIT,
		.step = STEP_COMMAND };
	const struct json_value *packages = json_member(doc, claim, "packages");
	job->id = json_strdup_in(doc, json_member(doc, claim, "id"), &job->arena);
	job->type = json_strdup_in(doc, json_member(doc, claim, "type"), &job->arena);
	job->branch = json_strdup_in(doc, json_member(doc, claim, "branch"), &job->arena);
	job->commit = json_strdup_in(doc, json_member(doc, claim, "commit"), &job->arena);
	json_int64(doc, json_member(doc, claim, "attempt"), &job->attempt);
	job->wants_package = !packages || packages->type != JSON_FALSE;
	job->started_at = env_now(worker->env);
	if (!job->id)
		return error_set(err, ERR_INVALID, "the claimed job has no ID");
	if (!job->type)
		job->type = "build";
	job_directory(&job->directory, worker->repo, job->id);
	buf_addf(&job->log, "%s/log", job->directory.data);
	int rc = file_make_directories(job->directory.data, err);
	/* An earlier attempt may have left a log. */
	return rc < 0 ? rc : file_remove(job->log.data, err);
}

void build_job_close(struct build_job *job)
{
	build_config_release(&job->config);
	checkout_release(&job->checkout);
	arena_release(&job->arena);
	buf_release(&job->directory);
	buf_release(&job->log);
	buf_release(&job->output);
}

/* ---- the worker's lines in the log ---- */

static void log_line(struct build_job *job, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void log_line(struct build_job *job, const char *format, ...)
{
	struct build_log log;
	struct buf text = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	if (!build_log_open(
		    &log, job->log.data, job->config.log_limit, &job->config.secrets, NULL)) {
		build_log_addf(&log, "git-build: %s\n", text.data);
		build_log_close(&log);
	}
	if (job->worker->tell)
		job->worker->tell(text.data, job->worker->data);
	buf_release(&text);
}

static void tell_log(const char *what, void *data)
{
	log_line(data, "%s", what);
}

/* ---- preparing ---- */

static const char *variable(struct build_job *job, const char *name, const char *value)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "%s=%s", name, value ? value : "");
	const char *made = arena_strndup(&job->arena, text.data, text.len);
	buf_release(&text);
	return made;
}

static const char *number(struct build_job *job, int64_t value)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "%" PRId64, value);
	const char *made = arena_strndup(&job->arena, text.data, text.len);
	buf_release(&text);
	return made;
}

/* Creates a new directory <artifacts>/<host>/debs/<timestamp>. If it exists already, from another
 * build in the same second, a number is appended. */
static int make_output(struct build_job *job, struct error *err)
{
	char time[TIMESTAMP_SIZE], host[HOST_SIZE];
	const struct env *env = job->worker->env;
	struct buf parent = BUF_INIT;
	int rc = 0;
	env->hostname(env->data, host);
	buf_addf(&parent, "%s/%s/debs", job->config.artifacts, host);
	rc = file_make_directories(parent.data, err);
	for (int n = 1; !rc && !job->output.len; n++) {
		buf_addf(&job->output, "%s/%s", parent.data,
			timestamp_format_compact(job->started_at, time));
		if (n > 1)
			buf_addf(&job->output, "-%d", n);
		if (!mkdir(job->output.data, 0777))
			break;
		if (errno != EEXIST || n == DIRECTORY_TRIES)
			rc = error_errno(err, ERR_FAILED, "cannot create %s", job->output.data);
		buf_reset(&job->output);
	}
	buf_release(&parent);
	return rc;
}

/* If no worker of this configuration can build the job, stores the reason and returns true. */
static bool is_impossible(const struct build_job *job, struct buf *reason)
{
	if (!job->config.command)
		buf_addf(reason,
			"no command for jobs of type '%s'; run 'git config build.%s.command "
			"COMMAND', or set \"commands\" in " FLEET_BUILD_CONFIG_PATH,
			job->type, job->type);
	else if (!fleet_is_file_name(job->id))
		buf_addf(reason, "'%s' cannot be part of a file name", job->id);
	return reason->len != 0;
}

static int check_out(struct build_job *job, struct buf *reason, struct error *err)
{
	struct checkout_plan plan = { .source = job->config.source,
		.branch = job->branch,
		.commit = job->commit,
		.job = job->id,
		.timeout_ms = checkout_timeout(job->config.timeout_ms),
		.cookie = variable(job, "GIT_BUILD_WORKER", job->worker->id),
		.env = job->worker->env,
		.tell = tell_log,
		.data = job };
	int rc = checkout_make(&job->checkout, job->worker->repo, &plan, err);
	if (rc == 1)
		buf_add(reason, job->checkout.why.data, job->checkout.why.len);
	if (!rc && job->checkout.strays)
		log_line(job, "%s is not, or no longer, on branch %s", job->checkout.commit.hex,
			job->branch);
	return rc;
}

static int prepare(
	struct build_job *job, const struct reading *reading, struct buf *reason, struct error *err)
{
	const struct worker *worker = job->worker;
	int rc = build_config_load(&job->config, reading, job->type, worker->environment, err);
	if (rc < 0)
		return rc;
	log_line(job, "%s %s, attempt %" PRId64 " on %s: branch %s, commit %s", job->type, job->id,
		job->attempt, worker->settings->server, job->branch ? job->branch : "-",
		job->commit ? job->commit : "-");
	if (is_impossible(job, reason))
		return 1;
	rc = make_output(job, err);
	return rc < 0 ? rc : check_out(job, reason, err);
}

int build_job_prepare(
	struct build_job *job, const struct reading *reading, struct buf *reason, struct error *err)
{
	int rc = prepare(job, reading, reason, err);
	if (rc == 1)
		log_line(job, "%s", reason->data);
	return rc;
}

/* ---- steps ---- */

/* Does the output directory have a package? 1, 0, or a negative code. */
static int has_package(const struct build_job *job, struct error *err)
{
	bool found = false;
	struct file_list names;
	int rc = file_list_read(&names, job->output.data, err);
	for (size_t i = 0; i < names.count && !found; i++)
		found = file_has_ending(names.names[i], ".deb");
	file_list_release(&names);
	return rc == ERR_NOT_FOUND ? 0 : rc ? rc : found;
}

static const char *const *make_environment(struct build_job *job)
{
	enum { MOST = 24 };
	/* Variables of git and systemd that are for another repository or process. */
	static const char *const away[] = { GIT_LOCAL_VARIABLES, "NOTIFY_SOCKET" };
	const char **list = arena_zero(&job->arena, MOST, sizeof(*list));
	const char *attempt = number(job, job->attempt);
	size_t n = 0;
	for (size_t i = 0; i < sizeof(away) / sizeof(*away); i++)
		list[n++] = away[i];
	list[n++] = variable(job, "GIT_BUILD_WORKER", job->worker->id);
	list[n++] = variable(job, "GIT_BUILD_JOB", job->id);
	list[n++] = variable(job, "GIT_BUILD_JOB_TYPE", job->type);
	list[n++] = variable(job, "GIT_BUILD_BRANCH", job->branch);
	list[n++] = variable(job, "GIT_BUILD_COMMIT", job->checkout.commit.hex);
	list[n++] = variable(job, "GIT_BUILD_ATTEMPT", attempt);
	list[n++] = variable(job, "GIT_BUILD_FENCE", attempt);
	list[n++] = variable(job, "GIT_BUILD_OUTPUT", job->output.data);
	if (job->config.maven_opts)
		list[n++] = variable(job, "MAVEN_OPTS", job->config.maven_opts);
	if (job->config.java_home)
		list[n++] = variable(job, "JAVA_HOME", job->config.java_home);
	return list;
}

static const char *const *words(struct build_job *job, size_t count, const char *const *from)
{
	const char **list = arena_zero(&job->arena, count + 1, sizeof(*list));
	memcpy(list, from, count * sizeof(*list));
	return list;
}

static int has_pom(const struct build_job *job, struct error *err)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/pom.xml", job->checkout.directory.data);
	int found = file_exists(path.data, err);
	buf_release(&path);
	return found;
}

/* Called after the command has succeeded: do packages still have to be built? 1, 0, or a negative
 * code. If they cannot be built, appends that to `reason`. */
static int needs_package(struct build_job *job, struct buf *reason, struct error *err)
{
	if (strcmp(job->type, "build") != 0 || !job->wants_package)
		return 0;
	int found = has_package(job, err);
	if (found)
		return found < 0 ? found : 0;
	int can = job->step == STEP_NONE ? 0 : package_can_make(job->checkout.directory.data, err);
	if (can)
		return can;
	buf_addstr(reason,
		"no package was built; if the project has no packages, add the job with "
		"--no-packages");
	log_line(job, "%s", reason->data);
	return 0;
}

/* Records that the command is started: the attempt counts now, even if the worker is killed. */
static int note_start(struct build_job *job, struct error *err)
{
	const struct env *env = job->worker->env;
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/started", job->directory.data);
	const char *attempt = number(job, job->attempt);
	int rc = file_replace(path.data, attempt, strlen(attempt), 0644, err);
	buf_release(&path);
	if (rc < 0)
		return rc;
	job->started = true;
	/* The time limit does not include fetching the source. */
	if (job->config.timeout_ms)
		job->deadline_ms = env_ms(env) + job->config.timeout_ms;
	return 0;
}

bool build_job_was_busy(const struct build_job *job, int status)
{
	return job->step == STEP_NONE && status == PACKAGE_BUSY_STATUS;
}

static void plan_command(struct build_job *job, struct supervise_plan *plan)
{
	const char *const argv[] = { "sh", "-c", job->config.command };
	plan->argv = words(job, 3, argv);
	log_line(job, "running: %s", job->config.command);
	job->step = STEP_PACKAGE;
}

static void plan_package(struct build_job *job, struct supervise_plan *plan)
{
	const char *const argv[] = { job->worker->program, "package", "--repo",
		job->checkout.directory.data, "--out", job->output.data };
	plan->argv = words(job, 6, argv);
	log_line(job, "building packages");
	job->step = STEP_NONE;
}

int build_job_step(
	struct build_job *job, struct supervise_plan *plan, struct buf *reason, struct error *err)
{
	const struct env *env = job->worker->env;
	int pom = job->step == STEP_COMMAND && job->config.maven ? has_pom(job, err) : 1;
	if (pom < 0)
		return pom;
	if (!pom)
		job->step = STEP_PACKAGE;
	int rc = job->step == STEP_COMMAND ? 1 : needs_package(job, reason, err);
	if (rc <= 0)
		return rc < 0 ? rc : 1;
	rc = job->started ? 0 : note_start(job, err);
	if (rc < 0)
		return rc;
	*plan = (struct supervise_plan){ .directory = job->checkout.directory.data,
		.environment = make_environment(job),
		.log = job->log.data,
		.log_limit = job->config.log_limit,
		.secrets = &job->config.secrets };
	if (job->deadline_ms) {
		int64_t left = job->deadline_ms - env_ms(env);
		plan->timeout_ms = left > 0 ? left : 1;
	}
	if (job->step == STEP_COMMAND)
		plan_command(job, plan);
	else
		plan_package(job, plan);
	return 0;
}

/* ---- the claim ---- */

enum claim_state build_job_claim(const struct build_job *job, const struct reading *reading)
{
	struct json_doc *doc = NULL;
	const struct json_value *jobs;
	struct arena arena = ARENA_INIT;
	struct job_list list;
	enum claim_state state = CLAIM_HELD;
	/* If the file cannot be read, assume that the claim is still held. */
	if (!reading_document(reading, FLEET_JOBS_PATH, "jobs", &doc, &jobs, NULL) && doc) {
		jobs_read(&list, doc, jobs, &arena);
		const struct job *now = jobs_find(&list, job->id);
		if (!now || !now->status)
			state = CLAIM_LOST;
		else if (job_is(now, JOB_CANCELLED))
			state = CLAIM_CANCELLED;
		else if (!job_is(now, JOB_RUNNING) || !now->assigned_to ||
			strcmp(now->assigned_to, job->worker->settings->server) != 0 ||
			now->attempt != job->attempt)
			state = CLAIM_LOST;
	}
	json_doc_free(doc);
	arena_release(&arena);
	return state;
}

/* ---- the expected duration ---- */

static bool is_alike(const struct build_job *job, const struct job *other)
{
	return job_is(other, JOB_COMPLETED) && other->started_at &&
		other->completed_at > other->started_at && other->type &&
		!strcmp(other->type, job->type) &&
		(!job->branch || (other->branch && !strcmp(other->branch, job->branch)));
}

static int by_length(const void *left, const void *right)
{
	const struct job *const *a = left, *const *b = right;
	int64_t first = (*a)->completed_at - (*a)->started_at;
	int64_t second = (*b)->completed_at - (*b)->started_at;
	return (first > second) - (first < second);
}

int64_t build_job_estimate(const struct build_job *job, const struct job_list *list)
{
	const struct job *newest[ESTIMATED_BY];
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct job *other = &list->jobs[i];
		if (!is_alike(job, other))
			continue;
		size_t at = count < ESTIMATED_BY ? count++ : ESTIMATED_BY;
		for (; at && newest[at - 1]->completed_at < other->completed_at; at--)
			if (at < ESTIMATED_BY)
				newest[at] = newest[at - 1];
		if (at < ESTIMATED_BY)
			newest[at] = other;
	}
	if (!count)
		return 0;
	qsort(newest, count, sizeof(*newest), by_length);
	return newest[count / 2]->completed_at - newest[count / 2]->started_at;
}
