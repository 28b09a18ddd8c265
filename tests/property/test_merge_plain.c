/*
 * merge/merge.h without a schema, with generated documents and two changed copies: the sides can be
 * swapped, and a conflict is JSON again if one side is taken.
 */
#include "json/edit.h"
#include "lines/broken.h"
#include "merge/merge.h"
#include "property/json_sample.h"

/* A copy of the sample with some values replaced, added or removed. */
static void change(struct sample *s, struct buf *out)
{
	static const char *const texts[] = { "1", "\"x\"", "[]", "{\"new\": [1, {\"a\": null}]}",
		"[\n  1,\n  [2]\n]", "null" };
	static const char *const names[] = { "added", "more", "" };
	const struct json_value *root = json_root(s->doc);
	struct json_edit *edit = json_edit_new(s->doc);
	for (size_t left = random_below(&s->random, 4); left; left--) {
		const struct json_value *value = root + random_below(&s->random, root->span);
		const char *text = RANDOM_OF(&s->random, texts);
		const char *name = RANDOM_OF(&s->random, names);
		if (value->type == JSON_ARRAY && random_once_in(&s->random, 2))
			json_edit_insert(
				edit, value, random_below(&s->random, 4), text, strlen(text));
		else if (value->type == JSON_OBJECT && random_once_in(&s->random, 2))
			json_edit_set(edit, value, name, text, strlen(text));
		else if (value != root && random_once_in(&s->random, 3))
			json_edit_remove(edit, value);
		else
			json_edit_replace(edit, value, text, strlen(text));
	}
	/* Nested edits are refused: then nothing is changed. */
	if (json_edit_write(edit, out, NULL) < 0)
		buf_add(out, s->text.data, s->text.len);
	json_edit_free(edit);
}

static int merge(struct sample *s, const struct buf *ours, const struct buf *theirs,
	struct merge_result *result)
{
	struct merge_request request = { .base = { s->text.data, s->text.len },
		.ours = { ours->data, ours->len },
		.theirs = { theirs->data, theirs->len },
		.name = "x" };
	struct error err = ERROR_INIT;
	int rc = merge_documents(&request, result, &err);
	if (rc < 0)
		fail_msg("SEED=%llu RUNS=1: %s", (unsigned long long)s->random.seed, err.text);
	return rc;
}

static void insist(const struct sample *s, bool holds, const char *what, const struct buf *ours,
	const struct buf *theirs, const struct buf *result)
{
	if (holds)
		return;
	print_error("-- base\n%s\n-- ours\n%s\n-- theirs\n%s\n-- result\n%s\n", s->text.data,
		ours->data, theirs->data, result->data);
	fail_msg("SEED=%llu RUNS=1: failed: %s", (unsigned long long)s->random.seed, what);
}

static bool is_json(const struct buf *text)
{
	struct json_doc *doc;
	if (json_parse(&doc, text->data, text->len, "x", NULL, NULL) < 0)
		return false;
	json_doc_free(doc);
	return true;
}

static void check(struct sample *s)
{
	struct buf a = BUF_INIT, b = BUF_INIT, left = BUF_INIT, right = BUF_INIT, base = BUF_INIT;
	struct merge_result result = MERGE_RESULT_INIT, swapped = MERGE_RESULT_INIT;
	change(s, &a);
	change(s, &b);
	int rc = merge(s, &a, &b, &result);
	int other = merge(s, &b, &a, &swapped);
	insist(s, rc == other, "the sides can be swapped", &a, &b, &result.text);
	if (!rc) {
		insist(s, is_json(&result.text), "the result is JSON", &a, &b, &result.text);
		insist(s, !strcmp(result.text.data, swapped.text.data), "the sides can be swapped",
			&a, &b, &result.text);
	} else {
		struct merge_text text = { result.text.data, result.text.len };
		bool has_base;
		insist(s, split_at_markers(&text, &left, &base, &has_base, &right),
			"conflicts have markers", &a, &b, &result.text);
		insist(s, is_json(&left) && is_json(&right), "a conflict is JSON again", &a, &b,
			&result.text);
	}
	buf_release(&a);
	buf_release(&b);
	buf_release(&left);
	buf_release(&right);
	buf_release(&base);
	merge_result_release(&result);
	merge_result_release(&swapped);
}

static void merging_without_a_schema_is_symmetric_and_valid(void **state)
{
	(void)state;
	sample_each(200, check);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merging_without_a_schema_is_symmetric_and_valid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
