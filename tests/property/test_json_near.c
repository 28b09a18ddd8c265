/*
 * json_parse_near() with generated documents and changes to their texts: it returns the same
 * values as json_parse(), and refuses the same texts with the same errors.
 */
#include "property/json_sample.h"

/* Insert a piece, remove some bytes, or both, at a random place; sometimes at several places. */
static void change_text(struct sample *s, struct buf *out)
{
	static const char *const pieces[] = { "", "", "1", ",", ",1", "1,", "{}", "[2]", "\"x\"",
		",\"k\":[1]", "\"k\":2,", "]", "}", "[", "{", "\"", "\\", " ", "\n", "true", "-",
		"\xc3\xa9", "\xc3", "\f" };
	size_t from = random_below(&s->random, s->text.len + 1);
	size_t most = random_once_in(&s->random, 2) ? 3 : s->text.len;
	size_t gone = random_below(&s->random, most + 1);
	const char *piece = RANDOM_OF(&s->random, pieces);
	if (gone > s->text.len - from)
		gone = s->text.len - from;
	buf_add(out, s->text.data, from);
	buf_addstr(out, piece);
	buf_add(out, s->text.data + from + gone, s->text.len - from - gone);
}

/* Remove a child, or insert one a second time, as most changes do. */
static void change_child(struct sample *s, struct buf *out)
{
	const struct json_value *root = json_root(s->doc);
	const struct json_value *value = root + random_below(&s->random, root->span);
	size_t start = value->key_end ? value->key_start : value->start;
	bool twice = random_once_in(&s->random, 2);
	buf_add(out, s->text.data, start);
	if (twice) {
		buf_addstr(out, value->key_end ? "\"another\": 5, " : "");
		buf_add(out, s->text.data + start, value->end - start);
		buf_addstr(out, ",");
		if (value->key_end)
			buf_addstr(out, "\"third\": ");
		buf_add(out, s->text.data + value->start, value->end - value->start);
	}
	size_t behind = value->end + (!twice && s->text.data[value->end] == ',');
	buf_add(out, s->text.data + behind, s->text.len - behind);
}

static bool same_value(const struct json_value *a, const struct json_value *b)
{
	return a->start == b->start && a->end == b->end && a->key_start == b->key_start &&
		a->key_end == b->key_end && a->count == b->count && a->span == b->span &&
		a->type == b->type && a->escaped == b->escaped && a->key_escaped == b->key_escaped;
}

static void near_is_as_whole(struct sample *s)
{
	struct buf text = BUF_INIT;
	struct json_doc *near = NULL, *whole = NULL;
	struct error near_err = ERROR_INIT, whole_err = ERROR_INIT;
	if (random_once_in(&s->random, 2))
		change_text(s, &text);
	else
		change_child(s, &text);
	int near_rc = json_parse_near(&near, text.data, text.len, "x", s->doc, NULL, &near_err);
	int whole_rc = json_parse(&whole, text.data, text.len, "x", NULL, &whole_err);
	const char *wrong = NULL;
	if (near_rc != whole_rc || strcmp(near_err.text, whole_err.text) != 0)
		wrong = "the answer";
	for (size_t i = 0; !wrong && !near_rc && i < json_root(whole)->span; i++)
		if (!same_value(json_root(near) + i, json_root(whole) + i))
			wrong = "a value";
	if (wrong)
		fail_msg("SEED=%llu RUNS=1: %s differs: %d %s, whole: %d %s\n%s\n-- near --\n%s",
			(unsigned long long)s->random.seed, wrong, near_rc, near_err.text, whole_rc,
			whole_err.text, text.data, s->text.data);
	json_doc_free(near);
	json_doc_free(whole);
	buf_release(&text);
}

static void a_near_parse_equals_a_full_one(void **state)
{
	(void)state;
	sample_each(4000, near_is_as_whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_near_parse_equals_a_full_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
