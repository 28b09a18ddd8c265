/* Checks the changed files of each new commit: valid JSON or JSON Lines, no conflict markers, valid according to
 * the schema, not too large. */
#include "guard/internal.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "fleet/files.h"
#include "fleet/server_directory.h"
#include "schema/validate.h"

#include <stdlib.h>
#include <string.h>

/* How many errors of one file are found. */
enum { MOST_ERRORS = 1000 };

int guard_check_content(
	const char *path, enum json_format format, const char *text, size_t len, struct error *err)
{
	struct json_limits limits = { .lines = format == FORMAT_LINES };
	struct json_doc *doc;
	if (format == FORMAT_NONE)
		return 0;
	int rc = json_parse(&doc, text, len, path, &limits, err);
	if (!rc)
		json_doc_free(doc);
	return rc;
}

/* ---- schema ---- */

/* Did the previous version have the same error? Errors are the same if they have the same keyword,
 * and the same pointer or the same text, because elements can move. */
static bool is_old(const struct schema_error *error, const struct json_doc *doc,
	const struct schema_report *before, const struct json_doc *before_doc)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct schema_error *old = &before->errors[i];
		if (!strcmp(old->keyword, error->keyword) &&
			(!strcmp(old->shown, error->shown) ||
				json_same_text(before_doc, old->value, doc, error->value)))
			return true;
	}
	return false;
}

void check_by_schema(struct guard_report *report, enum violation_kind kind,
	const struct oid *commit, const struct rule *rule, const struct version *now,
	const struct rule *rule_before, const struct version *before, const char *about)
{
	struct schema_options options = { .max_errors = MOST_ERRORS };
	struct schema_report errors = SCHEMA_REPORT_INIT, old = SCHEMA_REPORT_INIT;
	if (schema_validate(rule->schema, now->doc, &options, &errors))
		goto done;
	if (before->doc && rule_before && rule_before->schema)
		schema_validate(rule_before->schema, before->doc, &options, &old);
	for (size_t i = 0; i < errors.count; i++) {
		const struct schema_error *error = &errors.errors[i];
		struct place place = { commit, json_name(now->doc), error->position, error->shown };
		if (is_old(error, now->doc, &old, before->doc))
			guard_warn(report, kind, &place, "%s%s (not new in this push)", about,
				error->message);
		else
			guard_violate(report, kind, &place, "%s%s", about, error->message);
	}
done:
	schema_report_release(&errors);
	schema_report_release(&old);
}

/* ---- one file ---- */

/* A file to check, and its violations. Files are checked on all processors, and reported in their
 * original order. */
struct task {
	struct oid commit, blob, before;
	char *path;
	enum json_format format; /* FORMAT_NONE: only its size is checked */
	const struct rule *rule; /* NULL: a document need only be valid JSON, or JSON Lines */
	struct guard_report found;
	int rc;
};

/* The state of one thread that checks. */
struct check {
	struct repo *repo;
	size_t limit; /* bytes */
	struct error err;
	struct recent *recent;
};

/* Reports a file that cannot be read. If the push itself sets the attribute that would exempt it, the
 * message adds that. */
static int report_problem(struct check *check, struct task *task, const struct problem *problem)
{
	struct place place = { .commit = &task->commit, .path = task->path };
	const char *sentence = json_error_sentence(problem->why.text, task->path, &place.at);
	int rc = problem->kind != VIOLATION_BROKEN
		? 0
		: rules_exempt_in(check->repo, &task->commit, task->path, &check->err);
	if (rc >= 0)
		guard_violate(&task->found, problem->kind, &place, "%s%s", sentence,
			rc ? "; -build-schema in .gitattributes counts once the shared branch has "
			     "it: push it there first, without this file"
			   : "");
	return rc < 0 ? rc : 0;
}

/* Is the file valid because lines were added to one that was? 1, 0 or a negative code. */
static int check_appended(struct check *check, const struct task *task)
{
	struct version added;
	struct changed_file file = {
		.path = task->path, .blob = task->blob, .before = task->before
	};
	if (!rule_appends_lines(task->rule, task->format))
		return 0;
	int rc = version_read_appended(
		&added, check->repo, check->limit, &file, task->rule->schema, &check->err);
	if (rc > 0)
		recent_keep_added(check->recent, &task->before, &added);
	return rc;
}

/* Was the version before checked by the same schema? Not if the file only now names a server: then
 * all of its violations are new. */
static bool was_checked(const char *path, const struct json_doc *before)
{
	struct buf directory = BUF_INIT;
	bool is_of_server = fleet_needs_server(path, &directory);
	buf_release(&directory);
	return !is_of_server || server_is_named(before);
}

static int check_task(struct check *check, struct task *task)
{
	int appended = check_appended(check, task);
	if (appended)
		return appended < 0 ? appended : 0;
	struct version now = VERSION_INIT, before = VERSION_INIT;
	struct problem problem = PROBLEM_INIT;
	const struct schema *schema = task->rule ? task->rule->schema : NULL;
	const struct json_doc *like = recent_like(check->recent, task->path);
	int rc = version_read(&now, check->repo, check->limit, &task->blob, task->path,
		task->format, like, &problem, &check->err);
	if (!rc && problem.why.code) {
		rc = report_problem(check, task, &problem);
	} else if (!rc && schema && now.doc && !schema_validate(schema, now.doc, NULL, NULL)) {
		/* The version before is read only if there is an error. */
		rc = version_read(&before, check->repo, check->limit, &task->before, task->path,
			task->format, now.doc, NULL, &check->err);
		if (!rc && !was_checked(task->path, before.doc)) {
			version_release(&before);
			before = (struct version)VERSION_INIT;
		}
		if (!rc)
			check_by_schema(&task->found, VIOLATION_INVALID, &task->commit, task->rule,
				&now, task->rule, &before, "");
	}
	version_release(&before);
	if (now.doc)
		recent_keep(check->recent, &now);
	version_release(&now);
	return rc;
}

/* The slot of a blob in the table, or a free slot. The ID of a blob already is a hash. */
static struct checked *place_of(struct checked *table, size_t size, const struct checked *wanted)
{
	const struct oid *oid = &wanted->blob;
	size_t at = strtoul((char[]){ oid->hex[0], oid->hex[1], oid->hex[2], oid->hex[3],
				    oid->hex[4], oid->hex[5], oid->hex[6], oid->hex[7], '\0' },
		NULL, 16);
	for (;; at++) {
		struct checked *checked = &table[at & (size - 1)];
		if (!checked->rule ||
			(oid_equal(&checked->blob, oid) && checked->format == wanted->format &&
				!strcmp(checked->rule, wanted->rule)))
			return checked;
	}
}

static void grow_table(struct guard *guard)
{
	size_t size = guard->checked_size ? 2 * guard->checked_size : 64;
	struct checked *table = xcalloc(size, sizeof(*table));
	for (size_t i = 0; i < guard->checked_size; i++) {
		struct checked *checked = &guard->checked[i];
		if (checked->rule)
			*place_of(table, size, checked) = *checked;
	}
	free(guard->checked);
	guard->checked = table;
	guard->checked_size = size;
}

/* Records that a blob is checked in this way; false if that was recorded before. */
static bool is_new_to(struct guard *guard, const struct checked *now)
{
	if (2 * guard->checked_count >= guard->checked_size)
		grow_table(guard);
	struct checked *checked = place_of(guard->checked, guard->checked_size, now);
	if (checked->rule)
		return false;
	*checked = *now;
	guard->checked_count++;
	return true;
}

/* Finds how the file is checked. */
static int find_rule(struct judging *j, const char *path, struct task *task)
{
	struct rules *rules = &j->guard->rules;
	int rc = rules_find(rules, &task->commit, path, &task->rule, &task->format, j->err);
	if (!rc && !task->rule && task->format != FORMAT_NONE)
		rc = rules_exempt(rules, path, j->err);
	if (rc > 0)
		task->format = FORMAT_NONE;
	return rc < 0 ? rc : 0;
}

/* Reports a link or a submodule. If it is checked again, as a part of the tip, only one that was not
 * reported before. */
static void refuse_no_file(struct judging *j, const struct oid *commit,
	const struct changed_file *file, const struct task *task, bool again)
{
	struct checked how = { file->blob, "/no-file", task->format };
	bool is_new = j->guard->history || is_new_to(j->guard, &how);
	if (is_new || !again)
		guard_violate(j->report, VIOLATION_NO_FILE,
			&(struct place){ .commit = commit, .path = file->path },
			"is a %s; a coordination file must be a regular file",
			file->mode == 0120000 ? "symbolic link" : "submodule");
}

/* Makes a task for a changed file: 1; 0 if the file need not be read; or a negative code. */
static int make_task(struct judging *j, const struct oid *commit, const struct changed_file *file,
	struct task *task, bool again)
{
	bool is_file = file->mode == 0100644 || file->mode == 0100755;
	*task = (struct task){ .commit = *commit, .blob = file->blob, .before = file->before };
	if (!file->mode)
		return 0;
	int rc = find_rule(j, file->path, task);
	if (!rc && !is_file && task->format != FORMAT_NONE)
		refuse_no_file(j, commit, file, task, again);
	if (rc < 0 || !is_file)
		return rc;
	struct checked how = { file->blob, task->rule ? task->rule->name : "/none", task->format };
	if (!j->guard->history && !is_new_to(j->guard, &how))
		return 0;
	task->path = xstrdup(file->path);
	return 1;
}

int check_changed_file(struct judging *j, const struct oid *commit, const struct changed_file *file)
{
	struct task task;
	int rc = make_task(j, commit, file, &task, true);
	if (rc <= 0)
		return rc;
	struct check check = { .repo = j->guard->repo,
		.limit = (size_t)j->guard->max_file_size,
		.recent = &j->guard->recent[0] };
	rc = check_task(&check, &task);
	if (rc < 0)
		error_set(j->err, rc, "%s", check.err.text);
	guard_report_move(j->report, &task.found);
	free(task.path);
	return rc;
}

/* ---- commit by commit ---- */

enum {
	/* More files than this are checked in several rounds, to limit the use of memory. */
	TASKS_AT_ONCE = 4096,
	/* Fewer files than this are not worth a thread, which must open the repository again. */
	TASKS_FOR_A_THREAD = 8,
};

struct walk {
	struct judging *judging;
	const struct oid *commit;
	struct task *tasks;
	size_t count, capacity;
	struct check *checks;
	unsigned width;
};

static void check_one(size_t index, unsigned worker, void *data)
{
	struct walk *walk = data;
	struct check *check = &walk->checks[worker];
	struct task *task = &walk->tasks[index];
	task->rc = 0;
	if (!check->repo)
		task->rc = repo_open_again(&check->repo, walk->judging->guard->repo, &check->err);
	if (!task->rc)
		task->rc = check_task(check, task);
}

static int check_tasks(struct walk *walk)
{
	struct judging *j = walk->judging;
	int rc = 0;
	size_t worth = 1 + walk->count / TASKS_FOR_A_THREAD;
	if (walk->count)
		parallel_each(walk->count, worth < walk->width ? (unsigned)worth : walk->width,
			check_one, walk);
	for (size_t i = 0; i < walk->count; i++) {
		struct task *task = &walk->tasks[i];
		rc = rc ? rc : task->rc;
		guard_report_move(j->report, &task->found);
		free(task->path);
	}
	for (unsigned i = 0; rc && i < walk->width; i++)
		if (walk->checks[i].err.code)
			error_set(j->err, rc, "%s", walk->checks[i].err.text);
	walk->count = 0;
	return rc;
}

static int add_file(const struct changed_file *file, void *data)
{
	struct walk *walk = data;
	GROW(walk->tasks, walk->count, walk->capacity);
	int rc = make_task(walk->judging, walk->commit, file, &walk->tasks[walk->count], false);
	walk->count += rc > 0;
	return rc < 0 ? rc : 0;
}

static int add_commit(const struct oid *commit, void *data)
{
	struct walk *walk = data;
	walk->commit = commit;
	int rc = history_each_changed(
		walk->judging->guard->repo, commit, add_file, walk, walk->judging->err);
	return !rc && walk->count >= TASKS_AT_ONCE ? check_tasks(walk) : rc;
}

/* A push may move many refs to the same commit: it is recorded once. */
static void note_tip(struct guard *guard, const struct oid *tip)
{
	if (oid_is_none(tip) ||
		(guard->tips_count && oid_equal(&guard->tips[guard->tips_count - 1], tip)))
		return;
	GROW(guard->tips, guard->tips_count, guard->tips_capacity);
	guard->tips[guard->tips_count++] = *tip;
}

int check_contents(struct judging *j)
{
	struct guard *guard = j->guard;
	struct walk walk = { .judging = j, .width = guard->width };
	walk.checks = xcalloc(walk.width, sizeof(*walk.checks));
	for (unsigned i = 0; i < walk.width; i++)
		walk.checks[i] = (struct check){ .limit = (size_t)guard->max_file_size,
			.recent = &guard->recent[i] };
	walk.checks[0].repo = guard->repo;
	note_tip(guard, &j->update->old);
	int rc = history_each_new(guard->repo, &j->update->new, guard->tips, guard->tips_count,
		guard->standing, add_commit, &walk, j->err);
	int checked = check_tasks(&walk);
	if (walk.commit) /* otherwise, the recorded tips have all of its commits */
		note_tip(guard, &j->update->new);
	for (unsigned i = 1; i < walk.width; i++)
		repo_close(walk.checks[i].repo);
	free(walk.checks);
	free(walk.tasks);
	return rc < 0 ? rc : checked;
}

static int check_file(const struct changed_file *file, void *data)
{
	struct judging *j = data;
	return check_changed_file(j, &j->update->new, file);
}

int check_content_of(struct judging *j, const struct oid *commit)
{
	return history_each_changed(j->guard->repo, commit, check_file, j, j->err);
}
