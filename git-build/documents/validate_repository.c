/* Validating against the schemas of a repository: the schema of each file, and the guard for a
 * range of commits. */
#include "documents/validate.h"
#include "fleet/files.h"
#include "fleet/servers.h"
#include "cli/violations.h"

#include "base/file.h"
#include "git/worktree.h"
#include "git/refs.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- files ---- */

/* Reads a file of the worktree or the index, by its path from the top level; a server_read. */
static int read_path(void *data, const char *path, struct buf *out, struct error *err)
{
	struct validating *v = data;
	struct buf place = BUF_INIT;
	struct stat st;
	if (v->options->staged)
		return worktree_read_staged(v->inv->repo, path, out, err);
	buf_addf(&place, "%s/%s", repo_work_tree(v->inv->repo), path);
	int rc = file_read(out, place.data, JSON_DEFAULT_LIMIT, err);
	if (rc == ERR_INVALID && !stat(place.data, &st) && S_ISDIR(st.st_mode))
		rc = ERR_NOT_FOUND;
	buf_release(&place);
	return rc;
}

/* The built-in schema of `path`, NULL if there is none. The directory of a server also is one if it
 * was one in the last commit. */
static int find_builtin(struct validating *v, const char *path, const char **builtin)
{
	struct oid head;
	int rc = server_schema_of(builtin, path, read_path, v, v->err);
	if (rc < 0 || *builtin || !fleet_needs_server(path, NULL))
		return rc;
	rc = repo_ref(v->inv->repo, "HEAD", &head, v->err);
	if (!rc)
		rc = server_schema_in(builtin, path, v->inv->repo, &head, v->err);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* The name of the schema that an attribute gives to `path`: 1, 0 if there is none, or a negative
 * code. */
static int find_attribute(struct validating *v, const char *path, struct buf *name)
{
	int rc = worktree_attribute(v->inv->repo, path, "build-schema", name, v->err);
	return rc > 0 && fleet_assigns(path, name->data) ? 0 : rc;
}

/* The schema of a path of the repository: 1, 0 if it has none, or a negative code. */
static int schema_for_path(struct validating *v, const char *path, const struct schema **out)
{
	struct buf name = BUF_INIT, file = BUF_INIT;
	const char *builtin = NULL;
	int rc = find_builtin(v, path, &builtin);
	if (!rc)
		rc = builtin ? 1 : find_attribute(v, path, &name);
	if (rc > 0 && !builtin)
		buf_addf(&file, "%s/schemas/%s.json", repo_work_tree(v->inv->repo), name.data);
	int own = 0;
	if (rc > 0 && !builtin)
		own = validate_is_builtin(name.data) ? file_exists(file.data, v->err) : 1;
	if (own < 0)
		rc = own;
	if (rc > 0) {
		rc = validate_compile(v,
			builtin       ? builtin
				: own ? file.data
				      : name.data,
			!own, out);
		rc = rc < 0 ? rc : 1;
	}
	buf_release(&name);
	buf_release(&file);
	return rc;
}

/* The format of a path of the repository: 0, or a negative code. */
static int format_for_path(struct validating *v, const char *path, enum json_format *format)
{
	struct buf value = BUF_INIT;
	int rc = worktree_attribute(v->inv->repo, path, FORMAT_ATTRIBUTE, &value, v->err);
	*format = fleet_format(path, rc > 0 ? value.data : NULL);
	buf_release(&value);
	return rc < 0 ? rc : 0;
}

/* Checks the text of a file, which has a schema or is JSON Lines. */
static void check_text(struct validating *v, const char *name, struct buf *text,
	enum json_format format, const struct schema *schema)
{
	if (format == FORMAT_NONE) {
		v->files++;
		validate_refuse(v, name, FORMAT_NONE_PROBLEM);
	} else {
		validate_text(v, name, text, format, schema);
	}
}

/* Does -build-schema exempt `path` (NULL: not in the worktree)? 1, 0, or a negative code. */
static int is_exempt(struct validating *v, const char *path)
{
	return path && fleet_may_be_exempt(path)
		? worktree_attribute_is_unset(v->inv->repo, path, "build-schema", v->err)
		: 0;
}

/* A file of the worktree or the index, by its path from the top level. */
static int check_path(const char *path, void *data)
{
	struct validating *v = data;
	const struct schema *schema = NULL;
	enum json_format format;
	struct buf text = BUF_INIT;
	int rc = format_for_path(v, path, &format);
	if (!rc)
		rc = schema_for_path(v, path, &schema);
	if (!rc && format == FORMAT_LINES) {
		int exempt = is_exempt(v, path);
		rc = exempt < 0 ? exempt : !exempt;
	}
	if (rc <= 0)
		return rc;
	rc = read_path(v, path, &text, v->err);
	if (!rc)
		check_text(v, path, &text, format, schema);
	buf_release(&text);
	/* It may be deleted in the worktree, but not staged. */
	return rc == ERR_NOT_FOUND && !v->options->staged ? 0 : rc;
}

/* A file as named on the command line. */
static int check_named(struct validating *v, const char *name)
{
	const struct schema *schema = NULL;
	enum json_format format = json_format_of(name, NULL);
	struct buf text = BUF_INIT;
	char absolute[PATH_MAX];
	const char *top = repo_work_tree(v->inv->repo);
	size_t len = top ? strlen(top) : 0;
	int rc = file_read(&text, name, JSON_DEFAULT_LIMIT, v->err);
	bool inside = !rc && top && realpath(name, absolute) && !strncmp(absolute, top, len) &&
		absolute[len] == '/';
	const char *path = inside ? absolute + len + 1 : NULL;
	if (inside)
		rc = format_for_path(v, path, &format);
	if (!rc && inside)
		rc = schema_for_path(v, path, &schema);
	int exempt = rc ? 0 : is_exempt(v, path);
	if (exempt < 0)
		rc = exempt;
	else if (rc > 0 || (!rc && !exempt && format == FORMAT_LINES))
		check_text(v, strcmp(name, "-") ? name : "<stdin>", &text, format, schema);
	else if (!rc && !exempt)
		rc = error_set(v->err, ERR_INVALID,
			"%s has no schema; name one with --schema, or set build-schema for the "
			"path in .gitattributes",
			name);
	buf_release(&text);
	return rc < 0 ? rc : 0;
}

/* ---- a range of commits ---- */

/* Checks the push that would add the range to the shared branch with the guard. */
static int check_range(struct validating *v, struct guard_report *report)
{
	struct invocation *inv = v->inv;
	struct guard_plan plan = { .variable = getenv, .history = true };
	struct guard *guard;
	struct buf ref = BUF_INIT;
	int rc = guard_open(&guard, inv->repo, &plan, v->err);
	if (rc < 0)
		return rc;
	ref_branch(&ref, inv->settings.branch);
	struct guard_update update = { .ref = ref.data, .now = env_now(inv->env) };
	rc = repo_resolve_range(inv->repo, v->options->range, &update.old, &update.new, v->err);
	if (!rc)
		rc = guard_check(guard, report, &update, v->err);
	guard_free(guard);
	buf_release(&ref);
	return rc;
}

static int tell_range(struct validating *v)
{
	struct guard_report report = { 0 };
	int rc = check_range(v, &report);
	for (size_t i = 0; !rc && i < report.count; i++) {
		if (v->inv->json) {
			violation_begin_json(&report.violations[i], &v->writer);
			json_end(&v->writer);
		} else if (!v->inv->quiet) {
			violation_show(&report.violations[i], "");
		}
	}
	v->wrong = report.count;
	guard_report_release(&report);
	return rc;
}

/* ---- */

int validate_repository(struct validating *v, struct operands *operands)
{
	int rc = 0;
	if (v->options->range)
		return tell_range(v);
	for (int i = 0; !rc && i < operands->count; i++)
		rc = check_named(v, operands->words[i]);
	if (!rc && !operands->count)
		rc = worktree_each_file(v->inv->repo, v->options->staged, check_path, v, v->err);
	return rc;
}
