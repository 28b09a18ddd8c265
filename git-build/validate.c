/*
 * git build validate: are coordination files as their schemas say?
 *
 * The same engine as the hooks', for a person, an editor or a CI job that wants to know before
 * anything is committed. Without a schema on the command line, each file is judged by the schema
 * that its path has (`build-schema` in .gitattributes, or the built-in one); with one, this works
 * outside of any repository.
 */
#include "command.h"
#include "show.h"
#include "violations.h"

#include "base/alloc.h"
#include "base/file.h"
#include "json/write.h"
#include "schema/builtin.h"
#include "schema/validate.h"
#include "store/worktree.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct validate_options {
	bool staged, all, format;
	const char *schema, *range;
	struct option_list maps;
	int64_t max_errors;
};

static const struct option options[] = {
	OPT_FLAG(0, "staged", struct validate_options, staged,
		"judge what is staged for the next commit"),
	OPT_FLAG(0, "all", struct validate_options, all,
		"judge every file of the work tree that has a schema (the default)"),
	OPT_STRING(0, "range", "A..B", struct validate_options, range,
		"judge the commits from A to B as the hook would judge their push"),
	OPT_STRING('s', "schema", "FILE|NAME", struct validate_options, schema,
		"judge by this schema: a file, or the name of a built-in one"),
	OPT_LIST(0, "map", "URI=DIR", struct validate_options, maps,
		"read what starts with URI from files below DIR"),
	OPT_FLAG(0, "format", struct validate_options, format,
		"let \"format\" be a rule, and not just a remark"),
	OPT_NUMBER(0, "max-errors", "N", struct validate_options, max_errors, 1, 1000000,
		"tell at most so many errors a file (20)"),
	OPT_END,
};

static const char *const synopsis[] = {
	"[--schema FILE|NAME] [--map URI=DIR]... [--format] [--max-errors N] [--json] FILE...",
	"[--staged | --all] [--map URI=DIR]... [--format] [--max-errors N] [--json]",
	"--range A..B [--json]", NULL
};

/* Schemas that were compiled: each once, however many files it judges. */
struct compiled {
	char *name;
	const struct schema *schema;
};

struct validating {
	struct invocation *inv;
	const struct validate_options *options;
	struct schema_set *set;
	struct compiled *compiled;
	size_t count, capacity;
	struct buf json;
	struct json_writer writer;
	size_t files, wrong;
	struct error *err;
};

/* ---- which schema ---- */

/* A schema that cannot be used is fatal: nothing it would judge has been judged. */
static int compile_file(struct validating *v, const char *path, const struct schema **out)
{
	struct buf text = BUF_INIT;
	int rc = file_read(&text, path, JSON_DEFAULT_LIMIT, v->err);
	if (!rc) {
		char absolute[PATH_MAX];
		struct buf uri = BUF_INIT;
		/* Its place lets it refer to its neighbours. */
		if (realpath(path, absolute)) {
			buf_addf(&uri, "file://%s", absolute);
			char *slash = strrchr(absolute, '/');
			slash[1] = '\0';
			struct buf prefix = BUF_INIT;
			buf_addf(&prefix, "file://%s", absolute);
			schema_set_map(v->set, prefix.data, absolute);
			buf_release(&prefix);
		}
		rc = schema_compile(v->set, out, &text, path, uri.len ? uri.data : NULL, v->err);
		buf_release(&uri);
	}
	buf_release(&text);
	return rc;
}

static int compile(struct validating *v, const char *name, bool builtin, const struct schema **out)
{
	for (size_t i = 0; i < v->count; i++)
		if (!strcmp(v->compiled[i].name, name)) {
			*out = v->compiled[i].schema;
			return 0;
		}
	int rc = builtin ? builtin_compile(v->set, out, name, v->err) : compile_file(v, name, out);
	if (rc < 0)
		return rc;
	GROW(v->compiled, v->count, v->capacity);
	v->compiled[v->count++] = (struct compiled){ xstrdup(name), *out };
	return 0;
}

static bool is_builtin(const char *name)
{
	size_t len;
	return builtin_text(name, &len) != NULL;
}

/* The schema of a path of the repository: 1, 0 if it has none, or a negative code. */
static int schema_for_path(struct validating *v, const char *path, const struct schema **out)
{
	struct buf name = BUF_INIT, file = BUF_INIT;
	const char *builtin = builtin_for_path(path);
	int rc =
		builtin ? 1 : worktree_attribute(v->inv->repo, path, "build-schema", &name, v->err);
	if (rc > 0 && !builtin)
		buf_addf(&file, "%s/schemas/%s.json", repo_work_tree(v->inv->repo), name.data);
	if (rc > 0) {
		bool own = !builtin && (file_exists(file.data) || !is_builtin(name.data));
		rc = compile(v, builtin ? builtin : own ? file.data : name.data, !own, out);
		rc = rc < 0 ? rc : 1;
	}
	buf_release(&name);
	buf_release(&file);
	return rc;
}

/* ---- judging ---- */

static void tell(struct validating *v, const char *file, size_t line, size_t column,
	const char *instance, const char *keyword, const char *absolute, const char *message)
{
	if (v->inv->json) {
		json_begin(&v->writer, '{');
		json_put_string(&v->writer, "file", file);
		json_put_int(&v->writer, "line", (int64_t)line);
		json_put_int(&v->writer, "column", (int64_t)column);
		json_put_string(&v->writer, "keywordLocation", keyword);
		if (absolute)
			json_put_string(&v->writer, "absoluteKeywordLocation", absolute);
		json_put_string(&v->writer, "instanceLocation", instance);
		json_put_string(&v->writer, "error", message);
		json_end(&v->writer);
	} else if (!v->inv->quiet) {
		show_line("%s:%zu:%zu: %s%s%s%s%s", file, line, column, instance,
			*instance ? ": " : "", message, v->inv->verbose ? " at " : "",
			v->inv->verbose ? keyword : "");
	}
}

static void tell_unsound(struct validating *v, const char *file, const char *text)
{
	struct json_position at;
	const char *sentence = json_error_sentence(text, file, &at);
	tell(v, file, at.line ? at.line : 1, at.line ? at.column : 1, "", "", NULL, sentence);
}

static void judge(
	struct validating *v, const char *file, struct buf *text, const struct schema *schema)
{
	struct json_doc *doc;
	struct error unsound = ERROR_INIT;
	struct schema_report report = SCHEMA_REPORT_INIT;
	struct schema_options how = { .max_errors = (size_t)v->options->max_errors,
		.assert_format = v->options->format };
	v->files++;
	if (json_parse_buf(&doc, text, file, NULL, &unsound) < 0) {
		v->wrong++;
		tell_unsound(v, file, unsound.text);
		return;
	}
	if (!schema_validate(schema, doc, &how, &report)) {
		v->wrong++;
		for (size_t i = 0; i < report.count; i++) {
			const struct schema_error *e = &report.errors[i];
			tell(v, file, e->position.line, e->position.column, e->instance, e->keyword,
				e->absolute, e->message);
		}
		if (report.found > report.count && !v->inv->quiet && !v->inv->json)
			show_line("%s: and %zu more", file, report.found - report.count);
	}
	schema_report_release(&report);
	json_doc_free(doc);
}

/* A file of the work tree or the index, by its path from the top. */
static int judge_path(const char *path, void *data)
{
	struct validating *v = data;
	const struct schema *schema;
	struct buf text = BUF_INIT, place = BUF_INIT;
	int rc = schema_for_path(v, path, &schema);
	if (rc <= 0)
		return rc;
	if (v->options->staged) {
		rc = worktree_read_staged(v->inv->repo, path, &text, v->err);
	} else {
		buf_addf(&place, "%s/%s", repo_work_tree(v->inv->repo), path);
		rc = file_read(&text, place.data, JSON_DEFAULT_LIMIT, v->err);
		if (rc == ERR_NOT_FOUND) { /* deleted in the work tree, and not staged yet */
			buf_release(&text);
			buf_release(&place);
			return 0;
		}
	}
	if (!rc)
		judge(v, path, &text, schema);
	buf_release(&text);
	buf_release(&place);
	return rc;
}

/* A file as it was named on the command line. */
static int judge_named(struct validating *v, const char *name, const struct schema *given)
{
	const struct schema *schema = given;
	struct buf text = BUF_INIT;
	int rc = file_read(&text, name, JSON_DEFAULT_LIMIT, v->err);
	if (!rc && !given) {
		char absolute[PATH_MAX];
		const char *top = repo_work_tree(v->inv->repo);
		size_t len = top ? strlen(top) : 0;
		if (top && realpath(name, absolute) && !strncmp(absolute, top, len) &&
			absolute[len] == '/')
			rc = schema_for_path(v, absolute + len + 1, &schema);
		if (!rc)
			rc = error_set(v->err, ERR_INVALID,
				"%s has no schema: name one with --schema, or give the path a "
				"build-schema in "
				".gitattributes",
				name);
	}
	if (rc >= 0)
		judge(v, strcmp(name, "-") ? name : "<stdin>", &text, schema);
	buf_release(&text);
	return rc < 0 ? rc : 0;
}

static int judge_all(struct validating *v, struct operands *operands)
{
	const struct schema *schema = NULL;
	const char *name = v->options->schema;
	int rc = 0;
	if (!name || !operands->count)
		rc = command_open(v->inv, v->err);
	if (!rc && name)
		rc = compile(v, name, is_builtin(name) && !strchr(name, '/') && !file_exists(name),
			&schema);
	for (int i = 0; !rc && i < operands->count; i++)
		rc = judge_named(v, operands->words[i], schema);
	if (!rc && !operands->count)
		rc = worktree_each_file(v->inv->repo, v->options->staged, judge_path, v, v->err);
	return rc;
}

/* ---- a range of commits ---- */

/* The push that would bring the range to the shared branch, judged by the guard. */
static int judge_range(struct validating *v, struct guard_report *report)
{
	struct invocation *inv = v->inv;
	struct guard_plan plan = { .variable = getenv, .history = true };
	struct guard *guard;
	struct buf ref = BUF_INIT;
	int rc = command_open(inv, v->err);
	if (!rc)
		rc = guard_open(&guard, inv->repo, &plan, v->err);
	if (rc < 0)
		return rc;
	buf_addf(&ref, "refs/heads/%s", inv->settings.branch);
	struct guard_update update = { .ref = ref.data, .now = inv->env->now(inv->env->data) };
	rc = repo_resolve_range(inv->repo, v->options->range, &update.old, &update.new, v->err);
	if (!rc)
		rc = guard_judge(guard, report, &update, v->err);
	guard_free(guard);
	buf_release(&ref);
	return rc;
}

static int validate_range(struct validating *v)
{
	struct guard_report report = { 0 };
	int rc = judge_range(v, &report);
	if (!rc && v->inv->json) {
		json_begin(&v->writer, '{');
		json_begin_member(&v->writer, "errors", '[');
		for (size_t i = 0; i < report.count; i++) {
			violation_begin_json(&report.violations[i], &v->writer);
			json_end(&v->writer);
		}
		json_end(&v->writer);
		json_put_bool(&v->writer, "valid", !report.count);
		json_end(&v->writer);
		show_json(&v->json);
	}
	for (size_t i = 0; !rc && i < report.count && !v->inv->json && !v->inv->quiet; i++)
		violation_show(&report.violations[i], "");
	rc = rc < 0 ? rc : report.count ? ANSWER_NO : ANSWER_YES;
	guard_report_release(&report);
	return rc;
}

/* ---- */

static int add_maps(struct validating *v)
{
	for (size_t i = 0; i < v->options->maps.count; i++) {
		const char *map = v->options->maps.items[i], *equals = strrchr(map, '=');
		if (!equals || equals == map || !equals[1])
			return error_set(v->err, ERR_INVALID,
				"--map wants URI=DIR, such as https://example.org/=schemas, not "
				"'%s'",
				map);
		char *prefix = xstrndup(map, (size_t)(equals - map));
		schema_set_map(v->set, prefix, equals + 1);
		free(prefix);
	}
	return 0;
}

static const char *misuse(const struct validate_options *given, const struct operands *operands)
{
	if (given->staged + given->all + (given->range != NULL) + (operands->count > 0) > 1)
		return "say one of FILE..., --staged, --all and --range";
	if (given->schema && !operands->count)
		return "--schema goes with the files that it is to judge";
	return NULL;
}

static int validate_files(struct validating *v, struct operands *operands)
{
	json_begin(&v->writer, '{');
	json_begin_member(&v->writer, "errors", '[');
	int rc = judge_all(v, operands);
	json_end(&v->writer);
	json_put_bool(&v->writer, "valid", !v->wrong);
	json_end(&v->writer);
	if (rc >= 0 && v->inv->json)
		show_json(&v->json);
	else if (rc >= 0 && v->inv->verbose)
		show_line("%zu of %zu files are valid", v->files - v->wrong, v->files);
	return rc < 0 ? rc : v->wrong ? ANSWER_NO : ANSWER_YES;
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	struct validating v = {
		.inv = inv, .options = values, .json = BUF_INIT, .err = err, .set = schema_set_new()
	};
	v.writer = (struct json_writer)JSON_WRITER_INIT(&v.json);
	const char *wrong = misuse(v.options, operands);
	int rc;
	if (wrong) {
		error_set(err, ERR_INVALID, "%s", wrong);
		rc = ANSWER_USAGE;
	} else if (add_maps(&v) < 0) {
		rc = ANSWER_USAGE;
	} else {
		rc = v.options->range ? validate_range(&v) : validate_files(&v, operands);
	}
	for (size_t i = 0; i < v.count; i++)
		free(v.compiled[i].name);
	free(v.compiled);
	schema_set_free(v.set);
	buf_release(&v.json);
	return rc;
}

const struct command command_validate = {
	.name = "validate",
	.summary = "hold coordination files against their schemas",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct validate_options),
	.needs = NEEDS_NOTHING,
	.shows = true,
	.operands = INT_MAX,
	.run = run,
};
