/*
 * json_parse_near() with generated documents and changes to their texts: it returns the same
 * values as json_parse(), and refuses the same texts with the same errors.
 */
#include "property/json_sample.h"

/* Another document: the sample several times, between strings that make its containers large. */
static struct json_doc *enlarge(struct sample *s, struct buf *text)
{
	struct json_doc *doc;
	bool object = random_once_in(&s->random, 2);
	buf_addch(text, object ? '{' : '[');
	for (size_t i = 0, count = random_below(&s->random, 30); i <= count; i++) {
		if (i)
			buf_addstr(text, random_once_in(&s->random, 8) ? ",\n\t" : ", ");
		if (object)
			buf_addf(text, "\"%zu\": ", i);
		if (random_once_in(&s->random, 2))
			buf_add(text, s->text.data, s->text.len);
		else
			buf_addf(
				text, "[\"%0*zu\", %zu]", (int)random_below(&s->random, 400), i, i);
	}
	buf_addch(text, object ? '}' : ']');
	assert_int_equal(json_parse(&doc, text->data, text->len, "x", NULL, NULL), 0);
	return doc;
}

/* Insert a piece, remove some bytes, or both, at a random place after `*at`, which moves on. */
static void change_bytes(
	struct random *random, const char *text, size_t len, size_t *at, struct buf *out)
{
	static const char *const pieces[] = { "", "", "1", ",", ",1", "1,", "{}", "[2]", "\"x\"",
		",\"k\":[1]", "\"k\":2,", "]", "}", "[", "{", "\"", "\\", " ", "\n", "true", "-",
		"\xc3\xa9", "\xc3", "\f" };
	size_t from = *at + random_below(random, len - *at + 1);
	size_t most = random_once_in(random, 2) ? 3 : len;
	size_t gone = random_below(random, most + 1);
	if (gone > len - from)
		gone = len - from;
	buf_add(out, text + *at, from - *at);
	buf_addstr(out, RANDOM_OF(random, pieces));
	*at = from + gone;
}

/* Remove the child of bytes [start, value->end), replace it, or insert it a second time, as most changes do. */
static void change_child(struct random *random, const char *text, const struct json_value *value,
	size_t *at, struct buf *out)
{
	size_t start = value->key_end ? value->key_start : value->start;
	size_t how = random_below(random, 3);
	bool first = random_once_in(random, 2);
	buf_add(out, text + *at, start - *at);
	*at = value->end;
	if (how == 0) { /* with the comma after it, or without */
		*at += first && text[*at] == ',';
	} else if (how == 1) {
		buf_addstr(out, value->key_end ? "\"new\": " : "");
		buf_addf(out, "%zu", random_below(random, 100));
	} else {
		if (first)
			buf_addf(out, "%s%zu, ", value->key_end ? "\"another\": " : "",
				random_below(random, 100));
		buf_add(out, text + start, value->end - start);
		buf_addstr(out, value->key_end ? ", \"third\": " : ", ");
		buf_add(out, text + value->start, value->end - value->start);
	}
}

/* Copies the text of `doc` to `out`, changed at `left` places at most. */
static void change_text(
	struct random *random, const struct json_doc *doc, size_t left, struct buf *out)
{
	size_t len, at = 0;
	const char *text = json_text(doc, &len);
	const struct json_value *root = json_root(doc), *value = root;
	if (random_once_in(random, 3)) {
		change_bytes(random, text, len, &at, out);
		left--;
	}
	for (; left; left--) {
		size_t rest = (size_t)(root + root->span - value);
		value += random_below(random, rest);
		while (value < root + root->span &&
			(value->key_end ? value->key_start : value->start) < at)
			value++;
		if (value == root + root->span)
			break;
		change_child(random, text, value, &at, out);
		value++;
		if (value == root + root->span)
			break;
	}
	buf_add(out, text + at, len - at);
}

static bool same_value(const struct json_value *a, const struct json_value *b)
{
	return a->start == b->start && a->end == b->end && a->key_start == b->key_start &&
		a->key_end == b->key_end && a->count == b->count && a->span == b->span &&
		a->type == b->type && a->escaped == b->escaped && a->key_escaped == b->key_escaped;
}

static void near_is_as_whole(struct sample *s)
{
	struct buf text = BUF_INIT, large = BUF_INIT;
	struct json_doc *enlarged = random_once_in(&s->random, 2) ? enlarge(s, &large) : NULL;
	const struct json_doc *like = enlarged ? enlarged : s->doc;
	struct json_doc *near = NULL, *whole = NULL;
	struct error near_err = ERROR_INIT, whole_err = ERROR_INIT;
	change_text(&s->random, like, 1 + random_below(&s->random, 4), &text);
	int near_rc = json_parse_near(&near, text.data, text.len, "x", like, NULL, &near_err);
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
			whole_err.text, text.data, json_text(like, &(size_t){ 0 }));
	json_doc_free(near);
	json_doc_free(whole);
	json_doc_free(enlarged);
	buf_release(&text);
	buf_release(&large);
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
