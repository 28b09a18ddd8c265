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

/* A schema has no effect on a file that is not a document. */
static int check_has_format(struct new_rules *news, const char *path)
{
	struct judging *j = news->judging;
	int lacks = rules_lack_format(&news->rules, path, j->err);
	if (lacks > 0)
		guard_violate(j->report, VIOLATION_SCHEMA,
			&(struct place){ .commit = &j->update->new, .path = path },
			FORMAT_NONE_PROBLEM);
	return lacks < 0 ? lacks : 0;
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
		return file->mode && oid_is_none(&file->before) ? check_has_format(news, file->path)
								: 0;
	news->any = true;
	if (is_builtin(name) && !j->guard->is_operator)
		guard_violate(j->report, VIOLATION_OWNER,
			&(struct place){ .commit = &j->update->new, .path = file->path },
			"replaces the built-in schema '%s'; only an operator may do that "
			"(build.operators)",
			name);
	if (file->mode)
		rc = rules_by_name(&news->rules, name, &rule, j->err);
	/* Otherwise, the check of the content reports it. */
	bool is_json = (file->mode == 0100644 || file->mode == 0100755) && !rc && !rule->broken;
	if (is_json && rule->problem) {
		struct place place = { .commit = &j->update->new, .path = file->path };
		const char *sentence = json_error_sentence(rule->problem, file->path, &place.at);
		guard_violate(j->report, VIOLATION_SCHEMA, &place, "%s", sentence);
	}
	free(name);
	return rc;
}

/* An existing file whose name or attributes make it a document of another format now. */
static void check_new_format(
	struct new_rules *news, const char *path, const struct problem *problem)
{
	struct judging *j = news->judging;
	struct place place = { .commit = &j->update->new, .path = path };
	const char *sentence = json_error_sentence(problem->why.text, path, &place.at);
	guard_violate(j->report, VIOLATION_SCHEMA, &place,
		"is not valid in the format that " FORMAT_ATTRIBUTE " sets: %s", sentence);
}

/* Is the schema of a file that is not a document new? */
static int check_lost_schema(struct new_rules *news, const char *path)
{
	struct judging *j = news->judging;
	int before = rules_lack_format(&j->guard->rules, path, j->err);
	return before ? (before < 0 ? before : 0) : check_has_format(news, path);
}

static int check_standing(const struct changed_file *file, void *data)
{
	struct new_rules *news = data;
	struct judging *j = news->judging;
	const struct rule *now, *before;
	enum json_format format, old_format;
	struct version version = VERSION_INIT;
	struct problem problem = PROBLEM_INIT;
	if (file->mode != 0100644 && file->mode != 0100755)
		return 0;
	int rc = rules_find(&news->rules, &j->update->new, file->path, &now, &format, j->err);
	if (!rc && format == FORMAT_NONE)
		return check_lost_schema(news, file->path);
	if (!rc)
		rc = rules_find(&j->guard->rules, &j->update->new, file->path, &before, &old_format,
			j->err);
	/* Does a schema of the repository apply after the push? */
	bool has_rule = !rc && now && now->own && now->schema;
	if (rc < 0 || (!has_rule && format == old_format))
		return rc;
	int exempt = has_rule ? 0 : rules_exempt(&news->rules, file->path, j->err);
	if (exempt)
		return exempt < 0 ? exempt : 0;
	rc = version_read(&version, j->guard->repo, (size_t)j->guard->max_file_size, &file->blob,
		file->path, format, NULL, &problem, j->err);
	struct buf about = BUF_INIT;
	if (has_rule)
		buf_addf(&about, "does not match the new schemas/%s.json: ", now->name);
	if (!rc && version.doc && has_rule) {
		check_by_schema(j->report, VIOLATION_SCHEMA, &j->update->new, now, &version, before,
			&version, about.data);
	} else if (!rc && problem.why.code && format != old_format) {
		check_new_format(news, file->path, &problem);
	} else if (!rc && problem.kind == VIOLATION_BROKEN && has_rule && !before) {
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
