/* The differences between two builds, as text or as JSON. */
#include "builds/artifacts_compare.h"
#include "cli/print.h"

#include "json/write.h"
#include "artifacts/compare.h"

#include <inttypes.h>
#include <string.h>

/* ---- as JSON ---- */

static void put_side(struct json_writer *w, const char *name, const struct artifact *artifact)
{
	if (!artifact) {
		json_put_null(w, name);
		return;
	}
	json_begin_member(w, name, '{');
	json_put_string(w, "name", artifact->name);
	json_put_int(w, "size", artifact->size);
	json_put_string(w, "sha256", artifact->sha256);
	json_end(w);
}

static void put_differences(
	struct json_writer *w, const char *name, const struct difference *list, size_t count)
{
	json_begin_member(w, name, '[');
	for (size_t i = 0; i < count; i++) {
		json_begin(w, '{');
		json_put_string(w, "name", list[i].name);
		json_put_string_or_null(w, "a", list[i].a);
		json_put_string_or_null(w, "b", list[i].b);
		json_end(w);
	}
	json_end(w);
}

static void put_row(struct json_writer *w, const struct compared *row)
{
	json_begin(w, '{');
	put_side(w, "a", row->a);
	put_side(w, "b", row->b);
	json_put_bool(w, "opened", row->opened);
	put_differences(w, "fields", row->fields, row->fields_count);
	put_differences(w, "files", row->files, row->files_count);
	json_put_string_or_null(w, "problem", row->problem);
	json_end(w);
}

static void put_build(struct json_writer *w, const char *name, const struct manifest *manifest)
{
	json_begin_member(w, name, '{');
	json_put_string(w, "job", manifest->job);
	json_put_string(w, "server", manifest->server);
	json_end(w);
}

static void show_as_json(const struct comparison *comparison, const struct manifest *a,
	const struct manifest *b, size_t differing)
{
	struct json_writer w;
	show_json_begin(&w);
	put_build(&w, "a", a);
	put_build(&w, "b", b);
	json_put_int(&w, "same", (int64_t)(comparison->count - differing));
	json_begin_member(&w, "differing", '[');
	for (size_t i = 0; i < comparison->count; i++)
		if (!comparison->rows[i].same)
			put_row(&w, &comparison->rows[i]);
	show_json_end(&w, true);
}

/* ---- for people ---- */

static void show_differences(const char *what, const struct difference *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!list[i].a)
			show_line("    + %s%s: %s", what, list[i].name, list[i].b);
		else if (!list[i].b)
			show_line("    - %s%s: %s", what, list[i].name, list[i].a);
		else
			show_line("    ~ %s%s: %s -> %s", what, list[i].name, list[i].a, list[i].b);
	}
}

static void show_row(const struct compared *row, const struct manifest *a, const struct manifest *b)
{
	if (!row->b) {
		show_line("only %s: %s (%" PRId64 " bytes)", a->job, row->a->name, row->a->size);
		return;
	}
	if (!row->a) {
		show_line("only %s: %s (%" PRId64 " bytes)", b->job, row->b->name, row->b->size);
		return;
	}
	bool renamed = strcmp(row->a->name, row->b->name) != 0;
	const char *arrow = renamed ? " -> " : "", *name = renamed ? row->b->name : "";
	if (row->a->size == row->b->size)
		show_line("differs: %s%s%s (SHA-256, both %" PRId64 " bytes)", row->a->name, arrow,
			name, row->a->size);
	else
		show_line("differs: %s%s%s (%" PRId64 " -> %" PRId64 " bytes)", row->a->name, arrow,
			name, row->a->size, row->b->size);
	if (row->problem)
		show_line("    %s", row->problem);
	else if (row->opened && !row->fields_count && !row->files_count)
		show_line("    the same fields, and files of the same sizes");
	show_differences("", row->fields, row->fields_count);
	show_differences("", row->files, row->files_count);
}

int artifacts_compare(const struct invocation *inv, const struct manifest *a,
	const char *a_directory, const struct manifest *b, const char *b_directory)
{
	struct comparison comparison;
	size_t differing = 0;
	compare_builds(&comparison, a, a_directory, b, b_directory);
	for (size_t i = 0; i < comparison.count; i++)
		differing += !comparison.rows[i].same;
	if (inv->json)
		show_as_json(&comparison, a, b, differing);
	for (size_t i = 0; !inv->json && i < comparison.count; i++)
		if (!comparison.rows[i].same)
			show_row(&comparison.rows[i], a, b);
	if (!inv->json && !inv->quiet)
		show_line("%zu the same, %zu different", comparison.count - differing, differing);
	comparison_release(&comparison);
	return differing ? ANSWER_NO : ANSWER_YES;
}
