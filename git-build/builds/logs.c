/*
 * git build logs: shows build logs, finished or running, from this server, another server, or the
 * shared branch.
 */
#include "cli/coordination.h"
#include "builds/log_follow.h"
#include "cli/listing.h"

#include "fleet/job.h"
#include "fleet/files.h"
#include "artifacts/logs.h"

#include <stdlib.h>
#include <string.h>

enum { START_LOOK_MS = 2000, START_SECONDS = 60 };

struct logs_options {
	const char *server;
	bool follow, list, raw, here, offline;
};

static const struct option options[] = {
	OPT_STRING(0, "server", "ID", struct logs_options, server,
		"the logs of that server (default: this one)"),
	OPT_FLAG('f', "follow", struct logs_options, follow,
		"print new output until the job has finished"),
	OPT_FLAG(0, "list", struct logs_options, list, "list the logs"),
	OPT_FLAG(0, "raw", struct logs_options, raw,
		"print the log unchanged, with its escape sequences, even to a terminal"),
	OPT_FLAG(0, "here", struct logs_options, here, "do not connect to other servers"),
	OPT_OFFLINE(struct logs_options),
	OPT_END,
};

static const char *const synopsis[] = {
	"[--server ID] [-f|--follow] [--raw] [--here] [--offline] [--json] [JOB]",
	"--list [--server ID] [--offline] [--json]",
	NULL,
};

struct looking {
	struct invocation *inv;
	const struct logs_options *given;
	struct reading reading;
	struct manifest_list manifests;
	struct log_list logs;
	struct arena arena;
	struct json_doc *doc;
	struct job_list jobs;
};

static void close_all(struct looking *l)
{
	log_list_release(&l->logs);
	manifest_list_release(&l->manifests);
	json_doc_free(l->doc);
	arena_release(&l->arena);
}

static int open_all(struct looking *l, struct error *err)
{
	const struct logs_options *given = l->given;
	const struct json_value *jobs;
	int rc = coordination_read(l->inv, given->offline, &l->reading, err);
	if (!rc)
		rc = manifest_list_read(&l->manifests, &l->reading, given->server, err);
	if (!rc)
		rc = reading_document(&l->reading, FLEET_JOBS_PATH, "jobs", &l->doc, &jobs, err);
	if (!rc && l->doc)
		jobs_read(&l->jobs, l->doc, jobs, &l->arena);
	return rc;
}

static bool is_running(const struct job *job)
{
	return job && job_is(job, JOB_RUNNING) && job->assigned_to;
}

static bool is_this_server(const struct looking *l, const char *server)
{
	return l->inv->settings.server && !strcmp(l->inv->settings.server, server);
}

/* ---- list ---- */

static void add_log(struct listing *listing, int64_t now, const char *job, const char *server,
	const char *state, int64_t time, const char *path)
{
	struct table *table = &listing->table;
	struct json_writer *w = &listing->json;
	listing_row(listing);
	table_add(table, SHOW_PLAIN, job);
	table_add(table, SHOW_PLAIN, server);
	table_add(table, strcmp(state, "running") != 0 ? SHOW_PLAIN : SHOW_YELLOW, state);
	coordination_add_age(table, SHOW_FAINT, time, now);
	table_add(table, SHOW_PLAIN, path);
	json_put_string_or_null(w, "job", job);
	json_put_string(w, "server", server);
	json_put_string(w, "state", state);
	json_put_time(w, "started_at", time);
	json_put_string_or_null(w, "path", path);
}

static int list(struct looking *l, struct error *err)
{
	struct listing listing;
	const char *server = l->given->server;
	int64_t now = l->reading.now;
	int rc = log_list_read(&l->logs, &l->reading, &l->manifests, server, err);
	if (rc < 0)
		return rc;
	listing_begin(&listing, "logs", TITLES("JOB", "SERVER", "STATE", "STARTED", "LOG"));
	coordination_put_reading(&listing.json, &l->reading);
	for (size_t i = 0; i < l->jobs.count; i++) {
		const struct job *job = &l->jobs.jobs[i];
		if (is_running(job) && (!server || !strcmp(server, job->assigned_to)))
			add_log(&listing, now, job->id, job->assigned_to, "running",
				job->started_at, NULL);
	}
	for (size_t i = 0; i < l->logs.count; i++) {
		const struct log_file *file = &l->logs.files[i];
		add_log(&listing, now, file->job, file->server, file->shared ? "shared" : "local",
			file->time, file->path);
	}
	listing_end(&listing, l->inv, false);
	return 0;
}

/* ---- selection of the job ---- */

/* Stores the ID of the job that `word` names or abbreviates in `*id` (borrowed). */
static int find_job(const struct looking *l, const char *word, const char **id, struct error *err)
{
	const struct job *exact = jobs_find(&l->jobs, word);
	const struct manifest *manifest;
	const char *found = exact ? exact->id : NULL;
	struct buf path = BUF_INIT;
	int here = log_growing(&path, l->inv->repo, word, err);
	buf_release(&path);
	if (here < 0)
		return here;
	if (!found && here)
		found = word;
	for (size_t i = 0; i < l->manifests.count && !found; i++)
		if (!strcmp(l->manifests.entries[i].manifest.job, word))
			found = l->manifests.entries[i].manifest.job;
	*id = found;
	if (found)
		return 0;
	for (size_t i = 0; i < l->jobs.count; i++) {
		const char *job = l->jobs.jobs[i].id;
		if (strncmp(job, word, strlen(word)) != 0)
			continue;
		if (*id)
			return error_set(err, ERR_INVALID, "several jobs start with '%s': %s, %s",
				word, *id, job);
		*id = job;
	}
	struct error none = ERROR_INIT;
	int rc = manifest_list_find(&l->manifests, word, &manifest, &none);
	if (!rc && *id && strcmp(*id, manifest->job) != 0)
		return error_set(err, ERR_INVALID, "several jobs start with '%s': %s, %s", word,
			*id, manifest->job);
	if (!rc)
		*id = manifest->job;
	else if (rc == ERR_INVALID || !*id)
		return error_set(err, rc, "%s",
			rc == ERR_INVALID ? none.text
					  : "no such job (see 'git build job list' and 'git "
					    "build logs --list')");
	return 0;
}

static const struct manifest *find_manifest(const struct looking *l, const char *id)
{
	for (size_t i = 0; i < l->manifests.count; i++)
		if (!strcmp(l->manifests.entries[i].manifest.job, id) &&
			!l->manifests.entries[i].problem)
			return &l->manifests.entries[i].manifest;
	return NULL;
}

/* ---- show ---- */

static int show_text_of(const struct looking *l, const struct log_view *view, const char *job,
	const char *server, const char *path, struct error *err)
{
	struct buf text = BUF_INIT;
	struct json_writer w;
	int rc = log_read(&text, &l->reading, path, err);
	if (!rc && l->inv->json) {
		show_json_begin(&w);
		json_put_string_or_null(&w, "job", job);
		json_put_string(&w, "server", server);
		json_put_string(&w, "path", path);
		json_put_string_n(&w, "text", text.data, text.len);
		show_json_end(&w, true);
	} else if (!rc) {
		log_print(view, text.data, text.len);
	}
	buf_release(&text);
	return rc;
}

static int show_growing(const struct looking *l, const struct log_view *view, const char *id,
	const char *path, struct error *err)
{
	if (!l->inv->json)
		return log_follow_here(view, path, id, err);
	return error_set(err, ERR_INVALID,
		"the log of %s is still being written; --json shows finished logs only", id);
}

static int show_job(
	const struct looking *l, const struct log_view *view, const char *id, struct error *err)
{
	const struct job *job = jobs_find(&l->jobs, id);
	const struct manifest *manifest = find_manifest(l, id);
	struct buf growing = BUF_INIT;
	const char *there = is_running(job) ? job->assigned_to : NULL;
	int here = log_growing(&growing, l->inv->repo, id, err);
	int rc = here < 0 ? here : ERR_NOT_FOUND;
	if (here > 0 && (!there || is_this_server(l, there)))
		rc = show_growing(l, view, id, growing.data, err);
	/* While the job runs again, do not show the log of an earlier attempt. */
	if (rc == ERR_NOT_FOUND && !there && manifest && manifest->log)
		rc = show_text_of(l, view, id, manifest->server, manifest->log, err);
	if (rc == ERR_NOT_FOUND && !there)
		there = manifest ? manifest->server : job ? job->assigned_to : NULL;
	if (rc == ERR_NOT_FOUND && there && !l->given->here && !is_this_server(l, there))
		rc = log_follow_there(view, there, id, err);
	else if (rc == ERR_NOT_FOUND)
		error_set(err, rc, "job %s (%s) has no log %s", id,
			job && job->status ? job->status : "no longer in the queue",
			there ? "in this clone or on the shared branch" : "yet");
	buf_release(&growing);
	return rc;
}

/* The newest log of a server: of the build that runs, else of the last build. */
static int show_newest(
	struct looking *l, const struct log_view *view, const char *server, struct error *err)
{
	for (size_t i = 0; i < l->jobs.count; i++) {
		const struct job *job = &l->jobs.jobs[i];
		if (is_running(job) && !strcmp(job->assigned_to, server))
			return show_job(l, view, job->id, err);
	}
	int rc = log_list_read(&l->logs, &l->reading, &l->manifests, server, err);
	if (rc < 0)
		return rc;
	if (l->logs.count) {
		const struct log_file *newest = &l->logs.files[0];
		return show_text_of(l, view, newest->job, server, newest->path, err);
	}
	if (!l->given->here && !is_this_server(l, server))
		return log_follow_there(view, server, NULL, err);
	return error_set(err, ERR_NOT_FOUND, "%s has no logs yet", server);
}

/* Is the log of this job expected soon: the job is queued, or this server's worker has just claimed
 * it? 1, 0, or a negative code. */
static int is_to_come(const struct looking *l, const char *id, struct error *err)
{
	const struct job *job = jobs_find(&l->jobs, id);
	struct buf path = BUF_INIT;
	int growing = log_growing(&path, l->inv->repo, id, err);
	buf_release(&path);
	if (growing < 0)
		return growing;
	if (!job)
		return 0;
	if (!is_running(job))
		return job_is(job, JOB_QUEUED);
	return !growing && is_this_server(l, job->assigned_to) &&
		l->reading.now < job->started_at + START_SECONDS;
}

/* `*wait`: there is nothing to follow yet. */
static int show(struct looking *l, const char *word, bool *wait, struct error *err)
{
	const struct logs_options *given = l->given;
	const char *server = given->server ? given->server : l->inv->settings.server;
	const char *id;
	struct log_view view = { l->inv, given->follow, given->raw };
	if (!word) {
		int rc = given->server ? 0 : settings_need_server(&l->inv->settings, err);
		return rc < 0 ? rc : show_newest(l, &view, server, err);
	}
	int rc = find_job(l, word, &id, err);
	int to_come = !rc && given->follow ? is_to_come(l, id, err) : 0;
	*wait = to_come > 0;
	rc = to_come < 0 ? to_come : rc;
	return rc < 0 || *wait ? rc : show_job(l, &view, id, err);
}

static int look(struct invocation *inv, const struct logs_options *given, const char *word,
	bool *wait, struct error *err)
{
	struct looking looking = { .inv = inv, .given = given, .arena = ARENA_INIT };
	*wait = false;
	int rc = open_all(&looking, err);
	if (!rc)
		rc = given->list ? list(&looking, err) : show(&looking, word, wait, err);
	close_all(&looking);
	return rc;
}

/* Checks which options can be combined with --list and --json. */
static int check_options(const struct invocation *inv, const struct logs_options *given,
	const char *job, struct error *err)
{
	if (given->list && (job || given->follow || given->raw || given->here))
		return error_set(err, ERR_INVALID,
			"--list can be used with --server, --offline and --json only, and "
			"without a JOB");
	if (inv->json && !given->list && (given->follow || given->raw))
		return error_set(err, ERR_INVALID, "%s cannot be used with --json",
			given->follow ? "--follow" : "--raw");
	return 0;
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct logs_options *given = values;
	const char *word = operands->count ? operands->words[0] : NULL;
	if (check_options(inv, given, word, err) < 0)
		return ANSWER_USAGE;
	bool wait, told = inv->quiet;
	int rc;
	while (!(rc = look(inv, given, word, &wait, err)) && wait) {
		if (!told)
			show_remark("waiting for a server to take the job");
		told = true;
		env_sleep(inv->env, START_LOOK_MS);
	}
	return rc;
}

const struct command command_logs = {
	.name = "logs",
	.summary = "show build logs, finished or running",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct logs_options),
	.needs = NEEDS_REPOSITORY,
	.shows = true,
	.operands = 1,
	.run = run,
};
