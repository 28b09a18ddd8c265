/* json/document.h: which texts are JSON, the location of errors, and navigation in a document. */
#include "unit/unit.h"

#include "json/document.h"

#include <stdio.h>
#include <stdlib.h>

/* RFC 8259, section by section. */
static void valid_texts_are_accepted(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum json_type type;
	} cases[] = {
		/* 2: any value at the top level, and the four whitespace characters around every
		 * token */
		{ "null", JSON_NULL },
		{ " true ", JSON_TRUE },
		{ "false\n", JSON_FALSE },
		{ "7", JSON_NUMBER },
		{ "\"\"", JSON_STRING },
		{ "[]", JSON_ARRAY },
		{ "{}", JSON_OBJECT },
		{ "\t\r\n [\t\r\n 1\t\r\n ,\t\r\n 2\t\r\n ]\t\r\n ", JSON_ARRAY },
		{ "\t\r\n {\t\r\n \"a\"\t\r\n :\t\r\n 1\t\r\n }\t\r\n ", JSON_OBJECT },
		/* 4: names are any strings, and differ in case and in normalization */
		{ "{\"\":1}", JSON_OBJECT },
		{ "{\"a\":1,\"A\":2}", JSON_OBJECT },
		{ "{\"\xc3\xa9\":1,\"e\xcc\x81\":2}", JSON_OBJECT },
		{ "{\"a\\u0000b\":1,\"a\":2}", JSON_OBJECT },
		{ "{\"a\":{\"a\":{\"a\":[]}}}", JSON_OBJECT },
		/* 5: elements of different types */
		{ "[ ]", JSON_ARRAY },
		{ "[null,true,0,\"\",[],{}]", JSON_ARRAY },
		{ "[[[[[[]]]]]]", JSON_ARRAY },
		/* 6: numbers */
		{ "0", JSON_NUMBER },
		{ "-0", JSON_NUMBER },
		{ "-1", JSON_NUMBER },
		{ "0.0", JSON_NUMBER },
		{ "-0.10", JSON_NUMBER },
		{ "10.01", JSON_NUMBER },
		{ "0e0", JSON_NUMBER },
		{ "1e5", JSON_NUMBER },
		{ "1E+05", JSON_NUMBER },
		{ "-12.50E-3", JSON_NUMBER },
		{ "123456789012345678901234567890", JSON_NUMBER },
		{ "1e999999999", JSON_NUMBER },
		/* 7: strings */
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", JSON_STRING },
		{ "\"\\u0000\\u001f\\uABCD\\uabcd\\uFFFF\"", JSON_STRING },
		{ "\"\\ud83d\\ude00 \\uD800\\uDC00 \\uDBFF\\uDFFF\"", JSON_STRING },
		{ "\"\\\\u12\"", JSON_STRING },
		{ "\"\x20\x7f // # '\"", JSON_STRING },
		/* 8: the first and the last character of each length in UTF-8 */
		{ "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"",
			JSON_STRING },
		{ "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"", JSON_STRING },
		{ "\"\xef\xbb\xbf\"", JSON_STRING },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct json_doc *doc;
		struct error err = ERROR_INIT;
		if (json_parse(&doc, cases[i].text, strlen(cases[i].text), "x", NULL, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_int_equal(json_root(doc)->type, cases[i].type);
		json_doc_free(doc);
	}
}

static void invalid_texts_are_refused_with_a_location(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "x:1:1: the file is empty" },
		{ " \n ", "x:1:1: the file is empty" },
		{ "\xef\xbb\xbf{}", "x:1:1: starts with a byte-order mark" },
		{ "[1,\n \xff]", "x:2:2: byte 0xff is not valid UTF-8" },
		{ "[\"\xed\xa0\x80\"]", "x:1:3: byte 0xed is not valid UTF-8" },
		{ "[\"\xc0\xaf\"]", "x:1:3: byte 0xc0 is not valid UTF-8" },
		{ "[\"\xe0\x9f\xbf\"]", "x:1:3: byte 0xe0 is not valid UTF-8" },
		{ "[\"\xf4\x90\x80\x80\"]", "x:1:3: byte 0xf4 is not valid UTF-8" },
		{ "[\"\xc3\"]", "x:1:3: byte 0xc3 is not valid UTF-8" },
		{ "[\"\xc3\xa9\x80\"]", "x:1:4: byte 0x80 is not valid UTF-8" },
		{ "\xff\xfe[", "x:1:1: byte 0xff is not valid UTF-8" },
		{ "[1\f]", "x:1:3: character U+000C is not whitespace in JSON" },
		{ "\v[1]", "x:1:1: character U+000B is not whitespace in JSON" },
		{ "[1]\xc2\xa0", "x:1:4: character U+00A0 follows the end" },
		{ "{\"a\":1}\n{\"b\":2}", "x:2:1: { follows the end" },
		{ "1 2", "x:1:3: 2 follows the end" },
		{ "{} x", "x:1:4: x follows the end" },
		{ "{}\n \"x", "x:2:2: \"x follows the end" },
		{ "0\"", "x:1:2: \" follows the end" },
		{ "[] ,", "x:1:4: , follows the end" },
		{ "{\"a\":1,\n \"b\":2,\n \"a\":3}", "x:3:2: \"a\" is a duplicate member name" },
		{ "{\"a\":1,\"\\u0061\":2}", "x:1:8: \"\\u0061\" is a duplicate member name" },
		{ "[\"\\ud800\"]", "x:1:3: \\ud800 is half of a surrogate pair" },
		{ "[\"\\ud800\\u0041\"]", "is half of a surrogate pair" },
		{ "[\"ok\\udc00\"]", "x:1:5: \\udc00 is half of a surrogate pair" },
		{ "[\"\\ude00\\ud83d\"]", "x:1:3: \\ude00 is half" },
		{ "{\"\\ud800\":1}", "x:1:3: \\ud800 is half" },
		{ "{\n<<<<<<< HEAD\n\"a\":1\n", "x:2:1: conflict marker" },
		{ "{\"a\":1,\n=======\n\"b\":2}", "x:2:1: conflict marker" },
		{ "{\"a\":1\n>>>>>>> theirs\n}", "x:2:1: conflict marker" },
		{ "{\"a\":1,\n||||||| base\n\"b\":2}", "x:2:1: conflict marker" },
		{ "<<<<<<< HEAD\n{}", "x:1:1: conflict marker" },
		{ "{}\n>>>>>>> theirs\n", "x:2:1: conflict marker" },
		{ "[\n <<<<<<< HEAD", "x:2:2: < is not a JSON value" },
		{ "[\n<<<<<<", "x:2:1: < is not a JSON value" },
		{ "{\"at\": 2025-10-29T15:39:13Z}",
			"x:1:8: 2025-10-29T15:39:13Z is not a valid number" },
		{ "{\n  \"subject\": Re: hello,\n}", "x:2:14: Re is not a JSON value" },
		{ "[1,2,]", "x:1:6: ] follows a comma" },
		{ "{\"a\":1,}", "x:1:8: } follows a comma" },
		{ "[1,,2]", "x:1:4: , is unexpected here" },
		{ "[,1]", "x:1:2: , is unexpected here" },
		{ "{,}", "x:1:2: , is unexpected here" },
		{ "{\"a\":1,,}", "x:1:8: , is unexpected here" },
		{ ",", "x:1:1: , is not a JSON value" },
		{ "{'a':1}", "x:1:2: JSON strings need double quotes" },
		{ "['a']", "x:1:2: JSON strings need double quotes" },
		{ "[\xe2\x80\x9chi\xe2\x80\x9d]", "x:1:2: JSON strings need" },
		{ "[1 // one\n]", "x:1:4: JSON has no comments" },
		{ "/* one */ 1", "x:1:1: JSON has no comments" },
		{ "# one\n1", "x:1:1: JSON has no comments" },
		{ "{\"a\" 1}", "x:1:6: 1 is unexpected here; expected a colon" },
		{ "{\"a\"}", "x:1:5: } is unexpected here; expected a colon" },
		{ "{\"a\",1}", "x:1:5: , is unexpected here; expected a colon" },
		{ "{\"a\":1 \"b\":2}", "x:1:8: \"b\" is unexpected here; expected a comma or }" },
		{ "{\"a\":1:2}", "x:1:7: : is unexpected here; expected a comma or }" },
		{ "{\"a\":1]", "x:1:7: ] is unexpected here; expected a comma or }" },
		{ "[1}", "x:1:3: } is unexpected here; expected a comma or ]" },
		{ "[1 2]", "x:1:4: 2 is unexpected here; expected a comma or ]" },
		{ "[\"a\":1]", "x:1:5: : is unexpected here; expected a comma or ]" },
		{ "{a:1}", "x:1:2: a is not a member name" },
		{ "{1:1}", "is not a member name" },
		{ "{null:1}", "x:1:2: null is not a member name" },
		{ "{[]:1}", "x:1:2: [ is not a member name" },
		{ "{\"a\":}", "x:1:6: } is not a JSON value" },
		{ "]", "x:1:1: ] is not a JSON value" },
		{ "1]", "x:1:2: ] follows the end" },
		{ "[01]", "x:1:2: 01 is not a valid number; numbers have no leading zeros" },
		{ "[12abc]", "x:1:2: 12abc is not a valid number" },
		{ "-01", "x:1:1: -01 is not a valid number; numbers have no leading zeros" },
		{ "[.5]", "x:1:2: .5 is not a valid number" },
		{ "[1.]", "x:1:2: 1. is not a valid number" },
		{ "[+1]", "x:1:2: +1 is not a valid number" },
		{ "[1.e5]", "x:1:2: 1.e5 is not a valid number" },
		{ "[1e]", "x:1:2: 1e is not a valid number" },
		{ "[1e+]", "x:1:2: 1e+ is not a valid number" },
		{ "[1e1.5]", "x:1:2: 1e1.5 is not a valid number" },
		{ "[--1]", "x:1:2: --1 is not a valid number" },
		{ "[0x10]", "x:1:2: 0x10 is not a valid number" },
		{ "[1_000]", "x:1:2: 1_000 is not a valid number" },
		{ "[00]", "x:1:2: 00 is not a valid number; numbers have no leading zeros" },
		{ "[NaN]", "x:1:2: NaN is not a number in JSON" },
		{ "[-Infinity]", "x:1:2: -Infinity is not a number in JSON" },
		{ "[tru]", "x:1:2: tru is not a JSON value" },
		{ "[True]", "x:1:2: True is not a JSON value; true, false and null are lower" },
		{ "[nullx]", "x:1:2: nullx is not a JSON value" },
		{ "[truefalse]", "x:1:2: truefalse is not a JSON value" },
		{ "[-]", "x:1:2: - is not a valid number" },
		{ "\"a\nb\"", "x:1:1: this string has no closing quote on its line" },
		{ "[\"a\tb\"]", "x:1:4: character U+0009 must be written as an escape" },
		{ "[\"\x1f\"]", "x:1:3: character U+001F must be written as an escape" },
		{ "{\"\n\":1}", "x:1:2: this string has no closing quote on its line" },
		{ "[\x01]", "x:1:2: character U+0001 is not a JSON value" },
		{ "[\"a\\qb\"]", "x:1:4: \\q is not an escape in JSON" },
		{ "[\"a\\Nb\"]", "x:1:4: \\N is not an escape in JSON" },
		{ "[\"\\x41\"]", "x:1:3: \\x is not an escape in JSON" },
		{ "[\"\\u12g4\"]", "x:1:3: \\u12g4 is not an escape in JSON" },
		{ "{\"\\u12\":1}", "x:1:3: \\u12\": is not an escape in JSON" },
		{ "[\"abc\\", "x:1:2: the file ends inside this string" },
		{ "[\"abc", "x:1:2: the file ends inside this string" },
		{ "{\"a\": [1,\n2",
			"x:2:2: the file ends inside the array that was opened at line 1, column "
			"7; ]" },
		{ "{\"a\":",
			"the file ends inside the object that was opened at line 1, column 1; }" },
		{ "nul", "x:1:1: nul is not a JSON value" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct json_doc *doc;
		struct error err = ERROR_INIT;
		if (!json_parse(&doc, cases[i].text, strlen(cases[i].text), "x", NULL, &err))
			fail_msg("taken: %s", cases[i].text);
		assert_int_equal(err.code, ERR_INVALID);
		if (!strstr(err.text, cases[i].says))
			fail_msg("%s\n  error:    %s\n  expected: %s", cases[i].text, err.text,
				cases[i].says);
	}
}

static void a_nul_byte_is_refused(void **state)
{
	(void)state;
	struct json_doc *doc;
	struct error err = ERROR_INIT;
	assert_int_equal(json_parse(&doc, "[1\0]", 4, "x", NULL, &err), ERR_INVALID);
	assert_int_equal(json_parse(&doc, "[1]\0", 4, "x", NULL, &err), ERR_INVALID);
	assert_int_equal(json_parse(&doc, "[\"\0\"]", 5, "x", NULL, &err), ERR_INVALID);
}

static void depth_and_size_have_limits(void **state)
{
	(void)state;
	char text[2 * 300];
	struct json_doc *doc;
	struct error err = ERROR_INIT;
	for (size_t depth = 255; depth <= 257; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		int rc = json_parse(&doc, text, 2 * depth, "x", NULL, &err);
		assert_int_equal(rc, depth > 256 ? ERR_INVALID : 0);
		if (!rc)
			json_doc_free(doc);
	}
	assert_non_null(strstr(err.text, "x:1:257: [ is nested too deeply"));
	struct json_limits limits = { .size = 3, .depth = 1 };
	assert_int_equal(json_parse(&doc, "[1]\n", 4, "x", &limits, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "limit is 3 bytes"));
	assert_int_equal(json_parse(&doc, "[[", 2, "x", &limits, &err), ERR_INVALID);
}

static void duplicates_in_large_objects_are_found(void **state)
{
	(void)state;
	struct buf text = BUF_INIT;
	buf_addch(&text, '{');
	for (int i = 0; i < 50000; i++)
		buf_addf(&text, "\"k%d\":%d,\n", i, i);
	size_t plain = text.len;
	buf_addstr(&text, "\"last\":0}");
	struct json_doc *doc;
	struct error err = ERROR_INIT;
	assert_int_equal(json_parse(&doc, text.data, text.len, "x", NULL, &err), 0);
	int64_t number = 0;
	assert_true(json_int64(doc, json_member(doc, json_root(doc), "k49999"), &number));
	assert_int_equal(number, 49999);
	json_doc_free(doc);
	buf_truncate(&text, plain);
	buf_addstr(&text, "\"\\u006b17\":0}");
	assert_int_equal(json_parse(&doc, text.data, text.len, "x", NULL, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "x:50001:1: "));
	buf_release(&text);
}

static const char sample[] = "{\n"
			     "  \"jobs\": [\n"
			     "    {\"id\": \"job_1\", \"a/b~c\": 100.00, \"n\": null},\n"
			     "    {\"id\": \"j\\u00f6b\", \"deep\": [[1, [2]], 3]}\n"
			     "  ],\n"
			     "  \"big\": 12345678901234567890\n"
			     "}\n";

static void pointers_can_be_resolved_and_created(void **state)
{
	(void)state;
	struct json_doc *doc;
	struct error err = ERROR_INIT;
	assert_int_equal(json_parse(&doc, sample, strlen(sample), "x", NULL, &err), 0);
	static const char *const pointers[] = { "", "/jobs", "/jobs/0", "/jobs/0/a~1b~0c",
		"/jobs/1/id", "/jobs/1/deep/0/1/0", "/big" };
	for (size_t i = 0; i < sizeof(pointers) / sizeof(*pointers); i++) {
		struct buf back = BUF_INIT;
		const struct json_value *value = json_at(doc, pointers[i]);
		assert_non_null(value);
		json_pointer_of(doc, value, &back);
		assert_string_equal(back.data, pointers[i]);
		buf_release(&back);
	}
	static const char *const none[] = { "jobs", "/", "/jobs/2", "/jobs/00", "/jobs/-",
		"/jobs/0/a~2b", "/big/0", "/jobs/99999999999999999999" };
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_null(json_at(doc, none[i]));

	size_t len;
	const char *raw = json_raw(doc, json_at(doc, "/jobs/0/a~1b~0c"), &len);
	assert_int_equal(len, 6);
	assert_memory_equal(raw, "100.00", 6);
	assert_true(json_string_is(doc, json_at(doc, "/jobs/1/id"),
		"j\xc3\xb6"
		"b"));
	struct json_position where = json_position(doc, json_at(doc, "/jobs/1/deep")->start);
	assert_int_equal(where.line, 4);
	assert_int_equal(where.column, 32);
	json_doc_free(doc);
}

static void equality_is_by_value(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool equal;
	} cases[] = {
		{ "1.0", "1", true },
		{ "{\"a\":1,\"b\":[2]}", "{ \"b\": [2.0], \"\\u0061\": 1e0 }", true },
		{ "\"\\u00e9\"", "\"\xc3\xa9\"", true },
		{ "[1,2]", "[2,1]", false },
		{ "{\"a\":1}", "{\"a\":1,\"b\":1}", false },
		{ "{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false },
		{ "true", "1", false },
		{ "null", "false", false },
		{ "100000000000000000001", "100000000000000000000", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct json_doc *a, *b;
		assert_int_equal(
			json_parse(&a, cases[i].a, strlen(cases[i].a), "a", NULL, NULL), 0);
		assert_int_equal(
			json_parse(&b, cases[i].b, strlen(cases[i].b), "b", NULL, NULL), 0);
		assert_int_equal(json_equal(a, json_root(a), b, json_root(b)), cases[i].equal);
		json_doc_free(a);
		json_doc_free(b);
	}
}

static void large_objects_are_equal_in_any_order(void **state)
{
	(void)state;
	enum { MANY = 100000 };
	struct buf up = BUF_INIT, down = BUF_INIT;
	for (int i = 0; i < MANY; i++) {
		buf_addf(&up, "%c\"k%d\":%d", i ? ',' : '{', i, i);
		buf_addf(&down, "%c\"\\u006b%d\":%d.0", i ? ',' : '{', MANY - 1 - i, MANY - 1 - i);
	}
	buf_addch(&up, '}');
	buf_addch(&down, '}');
	struct json_doc *a, *b;
	assert_int_equal(json_parse(&a, up.data, up.len, "a", NULL, NULL), 0);
	assert_int_equal(json_parse(&b, down.data, down.len, "b", NULL, NULL), 0);
	assert_true(json_equal(a, json_root(a), b, json_root(b)));
	json_doc_free(b);
	down.data[down.len - 2] = '1'; /* "k0": 0.1 */
	assert_int_equal(json_parse(&b, down.data, down.len, "b", NULL, NULL), 0);
	assert_false(json_equal(a, json_root(a), b, json_root(b)));
	json_doc_free(b);
	json_doc_free(a);
	buf_release(&up);
	buf_release(&down);
}

static void numbers_and_strings_are_read_as_c_values(void **state)
{
	(void)state;
	static const char text[] = "[\"plain\", \"\\u00e9\\n\", \"a\\u0000b\", 1.5, 10e-1, 9e99, "
				   "-1e-400, 1e400, true]";
	struct json_doc *doc;
	assert_int_equal(json_parse(&doc, text, strlen(text), "x", NULL, NULL), 0);
	const struct json_value *root = json_root(doc);
	char *plain = json_strdup(doc, json_element(root, 0));
	assert_string_equal(plain, "plain");
	free(plain);
	size_t len;
	assert_memory_equal(json_string(doc, json_element(root, 1), &len), "\xc3\xa9\n", 3);
	assert_int_equal(len, 3);
	assert_memory_equal(json_string(doc, json_element(root, 2), &len), "a\0b", 3);
	assert_int_equal(len, 3);
	assert_null(json_strdup(doc, json_element(root, 2)));
	assert_false(json_string_is(doc, json_element(root, 2), "a"));
	assert_null(json_string(doc, json_element(root, 3), &len));
	assert_null(json_string(doc, NULL, &len));
	assert_null(json_key(doc, root, &len));

	int64_t whole = 0;
	double number = 0;
	assert_false(json_int64(doc, json_element(root, 3), &whole));
	assert_true(json_int64(doc, json_element(root, 4), &whole) && whole == 1);
	assert_false(json_int64(doc, json_element(root, 5), &whole));
	assert_false(json_int64(doc, json_element(root, 8), &whole));
	assert_true(
		json_double(doc, json_element(root, 3), &number) && number >= 1.5 && number <= 1.5);
	assert_true(json_double(doc, json_element(root, 6), &number) && !(number < 0));
	assert_true(json_double(doc, json_element(root, 7), &number) && number > 1e308);
	assert_false(json_double(doc, json_element(root, 0), &number));
	assert_null(json_element(root, 9));
	assert_null(json_member(doc, root, "plain"));
	json_doc_free(doc);
}

static void several_members_are_found_in_one_pass(void **state)
{
	(void)state;
	static const char text[] =
		"{\"b\": 1, \"a\\u0064d\": 2, \"\": 3, \"bb\": 4, \"a\": {\"c\": 5}}";
	static const char *const names[] = { "a", "b", "add", "c", "", "bbb", "bb" };
	enum { COUNT = sizeof(names) / sizeof(*names) };
	const struct json_value *found[COUNT];
	struct json_doc *doc;
	struct error err = ERROR_INIT;
	assert_int_equal(json_parse(&doc, text, strlen(text), "x", NULL, &err), 0);
	const struct json_value *root = json_root(doc);
	json_members(doc, root, names, COUNT, found);
	for (size_t i = 0; i < COUNT; i++)
		assert_ptr_equal(found[i], json_member(doc, root, names[i]));
	assert_non_null(found[2]);
	assert_non_null(found[4]);
	assert_null(found[3]);
	json_members(doc, found[1], names, COUNT, found);
	assert_null(found[0]);
	json_members(doc, NULL, names, COUNT, found);
	assert_null(found[1]);
	json_doc_free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_texts_are_accepted),
		cmocka_unit_test(invalid_texts_are_refused_with_a_location),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(depth_and_size_have_limits),
		cmocka_unit_test(duplicates_in_large_objects_are_found),
		cmocka_unit_test(pointers_can_be_resolved_and_created),
		cmocka_unit_test(equality_is_by_value),
		cmocka_unit_test(large_objects_are_equal_in_any_order),
		cmocka_unit_test(numbers_and_strings_are_read_as_c_values),
		cmocka_unit_test(several_members_are_found_in_one_pass),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
