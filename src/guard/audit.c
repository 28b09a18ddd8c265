#include "guard/audit.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "git/history.h"
#include "guard/internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A commit to check. */
struct looked {
	struct oid id;
	int64_t time;
	char *subject;
	struct guard_report found;
	char **changed; /* the paths of the coordination files that it changed */
	size_t changed_count, changed_capacity;
};

struct worker {
	struct repo *repo;
	struct guard *guard;
	struct error err;
	int rc;
};

struct audit {
	const struct audit_plan *plan;
	struct repo *repo;
	struct looked *looked;
	size_t count, capacity;
	struct worker *workers;
	pthread_mutex_t lock; /* guards `done` */
	size_t done;
};

/* ---- checking ---- */

static int add_commit(const struct oid *commit, void *data)
{
	struct audit *audit = data;
	GROW(audit->looked, audit->count, audit->capacity);
	audit->looked[audit->count++] = (struct looked){ .id = *commit };
	return 0;
}

/* A commit that is checked, and by whom. */
struct noting {
	struct worker *worker;
	struct looked *looked;
};

static int note_changed(const struct changed_file *file, void *data)
{
	struct noting *noting = data;
	struct looked *looked = noting->looked;
	struct worker *worker = noting->worker;
	enum json_format format;
	int rc = rules_format(&worker->guard->rules, file->path, &format, &worker->err);
	if (rc < 0 || format == FORMAT_NONE)
		return rc;
	GROW(looked->changed, looked->changed_count, looked->changed_capacity);
	looked->changed[looked->changed_count++] = xstrdup(file->path);
	return 0;
}

static int look_at(struct worker *worker, struct looked *looked)
{
	struct commit commit = { .message = BUF_INIT };
	struct noting noting = { worker, looked };
	int rc = repo_commit(worker->repo, &looked->id, &commit, &worker->err);
	if (!rc) {
		looked->time = commit.time;
		looked->subject = xstrndup(commit.message.data, strcspn(commit.message.data, "\n"));
		rc = guard_check_commit(worker->guard, &looked->found, &commit, &worker->err);
	}
	if (!rc)
		rc = history_each_changed(
			worker->repo, &looked->id, note_changed, &noting, &worker->err);
	buf_release(&commit.message);
	return rc;
}

static int open_worker(const struct audit *audit, struct worker *worker)
{
	struct guard_plan plan = { .variable = audit->plan->variable, .history = true };
	int rc = repo_open_again(&worker->repo, audit->repo, &worker->err);
	return rc < 0 ? rc : guard_open(&worker->guard, worker->repo, &plan, &worker->err);
}

static void look_at_one(size_t index, unsigned number, void *data)
{
	struct audit *audit = data;
	struct worker *worker = &audit->workers[number];
	if (!worker->rc && !worker->guard)
		worker->rc = open_worker(audit, worker);
	if (!worker->rc)
		worker->rc = look_at(worker, &audit->looked[index]);
	if (!audit->plan->progress)
		return;
	pthread_mutex_lock(&audit->lock);
	audit->plan->progress(++audit->done, audit->count, audit->plan->data);
	pthread_mutex_unlock(&audit->lock);
}

static int look_at_all(struct audit *audit, struct error *err)
{
	unsigned width = parallel_width();
	int rc = 0;
	audit->workers = xcalloc(width, sizeof(*audit->workers));
	pthread_mutex_init(&audit->lock, NULL);
	parallel_each(audit->count, width, look_at_one, audit);
	pthread_mutex_destroy(&audit->lock);
	for (unsigned i = 0; i < width; i++) {
		struct worker *worker = &audit->workers[i];
		if (worker->rc < 0 && !rc)
			rc = error_set(err, worker->rc, "%s", worker->err.text);
		guard_free(worker->guard);
		repo_close(worker->repo);
	}
	free(audit->workers);
	return rc;
}

/* ---- time until the fix ---- */

static bool is_state(const struct violation *violation)
{
	return violation->path &&
		(violation->kind == VIOLATION_BROKEN || violation->kind == VIOLATION_INVALID ||
			violation->kind == VIOLATION_NO_FILE);
}

static bool leaves_wrong(const struct looked *looked, const char *path)
{
	for (size_t i = 0; i < looked->found.count; i++) {
		const struct violation *violation = &looked->found.violations[i];
		if (is_state(violation) && !strcmp(violation->path, path))
			return true;
	}
	return false;
}

static bool changes(const struct looked *looked, const char *path)
{
	for (size_t i = 0; i < looked->changed_count; i++)
		if (!strcmp(looked->changed[i], path))
			return true;
	return false;
}

/* Seconds from commit `index` to the next commit with a valid `path`; -1 if there is none. */
static int64_t stayed(const struct audit *audit, size_t index, const char *path)
{
	for (size_t i = index + 1; i < audit->count; i++) {
		const struct looked *later = &audit->looked[i];
		if (changes(later, path) && !leaves_wrong(later, path)) {
			int64_t seconds = later->time - audit->looked[index].time;
			return seconds > 0 ? seconds : 0;
		}
	}
	return -1;
}

static bool is_last_change(const struct audit *audit, size_t index, const char *path)
{
	for (size_t i = index + 1; i < audit->count; i++)
		if (changes(&audit->looked[i], path))
			return false;
	return true;
}

static void add_finding(struct audit *audit, size_t index, struct audit_report *report)
{
	struct looked *looked = &audit->looked[index];
	struct audit_commit *commit = &report->commits[report->count++];
	*commit = (struct audit_commit){
		.id = looked->id,
		.time = looked->time,
		.subject = looked->subject,
		.violations = looked->found.violations,
		.stayed = xcalloc(looked->found.count, sizeof(*commit->stayed)),
		.count = looked->found.count,
	};
	looked->subject = NULL;
	looked->found.violations = NULL;
	looked->found.count = 0;
	const char *last = NULL;
	for (size_t i = 0; i < commit->count; i++) {
		const struct violation *violation = &commit->violations[i];
		report->totals[violation->kind]++;
		commit->stayed[i] = -1;
		if (!is_state(violation))
			continue;
		bool same = last && !strcmp(last, violation->path);
		commit->stayed[i] =
			same ? commit->stayed[i - 1] : stayed(audit, index, violation->path);
		if (commit->stayed[i] > report->longest_stayed)
			report->longest_stayed = commit->stayed[i];
		if (commit->stayed[i] < 0 && !same && is_last_change(audit, index, violation->path))
			report->still_broken++;
		last = violation->path;
	}
}

static void conclude(struct audit *audit, struct audit_report *report)
{
	report->looked_at = audit->count;
	report->longest_stayed = -1;
	report->commits = xcalloc(audit->count ? audit->count : 1, sizeof(*report->commits));
	for (size_t i = 0; i < audit->count; i++)
		if (audit->looked[i].found.count)
			add_finding(audit, i, report);
}

int audit_run(struct repo *repo, const struct audit_plan *plan, struct audit_report *report,
	struct error *err)
{
	struct audit audit = { .plan = plan, .repo = repo };
	*report = (struct audit_report){ 0 };
	int rc = history_each_new(repo, &plan->tip, &plan->from, 1, NULL, add_commit, &audit, err);
	if (!rc)
		rc = look_at_all(&audit, err);
	if (!rc)
		conclude(&audit, report);
	for (size_t i = 0; i < audit.count; i++) {
		struct looked *looked = &audit.looked[i];
		guard_report_release(&looked->found);
		for (size_t k = 0; k < looked->changed_count; k++)
			free(looked->changed[k]);
		free(looked->changed);
		free(looked->subject);
	}
	free(audit.looked);
	return rc;
}

void audit_report_release(struct audit_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		struct audit_commit *commit = &report->commits[i];
		struct guard_report violations = { .violations = commit->violations,
			.count = commit->count };
		guard_report_release(&violations);
		free(commit->stayed);
		free(commit->subject);
	}
	free(report->commits);
	*report = (struct audit_report){ 0 };
}
