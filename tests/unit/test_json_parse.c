/* json/document.h: what is JSON and what is not, where it is wrong, and finding one's way in it. */
#include "unit/unit.h"

#include "json/document.h"

#include <stdio.h>
#include <stdlib.h>

static void sound_texts_are_taken(void **state)
{
	(void)state;
	static const char *const texts[] = { "null", " true ", "false\n", "0", "-0", "1e5",
		"-12.50E-3", "\"\"", "\"\\u0000\\ud83d\\ude00\\/\"", "[]", "{}", "[ ]", "[1,2 , 3]",
		"{\"a\":{\"b\":[]}}", "\t\r\n[\"\xc3\xa9\"]", "{\"a\":1,\"A\":2}",
		"123456789012345678901234567890", "1e999999999", "[[[[[[]]]]]]", "\"\x7f\"",
		"{\"\":1}" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct json_doc *doc;
		struct error err = ERROR_INIT;
		if (json_parse(&doc, texts[i], strlen(texts[i]), "x", NULL, &err) < 0)
			fail_msg("%s: %s", texts[i], err.text);
		assert_int_equal(json_root(doc)->span, doc ? json_root(doc)->span : 0);
		json_doc_free(doc);
	}
}

static void unsound_texts_are_refused_with_their_place(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "x:1:1: the file is empty" },
		{ " \n ", "x:1:1: the file is empty" },
		{ "\xef\xbb\xbf{}", "x:1:1: starts with a byte-order mark" },
		{ "[1,\n \xff]", "x:2:2: byte 0xff is no valid UTF-8" },
		{ "[\"\xed\xa0\x80\"]", "x:1:3: byte 0xed is no valid UTF-8" },
		{ "{\"a\":1}\n{\"b\":2}", "x:2:1: { stands behind the end" },
		{ "1 2", "x:1:3: 2 stands behind the end" },
		{ "{} x", "x:1:4: x stands behind the end" },
		{ "[] ,", "x:1:4: , stands behind the end" },
		{ "{\"a\":1,\n \"b\":2,\n \"a\":3}",
			"x:3:2: \"a\" is a member name that this object has" },
		{ "{\"a\":1,\"\\u0061\":2}", "x:1:8: \"\\u0061\" is a member name" },
		{ "[\"\\ud800\"]", "x:1:3: \\ is half of a surrogate pair" },
		{ "[\"\\ud800\\u0041\"]", "is half of a surrogate pair" },
		{ "[\"ok\\udc00\"]", "x:1:5: \\ is half of a surrogate pair" },
		{ "{\n<<<<<<< HEAD\n\"a\":1\n", "x:2:1: conflict marker" },
		{ "{\"a\":1,\n=======\n\"b\":2}", "x:2:1: conflict marker" },
		{ "{\"a\":1\n>>>>>>> theirs\n}", "x:2:1: conflict marker" },
		{ "{\n  \"subject\": Re: hello,\n}", "x:2:14: Re is no JSON value" },
		{ "[1,2,]", "x:1:6: ] follows a comma" },
		{ "{\"a\":1,}", "x:1:8: } follows a comma" },
		{ "[1,,2]", "x:1:4: , is one too many" },
		{ "{'a':1}", "x:1:2: JSON's strings stand in double quotes" },
		{ "[1 // one\n]", "x:1:4: JSON has no comments" },
		{ "{\"a\" 1}", "x:1:6: 1 cannot stand here" },
		{ "{\"a\":1 \"b\":2}", "x:1:8: \"b\" cannot stand here" },
		{ "{a:1}", "x:1:2: a is no member name" },
		{ "[01]", "x:1:2: 01 is no number; a number has no leading zeros" },
		{ "[12abc]", "x:1:2: 12abc is no number" },
		{ "-01", "x:1:1: -01 is no number; a number has no leading zeros" },
		{ "[.5]", "x:1:2: .5 is no number" },
		{ "[1.]", "x:1:2: 1. is no number" },
		{ "[+1]", "x:1:2: +1 is no number" },
		{ "[NaN]", "x:1:2: NaN is no JSON value" },
		{ "[tru]", "x:1:2: tru is no JSON value" },
		{ "[-]", "x:1:2: - is no number" },
		{ "\"a\nb\"", "x:1:1: this string has no closing quote on its line" },
		{ "[\"a\tb\"]", "x:1:4: a control character inside a string" },
		{ "[\"a\\qb\"]", "x:1:4: is no escape of JSON" },
		{ "[\"\\u12g4\"]", "x:1:3: is no escape of JSON" },
		{ "[\"abc", "x:1:2: the file ends inside this string" },
		{ "{\"a\": [1,\n2",
			"x:2:2: the file ends inside the array that was opened at line 1, column "
			"7; ]" },
		{ "{\"a\":",
			"the file ends inside the object that was opened at line 1, column 1; }" },
		{ "nul", "x:1:1: nul is no JSON value" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct json_doc *doc;
		struct error err = ERROR_INIT;
		if (!json_parse(&doc, cases[i].text, strlen(cases[i].text), "x", NULL, &err))
			fail_msg("taken: %s", cases[i].text);
		assert_int_equal(err.code, ERR_INVALID);
		if (!strstr(err.text, cases[i].says))
			fail_msg("%s\n  says:  %s\n  wants: %s", cases[i].text, err.text,
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

static void large_objects_find_their_duplicate(void **state)
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

static void pointers_lead_there_and_back(void **state)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_texts_are_taken),
		cmocka_unit_test(unsound_texts_are_refused_with_their_place),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(depth_and_size_have_limits),
		cmocka_unit_test(large_objects_find_their_duplicate),
		cmocka_unit_test(pointers_lead_there_and_back),
		cmocka_unit_test(equality_is_by_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
