/*
 * git build job: the queue of jobs.
 *
 * A claim is one push. If two servers claim the same job, the server whose push arrives first gets
 * it, and the other gets the next job.
 */
#include "cli/coordination.h"
#include "cli/listing.h"
#include "queue/job_commit.h"

#include "clone/archive.h"
#include "clone/servers.h"
#include "fleet/job.h"
#include "fleet/files.h"
#include "request/jobs.h"

#include <stdio.h>
#include <string.h>

struct job_options {
	const char *branch, *commit, *type, *description, *reason, *since;
	struct option_list depends, artifacts;
	struct option_list branches, servers, types, statuses; /* filters of list */
	int64_t priority, attempt, retries, limit;
	bool archived, offline, no_packages;
};

static const struct option add_options[] = {
	OPT_STRING(0, "branch", "B", struct job_options, branch, "the branch to build"),
	OPT_STRING(0, "commit", "C", struct job_options, commit, "the commit to build"),
	OPT_STRING(0, "type", "T", struct job_options, type,
		"build, test, deploy, ... (default: build)"),
	OPT_NUMBER(0, "priority", "N", struct job_options, priority, 1, JOB_PRIORITY_MAX,
		"1 is the highest priority (default: 5)"),
	OPT_LIST(0, "depends", "ID", struct job_options, depends,
		"start only when this job is completed; several with commas, or repeat the option"),
	OPT_STRING(0, "description", "TEXT", struct job_options, description,
		"a description, for people"),
	OPT_NUMBER(0, "retries", "N", struct job_options, retries, 1, 1000,
		"retry up to N times if a worker's build fails"),
	OPT_FLAG(0, "no-packages", struct job_options, no_packages,
		"do not fail if the build makes no package"),
	OPT_END,
};

static const struct option claim_options[] = {
	OPT_STRING(0, "type", "TYPES", struct job_options, type,
		"only jobs of these types, separated by commas (default: any)"),
	OPT_END,
};

#define OPT_ATTEMPT                                                                                \
	OPT_NUMBER(0, "attempt", "N", struct job_options, attempt, 1, INT64_MAX,                   \
		"only if the job is still at this attempt")

static const struct option complete_options[] = {
	OPT_LIST(0, "artifact", "NAME", struct job_options, artifacts,
		"an artifact of the job; may be repeated"),
	OPT_ATTEMPT,
	OPT_END,
};

static const struct option fail_options[] = {
	OPT_STRING(0, "reason", "TEXT", struct job_options, reason, "the reason for the failure"),
	OPT_ATTEMPT,
	OPT_END,
};

#define OPT_ARCHIVED OPT_FLAG(0, "archived", struct job_options, archived, "include archived jobs")

static const struct option show_options[] = {
	OPT_ARCHIVED,
	OPT_OFFLINE(struct job_options),
	OPT_END,
};

static const struct option list_options[] = {
	OPT_LIST(0, "status", "STATUS", struct job_options, statuses,
		"only jobs that are queued, running, completed, failed or cancelled; several "
		"with commas, or repeat the option"),
	OPT_LIST(0, "type", "T", struct job_options, types,
		"only jobs of this type; several with commas, or repeat the option"),
	OPT_LIST(0, "branch", "B", struct job_options, branches,
		"only jobs of this branch; may be repeated"),
	OPT_LIST(0, "server", "ID", struct job_options, servers,
		"only jobs that are or were assigned to this server; several with commas, or "
		"repeat the option"),
	OPT_NUMBER(0, "priority", "N", struct job_options, priority, 1, JOB_PRIORITY_MAX,
		"only jobs of this priority"),
	OPT_STRING(0, "since", "TIME", struct job_options, since,
		"only jobs added, started or finished since: a time, a day, or an age (30m, 12h, "
		"7d)"),
	OPT_NUMBER(0, "limit", "N", struct job_options, limit, 1, INT64_MAX,
		"at most N jobs, those added last"),
	OPT_ARCHIVED,
	OPT_OFFLINE(struct job_options),
	OPT_END,
};

/* ---- add ---- */

/* Writes each ID of the options, each of which may have several, separated by commas. */
static void put_list(struct json_writer *w, const char *name, const struct option_list *list,
	const char *between)
{
	json_begin_member(w, name, '[');
	for (size_t i = 0; i < list->count; i++)
		for (const char *item = list->items[i]; *item;) {
			size_t len = strcspn(item, between);
			if (len)
				json_put_string_n(w, NULL, item, len);
			item += len + (item[len] != '\0');
		}
	json_end(w);
}

static void begin_add(struct json_writer *w, struct buf *request, const struct invocation *inv)
{
	char uuid[UUID_SIZE];
	struct buf id = BUF_INIT;
	inv->env->uuid(inv->env->data, uuid);
	buf_addf(&id, "job_%s", uuid);
	request_begin(w, request, "job add", inv->settings.server, inv->env);
	json_put_string(w, "job", id.data);
	buf_release(&id);
}

static int add(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct job_options *given = values;
	struct buf request = BUF_INIT, commit = BUF_INIT;
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	struct json_writer w;
	(void)operands;
	if (!given->branch || !given->commit) {
		error_set(err, ERR_INVALID, "--branch B and --commit C are required");
		return ANSWER_USAGE;
	}
	int rc = job_commit_find(inv, given->branch, given->commit, &commit, err);
	if (rc < 0) {
		buf_release(&commit);
		return rc;
	}
	begin_add(&w, &request, inv);
	json_put_string(&w, "branch", given->branch);
	json_put_string(&w, "commit", commit.data);
	json_put_string(&w, "type", given->type ? given->type : "build");
	json_put_int(&w, "priority", given->priority ? given->priority : JOB_PRIORITY);
	json_put_string_or_null(&w, "description", given->description);
	json_put_int(&w, "retries", given->retries);
	json_put_bool(&w, "no_packages", given->no_packages);
	put_list(&w, "depends", &given->depends, ",");
	json_end(&w);
	rc = coordination_submit(inv, &request, &answer, err);
	if (!rc && !inv->json && !inv->quiet)
		show_line("%s", answer_string(&answer, "id"));
	parsed_answer_release(&answer);
	buf_release(&request);
	buf_release(&commit);
	return rc;
}

/* ---- claim ---- */

/* A member of the answer's job. */
static const char *job_string(struct parsed_answer *answer, const char *name)
{
	const struct json_value *job = json_member(answer->doc, json_root(answer->doc), "job");
	size_t len;
	const char *text = json_string(answer->doc, json_member(answer->doc, job, name), &len);
	return text ? arena_strndup(&answer->arena, text, len) : "-";
}

static int claim(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct job_options *given = values;
	struct buf request = BUF_INIT;
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	struct json_writer w;
	(void)operands;
	request_begin(&w, &request, "job claim", inv->settings.server, inv->env);
	if (given->type)
		json_put_string(&w, "type", given->type);
	json_end(&w);
	int rc = coordination_submit(inv, &request, &answer, err);
	if (!rc && !inv->json)
		show_line("%s %s %s %s", job_string(&answer, "id"), job_string(&answer, "type"),
			job_string(&answer, "branch"), job_string(&answer, "commit"));
	else if (rc == 1 && !inv->json && !inv->quiet)
		show_message("no job", answer_string(&answer, "reason"));
	parsed_answer_release(&answer);
	buf_release(&request);
	return rc;
}

/* ---- changes of a job ---- */

/* Submits request `operation` for the job that `operands` name. */
static int change(struct invocation *inv, const struct job_options *given,
	const struct operands *operands, const char *operation, struct error *err)
{
	const char *id = operands->words[0];
	struct buf request = BUF_INIT;
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	struct json_writer w;
	request_begin(&w, &request, operation, inv->settings.server, inv->env);
	json_put_string(&w, "job", id);
	if (given->attempt)
		json_put_int(&w, "attempt", given->attempt);
	if (given->reason)
		json_put_string(&w, "reason", given->reason);
	put_list(&w, "artifacts", &given->artifacts, "");
	json_end(&w);
	int rc = coordination_submit(inv, &request, &answer, err);
	if (!rc && !inv->json && !inv->quiet)
		show_line("%s is %s", id, job_string(&answer, "status"));
	else if (rc == 1 && !inv->json && !inv->quiet)
		show_line("cannot %s %s: %s", operation + strlen("job "), id,
			answer_string(&answer, "reason"));
	parsed_answer_release(&answer);
	buf_release(&request);
	return rc;
}

static int complete(
	struct invocation *inv, const void *given, struct operands *operands, struct error *err)
{
	return change(inv, given, operands, "job complete", err);
}

static int fail(
	struct invocation *inv, const void *given, struct operands *operands, struct error *err)
{
	return change(inv, given, operands, "job fail", err);
}

static int cancel(
	struct invocation *inv, const void *given, struct operands *operands, struct error *err)
{
	return change(inv, given, operands, "job cancel", err);
}

static int requeue(
	struct invocation *inv, const void *given, struct operands *operands, struct error *err)
{
	return change(inv, given, operands, "job requeue", err);
}

/* ---- reap ---- */

static void say_reaped(struct parsed_answer *answer)
{
	const struct json_doc *doc = answer->doc;
	const struct json_value *reaped = json_member(doc, json_root(doc), "reaped");
	JSON_EACH (job, reaped) {
		size_t id_len, status_len, reason_len;
		const char *id = json_string(doc, json_member(doc, job, "id"), &id_len);
		const char *status = json_string(doc, json_member(doc, job, "status"), &status_len);
		const char *reason = json_string(doc, json_member(doc, job, "reason"), &reason_len);
		show_line("%.*s is %.*s: %.*s", (int)id_len, id, (int)status_len, status,
			(int)reason_len, reason);
	}
}

static void warn_unreadable(const struct fleet *fleet)
{
	struct buf text = BUF_INIT;
	for (size_t i = 0; i < fleet->count; i++) {
		const struct server *server = &fleet->servers[i];
		if (!server->has_unreadable_heartbeat)
			continue;
		buf_reset(&text);
		buf_addf(&text, "%s: its heartbeat cannot be read, so its jobs are not reaped: %s",
			server->id, server->problem);
		show_message("warning", text.data);
	}
	buf_release(&text);
}

static int reap(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	struct fleet fleet;
	struct buf request = BUF_INIT;
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	(void)values;
	(void)operands;
	int rc = fleet_take(&fleet, inv->repo, &inv->settings, true, inv->env, err);
	if (rc < 0)
		return rc;
	/* Silence cannot be determined from heartbeats that were fetched some time ago. */
	if (fleet.offline.code) {
		*err = fleet.offline;
		rc = error_wrap(err, "cannot check which servers are silent");
	} else {
		warn_unreadable(&fleet);
		jobs_reap_request(&request, &fleet, inv->settings.server,
			inv->settings.job_attempts, inv->env);
		rc = coordination_submit(inv, &request, &answer, err);
	}
	if (!rc && !inv->json && !inv->quiet)
		say_reaped(&answer);
	parsed_answer_release(&answer);
	buf_release(&request);
	fleet_release(&fleet);
	return rc;
}

/* ---- show and list ---- */

struct view {
	struct reading reading;
	struct json_doc *doc;
	struct arena arena;
	struct job_list list;
};

static int open_view(struct view *view, struct invocation *inv, const struct job_options *given,
	struct error *err)
{
	const struct json_value *jobs;
	*view = (struct view){ .arena = ARENA_INIT };
	int rc = coordination_read(inv, given->offline, &view->reading, err);
	if (!rc)
		rc = (given->archived ? archive_read : reading_document)(
			&view->reading, FLEET_JOBS_PATH, "jobs", &view->doc, &jobs, err);
	if (!rc)
		jobs_read(&view->list, view->doc, jobs, &view->arena);
	return rc;
}

static void close_view(struct view *view)
{
	json_doc_free(view->doc);
	arena_release(&view->arena);
}

static void put_job(struct json_writer *w, struct view *view, const struct job *job)
{
	job_put(w, &view->list, job);
	json_put_string_or_null(w, "blocked_by", jobs_blocked_by(&view->list, job, &view->arena));
}

static void show_time(const char *what, int64_t then, int64_t now)
{
	struct buf age = BUF_INIT;
	coordination_age(then, now, &age);
	show_field(what, then ? age.data : NULL);
	buf_release(&age);
}

static void show_number(const char *what, int64_t number)
{
	char text[32];
	snprintf(text, sizeof(text), "%lld", (long long)number);
	show_field(what, text);
}

static void show_job(struct view *view, const struct job *job)
{
	show_field("job", job->id);
	show_field("type", job->type);
	show_field("status", job->status);
	show_field("branch", job->branch);
	show_field("commit", job->commit);
	show_field("description", job->description);
	show_field("assigned to", job->assigned_to);
	show_field("reason", job->reason);
	show_field("waiting for", jobs_blocked_by(&view->list, job, &view->arena));
	show_number("priority", job->priority);
	show_number("attempt", job->attempt);
	show_time("added", job->created_at, view->reading.now);
	show_time("started", job->started_at, view->reading.now);
	show_time("ended", job->completed_at, view->reading.now);
}

static int show(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct job_options *given = values;
	struct view view;
	int rc = open_view(&view, inv, given, err);
	const struct job *job = rc ? NULL : jobs_find(&view.list, operands->words[0]);
	if (!rc && !job)
		rc = error_set(err, ERR_NOT_FOUND, "no such job: '%s' (see 'git build job list')",
			operands->words[0]);
	if (!rc && inv->json) {
		struct json_writer w;
		show_json_begin(&w);
		coordination_put_reading(&w, &view.reading);
		json_begin_member(&w, "job", '{');
		put_job(&w, &view, job);
		show_json_end(&w, true);
	} else if (!rc) {
		show_job(&view, job);
	}
	close_view(&view);
	return rc;
}

static enum show_colour colour_of(const char *status)
{
	if (status && !strcmp(status, "failed"))
		return SHOW_RED;
	if (status && !strcmp(status, "running"))
		return SHOW_YELLOW;
	if (status && !strcmp(status, "queued"))
		return SHOW_PLAIN;
	return SHOW_FAINT;
}

/* When the job last changed. */
static int64_t last_time(const struct job *job)
{
	return job->completed_at  ? job->completed_at
		: job->started_at ? job->started_at
				  : job->created_at;
}

static void add_row(struct table *table, struct view *view, const struct job *job)
{
	const char *blocked =
		job_is(job, JOB_QUEUED) ? jobs_blocked_by(&view->list, job, &view->arena) : NULL;
	table_add(table, SHOW_PLAIN, job->id);
	table_add(table, SHOW_PLAIN, job->type);
	table_addf(table, SHOW_PLAIN, "%lld", (long long)job->priority);
	table_addf(table, colour_of(job->status), "%s%s", job->status ? job->status : "-",
		blocked ? ", waiting" : "");
	table_add(table, SHOW_PLAIN, job->assigned_to);
	table_add(table, SHOW_PLAIN, job->branch);
	coordination_add_age(table, SHOW_PLAIN, last_time(job), view->reading.now);
}

/* The filters of list, and the start of the time range. */
struct filter {
	const struct job_options *given;
	int64_t since;
};

static int check_filter(struct filter *filter, const struct invocation *inv,
	const struct job_options *given, struct error *err)
{
	int rc = coordination_since(given->since, env_now(inv->env), &filter->since, err);
	filter->given = given;
	return rc < 0 ? rc : option_list_check(&given->statuses, job_check_status, err);
}

static bool is_wanted(const struct job *job, const struct filter *filter)
{
	const struct job_options *given = filter->given;
	return option_list_has(&given->statuses, ",", job->status) &&
		option_list_has(&given->types, ",", job->type) &&
		option_list_has(&given->branches, "", job->branch) &&
		option_list_has(&given->servers, ",", job->assigned_to) &&
		(!given->priority || job->priority == given->priority) &&
		(!given->since || last_time(job) >= filter->since);
}

/* The index of the first job to print: of those that match the filter, the last `limit`. */
static size_t first_shown(const struct job_list *jobs, const struct filter *filter)
{
	int64_t left = filter->given->limit;
	size_t first = left ? jobs->count : 0;
	while (left && first)
		left -= is_wanted(&jobs->jobs[--first], filter);
	return first;
}

static void show_jobs(const struct invocation *inv, struct view *view, const struct filter *filter)
{
	struct listing listing;
	listing_begin(&listing, "jobs",
		TITLES("JOB", "TYPE", "PRIORITY", "STATUS", "SERVER", "BRANCH", "SINCE"));
	coordination_put_reading(&listing.json, &view->reading);
	for (size_t i = first_shown(&view->list, filter); i < view->list.count; i++) {
		const struct job *job = &view->list.jobs[i];
		if (!is_wanted(job, filter))
			continue;
		listing_row(&listing);
		put_job(&listing.json, view, job);
		add_row(&listing.table, view, job);
	}
	listing_end(&listing, inv, true);
}

static int list(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	struct filter filter;
	struct view view;
	(void)operands;
	if (check_filter(&filter, inv, values, err) < 0)
		return ANSWER_USAGE;
	int rc = open_view(&view, inv, values, err);
	if (!rc)
		show_jobs(inv, &view, &filter);
	close_view(&view);
	return rc;
}

/* ---- */

static const struct verb verbs[] = {
	{ "add",
		"--branch B --commit C [--type T] [--priority N] [--depends ID] [--description "
		"TEXT] "
		"[--retries N] [--no-packages] [--server ID] [--json]",
		add_options, coordination_server, NEEDS_SERVER, true, 0, 0, NULL, add },
	{ "claim", "[--type TYPES] [--server ID] [--json]", claim_options, coordination_server,
		NEEDS_SERVER, true, 0, 0, NULL, claim },
	{ "complete", "[--artifact NAME] [--attempt N] [--server ID] [--json] ID", complete_options,
		coordination_server, NEEDS_SERVER, true, 1, 1, NULL, complete },
	{ "fail", "[--reason TEXT] [--attempt N] [--server ID] [--json] ID", fail_options,
		coordination_server, NEEDS_SERVER, true, 1, 1, NULL, fail },
	{ "cancel", "[--server ID] [--json] ID", NULL, coordination_server, NEEDS_SERVER, true, 1,
		1, NULL, cancel },
	{ "requeue", "[--server ID] [--json] ID", NULL, coordination_server, NEEDS_SERVER, true, 1,
		1, NULL, requeue },
	{ "reap", "[--server ID] [--json]", NULL, coordination_server, NEEDS_SERVER, true, 0, 0,
		NULL, reap },
	{ "show", "[--archived] [--offline] [--json] ID", show_options, NULL, NEEDS_REPOSITORY,
		true, 1, 1, NULL, show },
	{ "list",
		"[--status STATUS] [--type T] [--branch B] [--server ID] [--priority N] [--since "
		"TIME] "
		"[--limit N] [--archived] [--offline] [--json]",
		list_options, NULL, NEEDS_REPOSITORY, true, 0, 0, NULL, list },
	{ .name = NULL },
};

const struct command command_job = {
	.name = "job",
	.summary = "add, list and run jobs",
	.options_size = sizeof(struct job_options),
	.verbs = verbs,
};
