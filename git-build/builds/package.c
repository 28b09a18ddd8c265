/*
 * git build package: makes Debian packages from a source tree, by whichever method the tree has.
 */
#include "cli/command.h"
#include "cli/print.h"

#include "worker/package.h"
#include "json/write.h"

#include <limits.h>

struct package_options {
	const char *repo, *out;
	int64_t timeout;
};

static const struct option options[] = {
	OPT_STRING(0, "repo", "DIR", struct package_options, repo, "the source tree"),
	OPT_STRING(0, "out", "DIR", struct package_options, out, "the directory for the packages"),
	OPT_NUMBER(0, "timeout", "SECONDS", struct package_options, timeout, 1, INT_MAX,
		"stop programs that take longer"),
	OPT_END,
};

static const char *const synopsis[] = { "--repo DIR --out DIR [--timeout SECONDS] [--json]", NULL };

/* To standard error: standard output has the output of the build, and the result. */
static void tell(const char *what, void *data)
{
	const struct invocation *inv = data;
	if (!inv->quiet)
		show_message("package", what);
}

static void show_result(
	const struct invocation *inv, const char *out, const struct package_result *result)
{
	struct json_writer w;
	show_json_begin(&w);
	json_put_string(&w, "out", out);
	json_begin_member(&w, "files", '[');
	for (size_t i = 0; i < result->count; i++) {
		json_put_string(&w, NULL, result->files[i]);
		if (!inv->json && !inv->quiet)
			show_line("%s/%s", out, result->files[i]);
	}
	show_json_end(&w, inv->json);
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct package_options *given = values;
	struct package_result result;
	struct package_plan plan = { .source = given->repo,
		.out = given->out,
		.timeout_ms = given->timeout * 1000,
		.tell = tell,
		.data = inv };
	(void)operands;
	if (!given->repo || !given->out) {
		error_set(err, ERR_INVALID, "--repo DIR and --out DIR are required");
		return ANSWER_USAGE;
	}
	int rc = package_build(&plan, &result, err);
	if (!rc)
		show_result(inv, given->out, &result);
	package_result_release(&result);
	if (rc == ERR_BUSY) {
		show_message("package", err->text);
		rc = PACKAGE_BUSY_STATUS;
	}
	return rc;
}

const struct command command_package = {
	.name = "package",
	.summary = "make Debian packages from a source tree",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct package_options),
	.needs = NEEDS_NOTHING,
	.shows = true,
	.changes = true,
	.run = run,
};
