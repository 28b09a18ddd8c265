/*
 * git build merge: the same merge as git build merge-driver does for git, by hand. It needs no
 * repository, and reads none: published values do not count here.
 */
#include "cli/command.h"
#include "fleet/server_directory.h"
#include "cli/print.h"

#include "base/alloc.h"
#include "merge/files.h"
#include "git/run.h"

#include <stdlib.h>
#include <string.h>

struct merge_options {
	const char *output, *schema, *path, *fold;
};

static const struct option options[] = {
	OPT_STRING('o', "output", "FILE", struct merge_options, output,
		"write the result to FILE instead of standard output"),
	OPT_STRING(0, "schema", "FILE|NAME", struct merge_options, schema,
		"merge according to this schema: a file, or the name of a built-in one"),
	OPT_STRING(0, "path", "PATH", struct merge_options, path,
		"the path of the file in its repository, which selects the schema"),
	OPT_STRING(0, "fold", "FILE", struct merge_options, fold,
		"keep one record of each key in FILE, the latest or the last"),
	OPT_END,
};

static const char *const synopsis[] = {
	"<base> <ours> <theirs> [-o FILE] [--schema FILE|NAME] [--path PATH]",
	"--fold FILE [-o FILE] [--schema FILE|NAME] [--path PATH]", NULL
};

enum { OPERANDS = 3 };

/* git-config(1), merge.conflictStyle. */
static enum merge_style conflict_style(void)
{
	struct buf name = BUF_INIT;
	plumbing_config("merge.conflictStyle", &name, NULL);
	enum merge_style style = merge_style_of(name.data);
	buf_release(&name);
	return style;
}

static void show_said(const struct buf *said)
{
	for (const char *at = said->data; *at;) {
		size_t len = strcspn(at, "\n");
		char *line = xstrndup(at, len);
		show_remark(line);
		free(line);
		at += len + (at[len] != '\0');
	}
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct merge_options *given = values;
	if (operands->count != (given->fold ? 0 : OPERANDS)) {
		error_set(err, ERR_INVALID,
			given->fold ? "--fold takes one file, and no others"
				    : "three files are required: base, ours, theirs");
		return ANSWER_USAGE;
	}
	struct schema_set *set = schema_set_new();
	struct merge_result result = MERGE_RESULT_INIT;
	const char *const *words = (const char *const *)operands->words;
	struct merge_files files = {
		.base = given->fold ? NULL : words[0],
		.ours = given->fold ? given->fold : words[1],
		.theirs = given->fold ? NULL : words[2],
		.path = given->path,
		.request = { .style = conflict_style },
	};
	files.request.base_label = files.base;
	files.request.ours_label = files.ours;
	files.request.theirs_label = files.theirs;
	const char *schema = given->schema;
	int rc = 0;
	if (!schema && given->path)
		rc = server_schema_of_versions(&schema, given->path, files.ours, files.theirs, err);
	if (!rc && schema)
		rc = merge_find_schema(set, &files.request.schema, schema, err);
	if (!rc)
		rc = given->fold ? merge_fold_file(&files, &result, err)
				 : merge_files(&files, &result, err);
	if (rc >= 0 && show_or_write(given->output, &result.text, err) < 0)
		rc = ERR_FAILED;
	if (!inv->quiet)
		show_said(&result.report);
	merge_result_release(&result);
	schema_set_free(set);
	return rc;
}

const struct command command_merge = {
	.name = "merge",
	.summary = "merge three versions of a file according to its schema",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct merge_options),
	.needs = NEEDS_NOTHING,
	.operands = OPERANDS,
	.run = run,
};
