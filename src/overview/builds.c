#include "overview/builds.h"

#include "base/alloc.h"
#include "base/file.h"
#include "fleet/files.h"
#include "git/history.h"
#include "artifacts/manifest.h"

#include <stdlib.h>
#include <string.h>

/* A manifest on the shared branch. */
struct found {
	const char *server, *job;
	struct oid blob;
	int64_t ended_at; /* from the job; 0: the job was archived, so the build is old */
};

/* The sources of a build, the best one first. */
enum source { FROM_MANIFEST, FROM_JOB, FROM_STATUS };

struct candidate {
	struct build build;
	enum source source;
};

struct gathering {
	struct overview *overview;
	struct repo *repo;
	const char *server; /* the server whose directory is being listed */
	struct found *found;
	size_t found_count, found_capacity;
	struct candidate *candidates;
	size_t count, capacity;
};

static const char *copy(struct gathering *g, const char *text)
{
	return text ? arena_strndup(&g->overview->arena, text, strlen(text)) : NULL;
}

static void add(struct gathering *g, const struct build *build, enum source source)
{
	GROW(g->candidates, g->count, g->capacity);
	g->candidates[g->count++] = (struct candidate){ *build, source };
}

/* ---- manifests ---- */

static int find_manifest(const struct entry *entry, void *data)
{
	struct gathering *g = data;
	size_t len = strlen(entry->name) - strlen(MANIFEST_SUFFIX);
	if (entry->mode == 040000 || !file_has_ending(entry->name, MANIFEST_SUFFIX))
		return 0;
	struct found found = { .server = g->server, .blob = entry->oid };
	found.job = arena_strndup(&g->overview->arena, entry->name, len);
	const struct job *job = jobs_find(&g->overview->jobs, found.job);
	found.ended_at = job ? job->completed_at : 0;
	GROW(g->found, g->found_count, g->found_capacity);
	g->found[g->found_count++] = found;
	return 0;
}

static int newest_found_first(const void *left, const void *right)
{
	const struct found *a = left, *b = right;
	if (a->ended_at != b->ended_at)
		return a->ended_at < b->ended_at ? 1 : -1;
	return strcmp(b->job, a->job);
}

static int read_manifest(
	struct gathering *g, const struct found *found, const char *path, struct error *failure)
{
	struct buf text = BUF_INIT;
	struct manifest m = MANIFEST_INIT;
	struct error err = ERROR_INIT;
	size_t size;
	int rc = history_read_blob(g->repo, &found->blob, MANIFEST_LIMIT, &text, &size, &err);
	if (rc < 0)
		error_wrap(&err, "%s", path);
	else
		rc = manifest_read(&m, text.data, text.len, path, &err);
	if (rc == ERR_FAILED) {
		error_set(failure, rc, "%s", err.text);
	} else if (rc < 0) {
		overview_problem(g->overview, found->server, path, err.text);
	} else {
		struct build build = {
			.job = found->job,
			.server = found->server,
			.type = copy(g, m.type),
			.branch = copy(g, m.branch),
			.commit = copy(g, m.commit),
			.reason = copy(g, m.reason),
			.log = copy(g, m.log),
			.failed = strcmp(m.status, "failed") == 0,
			.ended_at = m.created_at,
			.duration = m.duration,
			.artifacts = m.count,
		};
		add(g, &build, FROM_MANIFEST);
	}
	manifest_release(&m);
	buf_release(&text);
	return rc == ERR_FAILED ? rc : 0;
}

static int read_manifests(struct gathering *g, size_t most, struct error *err)
{
	int rc = 0;
	const struct fleet *fleet = &g->overview->fleet;
	struct buf path = BUF_INIT;
	for (size_t i = 0; !rc && i < fleet->count && !oid_is_none(&fleet->tip); i++) {
		buf_reset(&path);
		fleet_server_path(&path, fleet->servers[i].id, "logs");
		g->server = fleet->servers[i].id;
		rc = repo_list(g->repo, &fleet->tip, path.data, find_manifest, g, err);
		rc = rc == ERR_NOT_FOUND ? 0 : rc;
	}
	if (g->found_count)
		qsort(g->found, g->found_count, sizeof(*g->found), newest_found_first);
	for (size_t i = 0; !rc && i < g->found_count && (!most || i < most); i++) {
		buf_reset(&path);
		buf_addf(&path, "%s/logs/%s" MANIFEST_SUFFIX, g->found[i].server, g->found[i].job);
		rc = read_manifest(g, &g->found[i], path.data, err);
	}
	buf_release(&path);
	return rc;
}

/* ---- jobs and last builds ---- */

static void add_jobs(struct gathering *g)
{
	const struct job_list *list = &g->overview->jobs;
	for (size_t i = 0; i < list->count; i++) {
		const struct job *job = &list->jobs[i];
		bool failed = job_is(job, JOB_FAILED);
		if (!failed && !job_is(job, JOB_COMPLETED))
			continue;
		struct build build = {
			.job = job->id,
			.server = job->assigned_to,
			.type = job->type,
			.branch = job->branch,
			.commit = job->commit,
			.reason = job->reason,
			.failed = failed,
			.ended_at = job->completed_at,
			.duration = -1,
		};
		if (job->started_at && job->completed_at >= job->started_at)
			build.duration = job->completed_at - job->started_at;
		add(g, &build, FROM_JOB);
	}
}

static void add_last_builds(struct gathering *g)
{
	const struct fleet *fleet = &g->overview->fleet;
	for (size_t i = 0; i < fleet->count; i++) {
		const struct last_build *last = &fleet->servers[i].last_build;
		if (!last->id || !last->status)
			continue;
		struct build build = {
			.job = last->id,
			.server = fleet->servers[i].id,
			.failed = strcmp(last->status, "success") != 0,
			.ended_at = last->completed_at,
			.duration = last->duration,
		};
		add(g, &build, FROM_STATUS);
	}
}

/* ---- one build per job and server ---- */

static int compare_names(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static bool is_same(const struct build *a, const struct build *b)
{
	return !strcmp(a->job, b->job) && !compare_names(a->server, b->server);
}

static int best_source_first(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;
	int order = strcmp(a->build.job, b->build.job);
	if (!order)
		order = compare_names(a->build.server, b->build.server);
	return order ? order : (int)a->source - (int)b->source;
}

static int newest_first(const void *left, const void *right)
{
	const struct build *a = left, *b = right;
	if (a->ended_at != b->ended_at)
		return a->ended_at < b->ended_at ? 1 : -1;
	int order = strcmp(a->job, b->job);
	return order ? order : compare_names(a->server, b->server);
}

int builds_read(struct overview *overview, struct repo *repo, size_t most, struct error *err)
{
	struct gathering g = { .overview = overview, .repo = repo };
	int rc = read_manifests(&g, most, err);
	add_jobs(&g);
	add_last_builds(&g);
	overview->builds = arena_array(&overview->arena, g.count + 1, sizeof(*overview->builds));
	if (g.count)
		qsort(g.candidates, g.count, sizeof(*g.candidates), best_source_first);
	for (size_t i = 0; i < g.count; i++)
		if (!i || !is_same(&g.candidates[i].build, &g.candidates[i - 1].build))
			overview->builds[overview->builds_count++] = g.candidates[i].build;
	if (overview->builds_count)
		qsort(overview->builds, overview->builds_count, sizeof(*overview->builds),
			newest_first);
	free(g.found);
	free(g.candidates);
	return rc;
}
