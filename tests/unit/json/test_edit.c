/* json/edit.h and json/write.h: which bytes an edit changes, and that it keeps all others. */
#include "unit/unit.h"

#include "json/edit.h"
#include "json/number.h"
#include "json/write.h"

#include <stdlib.h>

struct edit_case {
	const char *before;
	const char *what; /* "set POINTER NAME", "remove POINTER", "append POINTER", "insert POINTER
			     N" */
	const char *json;
	const char *after;
};

static void make(
	struct json_edit *edit, const struct json_doc *doc, const char *what, const char *json)
{
	char verb[16], pointer[64] = "", name[64] = "";
	const char *space = strchr(what, ' ');
	memcpy(verb, what, (size_t)(space - what));
	verb[space - what] = '\0';
	const char *second = strchr(space + 1, ' ');
	size_t len = second ? (size_t)(second - space - 1) : strlen(space + 1);
	memcpy(pointer, space + 1, len);
	pointer[len] = '\0';
	if (second)
		memcpy(name, second + 1, strlen(second + 1) + 1);
	const struct json_value *value = json_at(doc, pointer);
	assert_non_null(value);
	if (!strcmp(verb, "set"))
		json_edit_set(edit, value, name, json, strlen(json));
	else if (!strcmp(verb, "replace"))
		json_edit_replace(edit, value, json, strlen(json));
	else if (!strcmp(verb, "remove"))
		json_edit_remove(edit, value);
	else if (!strcmp(verb, "append"))
		json_edit_append(edit, value, json, strlen(json));
	else
		json_edit_insert(edit, value, strtoul(name, NULL, 10), json, strlen(json));
}

static void edits_change_only_what_they_name(void **state)
{
	(void)state;
	static const struct edit_case cases[] = {
		{ "{\n  \"a\": 1.00,\n  \"b\": 2\n}\n", "set  b", "3",
			"{\n  \"a\": 1.00,\n  \"b\": 3\n}\n" },
		{ "{\n  \"a\": 1.00\n}\n", "set  a", "1", "{\n  \"a\": 1.00\n}\n" },
		{ "{\n  \"a\": 1\n}\n", "set  c", "{\"x\":[]}",
			"{\n  \"a\": 1,\n  \"c\": {\n    \"x\": []\n  }\n}\n" },
		{ "{\r\n\t\"a\": []\r\n}", "append /a", "\"x\"",
			"{\r\n\t\"a\": [\r\n\t\t\"x\"\r\n\t]\r\n}" },
		{ "{\"a\":[1,2]}", "append /a", "{\"b\": 3}", "{\"a\":[1,2,{\"b\":3}]}" },
		{ "{\"a\": [1]}", "append /a", "2", "{\"a\": [1, 2]}" },
		{ "{\n    \"p\": [\"x\", \"y\"]\n}", "append /p", "\"z\"",
			"{\n    \"p\": [\"x\", \"y\", \"z\"]\n}" },
		{ "[\n  {\"id\": 1},\n  {\"id\": 2}\n]\n", "append ", "{\"id\":3}",
			"[\n  {\"id\": 1},\n  {\"id\": 2},\n  {\"id\": 3}\n]\n" },
		{ "[\n  {\n    \"id\": 1\n  }\n]\n", "append ", "{\"id\":3}",
			"[\n  {\n    \"id\": 1\n  },\n  {\n    \"id\": 3\n  }\n]\n" },
		{ "{\n  \"a\" : 1\n}", "set  b", "2", "{\n  \"a\" : 1,\n  \"b\" : 2\n}" },
		{ "{\n \"a\": [1,\n       2]\n}", "append /a", "3",
			"{\n \"a\": [1,\n       2,\n       3]\n}" },
		{ "[\n\t1,\n\t2\n]", "insert  0", "{\n  \"a\": [\n    1\n  ]\n}",
			"[\n\t{\n\t\t\"a\": [\n\t\t\t1\n\t\t]\n\t},\n\t1,\n\t2\n]" },
		{ "[\n  1,\n  2,\n  3\n]", "remove /0", NULL, "[\n  2,\n  3\n]" },
		{ "[\n  1,\n  2,\n  3\n]", "remove /1", NULL, "[\n  1,\n  3\n]" },
		{ "[\n  1,\n  2,\n  3\n]", "remove /2", NULL, "[\n  1,\n  2\n]" },
		{ "{\"a\": [ 7 ] }", "remove /a/0", NULL, "{\"a\": [] }" },
		{ "{ \"a\": 1, \"b\": 2 }", "remove /a", NULL, "{ \"b\": 2 }" },
		{ "{}", "set  a", "1", "{\n  \"a\": 1\n}" },
		{ " {} \n", "replace ", "[1,2]", " [\n   1,\n   2\n ] \n" },
		{ "{\"q\\\"\":1}", "set  q\"", "null", "{\"q\\\"\":null}" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct json_doc *doc;
		struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;
		assert_int_equal(
			json_parse(&doc, cases[i].before, strlen(cases[i].before), "x", NULL, &err),
			0);
		struct json_edit *edit = json_edit_new(doc);
		make(edit, doc, cases[i].what, cases[i].json);
		if (json_edit_write(edit, &out, &err) < 0)
			fail_msg("case %zu: %s", i, err.text);
		if (strcmp(out.data, cases[i].after))
			fail_msg("case %zu (%s)\ngot:  %s\nwant: %s", i, cases[i].what, out.data,
				cases[i].after);
		json_edit_free(edit);
		json_doc_free(doc);
		buf_release(&out);
	}
}

static void edits_of_one_container_are_combined(void **state)
{
	(void)state;
	static const char text[] = "{\n  \"list\": [\n    1,\n    2\n  ],\n  \"x\": {}\n}\n";
	struct json_doc *doc;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	assert_int_equal(json_parse(&doc, text, strlen(text), "x", NULL, &err), 0);
	struct json_edit *edit = json_edit_new(doc);
	make(edit, doc, "append /list", "3");
	make(edit, doc, "remove /list/0", NULL);
	make(edit, doc, "append /list", "4");
	make(edit, doc, "insert /list 0", "0");
	make(edit, doc, "set /x new", "1");
	make(edit, doc, "set /x new", "2");
	make(edit, doc, "set  y", "true");
	assert_int_equal(json_edit_write(edit, &out, &err), 0);
	assert_string_equal(out.data,
		"{\n  \"list\": [\n    0,\n    2,\n    3,\n    4\n  ],\n"
		"  \"x\": {\n    \"new\": 2\n  },\n  \"y\": true\n}\n");
	json_edit_free(edit);
	json_doc_free(doc);
	buf_release(&out);
}

static void the_last_edit_of_a_value_wins(void **state)
{
	(void)state;
	static const char text[] = "{\"a\": 1.0, \"b\": 2, \"c\": 3}";
	struct json_doc *doc;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	assert_int_equal(json_parse(&doc, text, strlen(text), "x", NULL, &err), 0);
	struct json_edit *edit = json_edit_new(doc);
	make(edit, doc, "set  a", "5");
	make(edit, doc, "set  a", "1"); /* the same value, with another notation */
	make(edit, doc, "remove /b", NULL);
	make(edit, doc, "set  b", "7");
	make(edit, doc, "replace /c", "4");
	make(edit, doc, "remove /c", NULL);
	assert_int_equal(json_edit_write(edit, &out, &err), 0);
	assert_string_equal(out.data, "{\"a\": 1.0, \"b\": 7}");
	json_edit_free(edit);
	json_doc_free(doc);
	buf_release(&out);
}

/* Make two edits (the second may be NULL) that cannot be written. */
static void assert_refused(
	const char *text, const char *first, const char *second, int code, const char *says)
{
	struct json_doc *doc;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	buf_addstr(&out, "kept");
	assert_int_equal(json_parse(&doc, text, strlen(text), "x", NULL, &err), 0);
	struct json_edit *edit = json_edit_new(doc);
	make(edit, doc, first, code == ERR_INVALID ? "{broken" : "2");
	if (second)
		make(edit, doc, second, "2");
	assert_int_equal(json_edit_write(edit, &out, &err), code);
	assert_non_null(strstr(err.text, says));
	assert_string_equal(out.data, "kept");
	json_edit_free(edit);
	json_doc_free(doc);
	buf_release(&out);
}

static void invalid_edits_are_refused(void **state)
{
	(void)state;
	static const char text[] = "{\"a\":{\"b\":[1]},\"c\":1}";
	static const char inside[] = "inside a value that another edit replaces or removes";
	static const char kinds[] =
		"a member can only be added to an object, an element to an array";
	assert_refused(
		text, "set  a", NULL, ERR_INVALID, "new value:1:2: broken is not a member name");
	assert_refused(text, "remove /a", "set /a b", ERR_FAILED, inside);
	assert_refused(text, "remove /a", "set /a new", ERR_FAILED, inside);
	assert_refused(text, "append /a/b", "replace /a/b", ERR_FAILED, inside);
	assert_refused(text, "append /a/b", "replace /a", ERR_FAILED, inside);
	assert_refused(text, "remove ", NULL, ERR_FAILED, "the document itself cannot be removed");
	assert_refused(text, "append /a", NULL, ERR_FAILED, kinds);
	assert_refused(text, "append /c", NULL, ERR_FAILED, kinds);
	assert_refused(text, "set /a/b x", NULL, ERR_FAILED, kinds);
}

static void numbers_compare_by_value(void **state)
{
	(void)state;
	static const char *const rising[] = { "-1e999999999", "-12345678901234567891",
		"-12345678901234567890", "-1.5", "-1", "-0.1", "0", "1e-999999999", "0.001", "0.01",
		"0.1", "0.11", "1", "1.0000000001", "9", "10", "99.99", "100",
		"12345678901234567890", "12345678901234567891", "1e400", "1e999999999" };
	size_t count = sizeof(rising) / sizeof(*rising);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			int want = i < j ? -1 : i > j;
			int got = json_number_compare(
				rising[i], strlen(rising[i]), rising[j], strlen(rising[j]));
			if (got != want)
				fail_msg("%s against %s: %d", rising[i], rising[j], got);
		}
	static const char *const same[] = { "100", "100.00", "1e2", "10.0E+1", "1000e-1", "0.1e3" };
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(json_number_compare(same[0], 3, same[i], strlen(same[i])), 0);
		assert_true(
			json_number_hash(same[0], 3) == json_number_hash(same[i], strlen(same[i])));
		assert_true(json_number_is_integer(same[i], strlen(same[i])));
	}
	assert_int_equal(json_number_compare("-0.0", 4, "0e5", 3), 0);
	assert_false(json_number_is_integer("1.5", 3));
	assert_false(json_number_is_integer("1e-1", 4));
	int64_t number;
	assert_true(
		json_number_to_int64("-9223372036854775808", 20, &number) && number == INT64_MIN);
	assert_false(json_number_to_int64("9223372036854775808", 19, &number));
	assert_true(
		json_number_to_int64("9223372036854775807", 19, &number) && number == INT64_MAX);
	assert_true(json_number_to_int64("1.5e1", 5, &number) && number == 15);
	assert_false(json_number_to_int64("1e19", 4, &number));
}

static void multiples_are_exact(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool multiple;
	} cases[] = {
		{ "10", "2", true },
		{ "7", "2", false },
		{ "4.5", "1.5", true },
		{ "35", "1.5", false },
		{ "0.0075", "0.0001", true },
		{ "0.00751", "0.0001", false },
		{ "0", "3", true },
		{ "1e308", "0.123456789", false },
		{ "1e308", "0.5", true },
		{ "1e999999999", "2", true },
		{ "1e999999999", "3", false },
		{ "12391239123", "1e-8", true },
		{ "-6", "3", true },
		{ "9007199254740993", "3", true },
		{ "9007199254740994", "3", false },
		{ "1e-9", "1", false },
		{ "300", "1e2", true },
		{ "350", "1e2", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (json_number_is_multiple(cases[i].a, strlen(cases[i].a), cases[i].b,
			    strlen(cases[i].b)) != cases[i].multiple)
			fail_msg("%s of %s", cases[i].a, cases[i].b);
}

static void the_writer_quotes_and_indents(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&out);
	json_begin(&w, '{');
	json_put_string(&w, "te\"xt", "a\n\x01\x7f\xff\xc3\xa9");
	json_begin_member(&w, "list", '[');
	json_put_int(&w, NULL, -5);
	json_put_double(&w, NULL, 45.25, 1);
	json_begin(&w, '{');
	json_end(&w);
	json_end(&w);
	json_put_string_or_null(&w, "none", NULL);
	json_put_bool(&w, "yes", true);
	json_end(&w);
	assert_string_equal(out.data,
		"{\n  \"te\\\"xt\": \"a\\n\\u0001\\u007f\xef\xbf\xbd\xc3\xa9\",\n"
		"  \"list\": [\n    -5,\n    45.2,\n    {}\n  ],\n"
		"  \"none\": null,\n  \"yes\": true\n}");
	buf_reset(&out);
	struct json_writer line = { .out = &out, .compact = true };
	json_begin(&line, '[');
	json_put_int(&line, NULL, 1);
	json_put_null(&line, NULL);
	json_end(&line);
	assert_string_equal(out.data, "[1,null]");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edits_change_only_what_they_name),
		cmocka_unit_test(edits_of_one_container_are_combined),
		cmocka_unit_test(the_last_edit_of_a_value_wins),
		cmocka_unit_test(invalid_edits_are_refused),
		cmocka_unit_test(numbers_compare_by_value),
		cmocka_unit_test(multiples_are_exact),
		cmocka_unit_test(the_writer_quotes_and_indents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
