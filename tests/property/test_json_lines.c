/*
 * JSON Lines with generated texts: they have the values that the same lines have in an array, and
 * are refused exactly if a line is not JSON. A text near another one, parsed with json_parse_near(),
 * has the same values or the same error as if parsed as a whole.
 */
#include "property/random.h"
#include "unit/unit.h"

#include "json/document.h"

#include <stdlib.h>

static const struct json_limits lines = { .lines = true };

/* A line that is large enough to be walked if another text has one that begins like it. */
static void add_long_value(struct random *random, struct buf *out)
{
	buf_addf(out, "{\"id\": \"%zu\", \"n\": [1, \"%0300zu\"", random_below(random, 3),
		random_below(random, 3));
	for (size_t left = random_below(random, 5); left; left--)
		buf_addf(out, ", {\"k\":\t%zu}", random_below(random, 20));
	buf_addstr(out, "] }");
}

static void add_line(struct random *random, struct buf *out)
{
	static const char *const values[] = { "1", "-2.50", "\"x\"", "\"\\u00e9\\n\"", "{}", "[]",
		"{\"id\": \"a\", \"n\": [1, 2]}", "{ \"id\":\"b\" }", "[[], {\"k\": null}]", "true",
		"\"\xc3\xa9\"", "12345678901234567890", "", "", " " };
	static const char *const wrong[] = { "{", "}", "1,", ",1", "1 2", "]", "[", "\"", "nul",
		"{\"a\":1,\"a\":2}", "01", "\xff", "\f", "{}{}", "<<<<<<< x", "\xef\xbb\xbf" };
	static const char *const ends[] = { "\n", "\n", "\n", "\n", "\r\n", " \n", "\t\r\n" };
	buf_addstr(out, random_once_in(random, 6) ? " " : "");
	if (random_once_in(random, 4))
		add_long_value(random, out);
	else
		buf_addstr(out,
			random_once_in(random, 60) ? RANDOM_OF(random, wrong)
						   : RANDOM_OF(random, values));
	buf_addstr(out, RANDOM_OF(random, ends));
}

static void generate(struct random *random, struct buf *out)
{
	for (size_t left = random_below(random, 12); left; left--)
		add_line(random, out);
	if (out->len && random_once_in(random, 4))
		buf_truncate(out, out->len - 1);
}

/* The lines as an array, which has the same values; false if a line is not JSON. */
static bool wrap(const struct buf *text, struct buf *out)
{
	const char *at = text->data, *end = text->data + text->len;
	bool valid = true, first = true;
	buf_addch(out, '[');
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);
		struct json_doc *doc;
		bool blank = strspn(at, " \t\r") >= len;
		if (!blank && json_parse(&doc, at, len, "line", NULL, NULL) < 0)
			valid = false;
		else if (!blank)
			json_doc_free(doc);
		if (!blank && !first)
			buf_addch(out, ',');
		buf_add(out, at, len);
		first = first && blank;
		at += len + 1;
	}
	buf_addch(out, ']');
	return valid;
}

static void lines_are_an_array(struct random *random)
{
	struct buf text = BUF_INIT, array = BUF_INIT;
	struct json_doc *doc = NULL, *whole = NULL;
	struct error err = ERROR_INIT;
	generate(random, &text);
	bool valid = wrap(&text, &array);
	int rc = json_parse(&doc, text.data, text.len, "x", &lines, &err);
	if (valid != !rc)
		fail_msg("SEED=%llu RUNS=1: %s\n%s", (unsigned long long)random->seed, err.text,
			text.data);
	if (valid) {
		assert_int_equal(json_parse(&whole, array.data, array.len, "x", NULL, NULL), 0);
		if (!json_equal(doc, json_root(doc), whole, json_root(whole)))
			fail_msg("SEED=%llu RUNS=1: other values\n%s",
				(unsigned long long)random->seed, text.data);
	}
	json_doc_free(doc);
	json_doc_free(whole);
	buf_release(&text);
	buf_release(&array);
}

/* A change of some lines: some are removed or added, or bytes change anywhere, often after a comma. */
static void change(struct random *random, const struct buf *text, struct buf *out)
{
	static const char *const pieces[] = { "", "\n", "1", "{}\n", ",", "\"", "{", "\r", "\xc3" };
	size_t from = random_below(random, text->len + 1);
	const char *comma = memchr(text->data + from, ',', text->len - from);
	if (comma && random_once_in(random, 3))
		from = (size_t)(comma - text->data) + 1;
	size_t gone = random_below(random, random_once_in(random, 2) ? 3 : text->len + 1);
	if (gone > text->len - from)
		gone = text->len - from;
	buf_add(out, text->data, from);
	if (random_once_in(random, 2))
		buf_addstr(out, RANDOM_OF(random, pieces));
	else
		add_line(random, out);
	buf_add(out, text->data + from + gone, text->len - from - gone);
}

static bool same_value(const struct json_value *a, const struct json_value *b)
{
	return a->start == b->start && a->end == b->end && a->key_start == b->key_start &&
		a->key_end == b->key_end && a->count == b->count && a->span == b->span &&
		a->type == b->type && a->escaped == b->escaped && a->key_escaped == b->key_escaped;
}

static void near_is_as_whole(struct random *random)
{
	struct buf before = BUF_INIT, once = BUF_INIT, text = BUF_INIT;
	struct json_doc *like = NULL, *near = NULL, *whole = NULL;
	struct error near_err = ERROR_INIT, whole_err = ERROR_INIT;
	generate(random, &before);
	if (!json_parse(&like, before.data, before.len, "x", &lines, NULL)) {
		change(random, &before, &once);
		if (random_once_in(random, 2))
			change(random, &once, &text);
		else
			buf_add(&text, once.data, once.len);
		int near_rc =
			json_parse_near(&near, text.data, text.len, "x", like, &lines, &near_err);
		int whole_rc = json_parse(&whole, text.data, text.len, "x", &lines, &whole_err);
		bool same = near_rc == whole_rc && !strcmp(near_err.text, whole_err.text);
		for (size_t i = 0; same && !near_rc && i < json_root(whole)->span; i++)
			same = same_value(json_root(near) + i, json_root(whole) + i);
		if (!same)
			fail_msg("SEED=%llu RUNS=1: near: %d %s, whole: %d %s\n%s\n-- near --\n%s",
				(unsigned long long)random->seed, near_rc, near_err.text, whole_rc,
				whole_err.text, text.data, before.data);
	}
	json_doc_free(like);
	json_doc_free(near);
	json_doc_free(whole);
	buf_release(&before);
	buf_release(&once);
	buf_release(&text);
}

static void each_case(size_t runs, void (*check)(struct random *))
{
	uint64_t seed = random_first_seed();
	for (uint64_t left = random_setting("RUNS", runs); left; left--, seed++) {
		struct random random = random_of(seed);
		check(&random);
	}
}

static void lines_have_the_values_of_an_array(void **state)
{
	(void)state;
	each_case(6000, lines_are_an_array);
}

static void a_near_parse_of_lines_equals_a_full_one(void **state)
{
	(void)state;
	each_case(12000, near_is_as_whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_have_the_values_of_an_array),
		cmocka_unit_test(a_near_parse_of_lines_equals_a_full_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
