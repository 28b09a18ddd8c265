/*
 * git build validate: checks coordination files against their schemas.
 *
 * Uses the same checks as the hooks, for a person, an editor or a CI job that checks files before
 * they are committed. Without a schema on the command line, each file is checked against the schema
 * of its path (`build-schema` in .gitattributes, or the built-in one); with one, no repository is
 * needed.
 */
#include "cli/print.h"
#include "documents/validate.h"

#include "base/alloc.h"
#include "base/file.h"
#include "json/write.h"
#include "schema/builtin.h"
#include "schema/validate.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const struct option options[] = {
	OPT_FLAG(0, "staged", struct validate_options, staged,
		"check the files staged for the next commit"),
	OPT_FLAG(0, "all", struct validate_options, all,
		"check all files of the worktree that have a schema (default)"),
	OPT_STRING(0, "range", "A..B", struct validate_options, range,
		"check the commits from A to B as the hook would check a push of them"),
	OPT_STRING('s', "schema", "FILE|NAME", struct validate_options, schema,
		"check against this schema: a file, or the name of a built-in one"),
	OPT_LIST(0, "map", "URI=DIR", struct validate_options, maps,
		"read URIs that start with URI from files below DIR"),
	OPT_FLAG(0, "format", struct validate_options, format,
		"enforce \"format\" instead of treating it as an annotation"),
	OPT_NUMBER(0, "max-errors", "N", struct validate_options, max_errors, 1, 1000000,
		"print at most N errors per file (default: 20)"),
	OPT_END,
};

static const char *const synopsis[] = {
	"[--schema FILE|NAME] [--map URI=DIR]... [--format] [--max-errors N] [--json] FILE...",
	"[--staged | --all] [--map URI=DIR]... [--format] [--max-errors N] [--json]",
	"--range A..B [--json]", NULL
};

/* ---- the schema ---- */

/* A schema that cannot be used is fatal: the files of that schema were not checked. */
static int compile_file(struct validating *v, const char *path, const struct schema **out)
{
	struct buf text = BUF_INIT;
	int rc = file_read(&text, path, JSON_DEFAULT_LIMIT, v->err);
	if (!rc) {
		char absolute[PATH_MAX];
		struct buf uri = BUF_INIT;
		/* The path lets it refer to neighbouring files. */
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

bool validate_is_builtin(const char *name)
{
	size_t len;
	return builtin_text(name, &len) != NULL;
}

int validate_compile(
	struct validating *v, const char *name, bool builtin, const struct schema **out)
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

/* ---- checking ---- */

/* `instance` is a JSON pointer, for programs, and `shown` is for people. */
static void tell(struct validating *v, const char *file, size_t line, size_t column,
	const char *instance, const char *shown, const char *keyword, const char *absolute,
	const char *message)
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
		show_line("%s:%zu:%zu: %s%s%s%s%s", file, line, column, shown, *shown ? ": " : "",
			message, v->inv->verbose ? " at " : "", v->inv->verbose ? keyword : "");
	}
}

void validate_refuse(struct validating *v, const char *file, const char *text)
{
	struct json_position at;
	const char *sentence = json_error_sentence(text, file, &at);
	v->wrong++;
	tell(v, file, at.line ? at.line : 1, at.line ? at.column : 1, "", "", "", NULL, sentence);
}

void validate_text(struct validating *v, const char *file, struct buf *text,
	enum json_format format, const struct schema *schema)
{
	struct json_limits limits = { .lines = format == FORMAT_LINES };
	struct json_doc *doc;
	struct error unsound = ERROR_INIT;
	struct schema_report report = SCHEMA_REPORT_INIT;
	struct schema_options how = { .max_errors = (size_t)v->options->max_errors,
		.assert_format = v->options->format };
	v->files++;
	if (json_parse_buf(&doc, text, file, &limits, &unsound) < 0) {
		validate_refuse(v, file, unsound.text);
		return;
	}
	if (schema && !schema_validate(schema, doc, &how, &report)) {
		v->wrong++;
		for (size_t i = 0; i < report.count; i++) {
			const struct schema_error *e = &report.errors[i];
			tell(v, file, e->position.line, e->position.column, e->instance, e->shown,
				e->keyword, e->absolute, e->message);
		}
		if (report.found > report.count && !v->inv->quiet && !v->inv->json)
			show_line("%s: and %zu more", file, report.found - report.count);
	}
	schema_report_release(&report);
	json_doc_free(doc);
}

/* Checks the files on the command line against the given schema. */
static int check_by_schema(struct validating *v, const struct operands *operands)
{
	const struct schema *schema = NULL;
	const char *name = v->options->schema;
	int known = validate_is_builtin(name) && !strchr(name, '/');
	int own = known ? file_exists(name, v->err) : 1;
	int rc = own < 0 ? own : validate_compile(v, name, !own, &schema);
	for (int i = 0; !rc && i < operands->count; i++) {
		const char *file = operands->words[i];
		struct buf text = BUF_INIT;
		rc = file_read(&text, file, JSON_DEFAULT_LIMIT, v->err);
		if (!rc)
			validate_text(v, strcmp(file, "-") ? file : "<stdin>", &text,
				json_format_of(file, NULL), schema);
		buf_release(&text);
	}
	return rc;
}

static int add_maps(struct validating *v)
{
	for (size_t i = 0; i < v->options->maps.count; i++) {
		const char *map = v->options->maps.items[i], *equals = strrchr(map, '=');
		if (!equals || equals == map || !equals[1])
			return error_set(v->err, ERR_INVALID,
				"--map expects URI=DIR, such as https://example.org/=schemas, "
				"not '%s'",
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
		return "give only one of FILE..., --staged, --all and --range";
	if (given->schema && !operands->count)
		return "--schema requires the FILE... to check";
	if (given->range && (given->maps.count || given->format || given->max_errors))
		return "--range can be used with --json only; it checks commits as the hook does";
	return NULL;
}

static int check(struct validating *v, struct operands *operands)
{
	int rc = v->options->schema ? 0 : v->inv->calls->open(v->inv, v->err);
	if (rc < 0)
		return rc;
	show_json_begin(&v->writer);
	json_begin_member(&v->writer, "errors", '[');
	rc = v->options->schema ? check_by_schema(v, operands)
				: v->inv->calls->validate(v, operands);
	json_end(&v->writer);
	json_put_bool(&v->writer, "valid", !v->wrong);
	show_json_end(&v->writer, rc >= 0 && v->inv->json);
	if (rc >= 0 && !v->inv->json && v->inv->verbose && !v->options->range)
		show_line("%zu of %zu files are valid", v->files - v->wrong, v->files);
	return rc < 0 ? rc : v->wrong ? ANSWER_NO : ANSWER_YES;
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	struct validating v = {
		.inv = inv, .options = values, .err = err, .set = schema_set_new()
	};
	const char *wrong = misuse(v.options, operands);
	int rc;
	if (wrong) {
		error_set(err, ERR_INVALID, "%s", wrong);
		rc = ANSWER_USAGE;
	} else if (add_maps(&v) < 0) {
		rc = ANSWER_USAGE;
	} else {
		rc = check(&v, operands);
	}
	for (size_t i = 0; i < v.count; i++)
		free(v.compiled[i].name);
	free(v.compiled);
	schema_set_free(v.set);
	return rc;
}

const struct command command_validate = {
	.name = "validate",
	.summary = "check coordination files against their schemas",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct validate_options),
	.needs = NEEDS_NOTHING,
	.shows = true,
	.operands = INT_MAX,
	.run = run,
};
