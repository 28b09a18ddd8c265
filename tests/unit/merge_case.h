/* One merge as a row of a table. For every row, swapping the sides does not change the result, and
 * merging the result with either side does not change it. */
#ifndef UNIT_MERGE_CASE_H
#define UNIT_MERGE_CASE_H

#include "unit/unit.h"

#include "merge/merge.h"
#include "schema/builtin.h"

#include <stdio.h>

/* Are the texts JSON Lines? */
static bool texts_are_lines;

struct merge_case {
	const char *schema; /* the name of a built-in schema, or the text of one; NULL: none */
	const char *base, *ours, *theirs; /* base NULL: none */
	const char *published;            /* NULL: none */
	const char *expected;
	const char *report; /* part of the report; "": no report; NULL: any */
};

static int publish(void *data, struct buf *out)
{
	if (!data)
		return ERR_NOT_FOUND;
	buf_addstr(out, data);
	return 0;
}

static struct merge_text text_of(const char *string)
{
	return (struct merge_text){ string, string ? strlen(string) : 0 };
}

static const struct schema *compile_for(struct schema_set *set, const char *schema)
{
	const struct schema *out;
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	if (!schema)
		return NULL;
	int rc = 0;
	if (*schema == '{') {
		buf_addstr(&text, schema);
		rc = schema_compile(set, &out, &text, "own.schema.json", NULL, &err);
	} else {
		rc = builtin_compile(set, &out, schema, &err);
	}
	if (rc < 0)
		fail_msg("%s", err.text);
	return out;
}

/* Merges; returns the result of merge_documents(). `style` may be NULL. */
static int merge_styled(const struct merge_case *row, merge_style_fn *style, const char *base,
	const char *ours, const char *theirs, struct merge_result *result)
{
	struct schema_set *set = schema_set_new();
	struct error err = ERROR_INIT;
	struct merge_request request = {
		.base = text_of(base),
		.ours = text_of(ours),
		.theirs = text_of(theirs),
		.name = texts_are_lines ? "f.jsonl" : "f.json",
		.lines = texts_are_lines,
		.schema = compile_for(set, row->schema),
		.published = publish,
		.published_data = (void *)(uintptr_t)row->published,
		.style = style,
	};
	int rc = merge_documents(&request, result, &err);
	if (rc < 0)
		fail_msg("%s", err.text);
	schema_set_free(set);
	return rc;
}

__attribute__((unused)) static int merge_row(const struct merge_case *row, const char *base,
	const char *ours, const char *theirs, struct merge_result *result)
{
	return merge_styled(row, NULL, base, ours, theirs, result);
}

static void expect_text(const char *what, size_t number, const char *base, const char *ours,
	const char *theirs, const char *got, const char *expected)
{
	if (strcmp(got, expected) != 0)
		fail_msg(
			"row %zu, %s\nbase:   %s\nours:   %s\ntheirs: %s\ngot:    %s\nexpected: %s",
			number, what, base ? base : "-", ours, theirs, got, expected);
}

static void expect_merge(const struct merge_case *row, size_t number, const char *what,
	const char *base, const char *ours, const char *theirs, const char *report)
{
	struct merge_result result = MERGE_RESULT_INIT;
	int rc = merge_row(row, base, ours, theirs, &result);
	expect_text(what, number, base, ours, theirs, result.text.data, row->expected);
	assert_int_equal(rc, 0);
	if (report && (*report ? !strstr(result.report.data, report) : result.report.len > 0))
		fail_msg("row %zu, %s\nreport:   %s\nexpected: %s", number, what,
			result.report.data, report);
	merge_result_release(&result);
}

__attribute__((unused)) static void expect_merges(const struct merge_case *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct merge_case *row = &rows[i];
		expect_merge(row, i, "as given", row->base, row->ours, row->theirs, row->report);
		expect_merge(
			row, i, "sides swapped", row->base, row->theirs, row->ours, row->report);
		expect_merge(row, i, "merged already", row->ours, row->ours, row->expected, NULL);
		expect_merge(
			row, i, "merged already", row->theirs, row->expected, row->theirs, NULL);
	}
}
#define EXPECT_MERGES(rows) expect_merges((rows), sizeof(rows) / sizeof(*(rows)))

#endif
