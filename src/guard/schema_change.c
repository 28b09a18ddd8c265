/* Checks a push that changes schemas or attributes: the schemas must be valid, and existing files
 * must match them. */
#include "guard/internal.h"

#include "schema/builtin.h"

#include <stdlib.h>
#include <string.h>

struct new_rules {
	struct judging *judging;
	struct rules rules; /* after the push */
	bool any;           /* a schema or attribute changed, so any file may have another rule */
};

static bool is_builtin(const char *name)
{
	size_t len;
	return builtin_text(name, &len);
}

static int note_change(const struct changed_file *file, void *data)
{
	struct new_rules *news = data;
	struct judging *j = news->judging;
	const char *base = strrchr(file->path, '/');
	char *name = rules_schema_name(file->path);
	const struct rule *rule;
	int rc = 0;
	if (!strcmp(base ? base + 1 : file->path, ".gitattributes"))
		news->any = true;
	if (!name)
		return 0;
	news->any = true;
	if (is_builtin(name) && !j->guard->is_operator)
		guard_violate(j->report, VIOLATION_OWNER,
			&(struct place){ .commit = &j->update->new, .path = file->path },
			"replaces the built-in schema '%s'; only an operator may do that "
			"(build.operators)",
			name);
	if (file->mode)
		rc = rules_by_name(&news->rules, name, &rule, j->err);
	if (!rc && file->mode && rule->problem) {
		struct place place = { .commit = &j->update->new, .path = file->path };
		const char *sentence = json_error_sentence(rule->problem, file->path, &place.at);
		guard_violate(j->report, VIOLATION_SCHEMA, &place, "%s", sentence);
	}
	free(name);
	return rc;
}

/* Does a schema of the repository apply to `path` after the push? 1, 0, or a negative code. */
static int changed_rule(struct new_rules *news, const char *path, const struct rule **now,
	const struct rule **before)
{
	struct judging *j = news->judging;
	int rc = rules_find(&news->rules, path, now, j->err);
	if (!rc)
		rc = rules_find(&j->guard->rules, path, before, j->err);
	return rc < 0 ? rc : *now && (*now)->own && (*now)->schema;
}

static int check_standing(const struct changed_file *file, void *data)
{
	struct new_rules *news = data;
	struct judging *j = news->judging;
	const struct rule *now, *before;
	struct version version = VERSION_INIT;
	struct problem problem = PROBLEM_INIT;
	if (file->mode != 0100644 && file->mode != 0100755)
		return 0;
	int rc = changed_rule(news, file->path, &now, &before);
	if (rc <= 0)
		return rc;
	rc = version_read(&version, j->guard->repo, (size_t)j->guard->max_file_size, &file->blob,
		file->path, NULL, &problem, j->err);
	struct buf about = BUF_INIT;
	buf_addf(&about, "does not match the new schemas/%s.json: ", now->name);
	if (!rc && version.doc) {
		check_by_schema(j->report, VIOLATION_SCHEMA, &j->update->new, now, &version, before,
			&version, about.data);
	} else if (!rc && problem.kind == VIOLATION_BROKEN && !before) {
		struct place place = { .commit = &j->update->new, .path = file->path };
		const char *why = json_error_sentence(problem.why.text, file->path, &place.at);
		guard_violate(j->report, VIOLATION_SCHEMA, &place, "%s%s", about.data, why);
	}
	buf_release(&about);
	version_release(&version);
	return rc;
}

int check_schema_change(struct judging *j)
{
	const struct guard_update *update = j->update;
	struct new_rules news = { .judging = j };
	rules_init(&news.rules, j->guard->repo, &update->new);
	int rc = history_each_file(j->changed, note_change, &news);
	if (!rc && news.any)
		rc = history_each_difference(
			j->guard->repo, &OID_NONE, &update->new, check_standing, &news, j->err);
	rules_release(&news.rules);
	return rc;
}
