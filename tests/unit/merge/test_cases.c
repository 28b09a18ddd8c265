/*
 * merge/merge.h: the cases of tests/data/merge/, one directory each.
 *
 * base.json (optional), ours.json and theirs.json are merged; want.json is the result, with
 * conflict markers if the sides conflict. JSON Lines are *.jsonl instead. `schema` has the name of a built-in schema, schema.json
 * is a custom one. Each line of `report` is expected in the report; an empty file expects none.
 * `style` has the value of merge.conflictStyle.
 */
#include "unit/merge_case.h"

#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#define CASES "tests/data/merge"

enum { FILE_LIMIT = 1 << 20, LEAST_CASES = 70 };

/* False if the case does not have the file. */
static bool read_file(const char *name, const char *file, struct buf *out)
{
	char path[512];
	snprintf(path, sizeof(path), CASES "/%s/%s", name, file);
	buf_reset(out);
	if (access(path, F_OK) < 0)
		return false;
	assert_int_equal(file_read(out, path, FILE_LIMIT, NULL), 0);
	return true;
}

static enum merge_style diff3(void)
{
	return STYLE_DIFF3;
}

static enum merge_style zdiff3(void)
{
	return STYLE_ZDIFF3;
}

struct files {
	struct buf base, ours, theirs, want, schema, report, style;
	bool has_report;
	bool lines; /* JSON Lines */
};

static void read_case(const char *name, struct files *files)
{
	files->lines = read_file(name, "ours.jsonl", &files->ours);
	const char *ending = files->lines ? ".jsonl" : ".json";
	struct {
		const char *version;
		struct buf *text;
		bool exists;
	} all[] = { { "base", &files->base, false }, { "ours", &files->ours, false },
		{ "theirs", &files->theirs, false }, { "want", &files->want, false } };
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		char file[32];
		snprintf(file, sizeof(file), "%s%s", all[i].version, ending);
		all[i].exists = read_file(name, file, all[i].text);
		if (i && !all[i].exists)
			fail_msg("%s: incomplete", name);
	}
	if (!read_file(name, "schema.json", &files->schema))
		read_file(name, "schema", &files->schema);
	buf_trim(&files->schema);
	read_file(name, "style", &files->style);
	buf_trim(&files->style);
	files->has_report = read_file(name, "report", &files->report);
}

static void check_report(const char *name, const struct files *files, const struct buf *report)
{
	if (!files->has_report)
		return;
	if (!files->report.len && report->len)
		fail_msg("%s: unexpected report: %s", name, report->data);
	for (char *line = strtok(files->report.data, "\n"); line; line = strtok(NULL, "\n"))
		if (!strstr(report->data, line))
			fail_msg("%s: report: %s\nexpected: %s", name, report->data, line);
}

static void check_case(const char *name)
{
	struct files f = { BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT,
		false, false };
	struct merge_result result = MERGE_RESULT_INIT, swapped = MERGE_RESULT_INIT;
	read_case(name, &f);
	const struct merge_case row = { .schema = f.schema.len ? f.schema.data : NULL };
	merge_style_fn *style = !strcmp(f.style.data, "diff3") ? diff3
		: f.style.len                                  ? zdiff3
							       : NULL;
	texts_are_lines = f.lines;
	int conflicts = strstr(f.want.data, "<<<<<<<") != NULL;
	int rc = merge_styled(&row, style, f.base.data, f.ours.data, f.theirs.data, &result);
	if (strcmp(result.text.data, f.want.data) != 0 || rc != conflicts)
		fail_msg("%s: result %d:\n%s", name, rc, result.text.data);
	rc = merge_styled(&row, style, f.base.data, f.theirs.data, f.ours.data, &swapped);
	if (rc != conflicts || (!rc && strcmp(swapped.text.data, f.want.data) != 0))
		fail_msg("%s, with the sides swapped: result %d:\n%s", name, rc, swapped.text.data);
	check_report(name, &f, &result.report);
	merge_result_release(&result);
	merge_result_release(&swapped);
	buf_release(&f.base);
	buf_release(&f.ours);
	buf_release(&f.theirs);
	buf_release(&f.want);
	buf_release(&f.schema);
	buf_release(&f.report);
	buf_release(&f.style);
}

static void every_case_has_its_result(void **state)
{
	(void)state;
	DIR *dir = opendir(CASES);
	const struct dirent *entry;
	const char *only = getenv("CASE");
	size_t count = 0;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.' || strchr(entry->d_name, '.'))
			continue;
		count++;
		if (!only || !strcmp(only, entry->d_name))
			check_case(entry->d_name);
	}
	closedir(dir);
	assert_true(count >= LEAST_CASES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_has_its_result),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
