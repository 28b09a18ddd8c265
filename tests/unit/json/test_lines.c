/* json/format.h, and JSON Lines as documents (json/document.h, json/edit.h). */
#include "unit/unit.h"

#include "json/edit.h"
#include "json/format.h"

static const struct json_limits lines = { .lines = true };

static void the_name_decides_the_format_unless_the_attribute_does(void **state)
{
	(void)state;
	assert_int_equal(json_format_of("a/b.json", NULL), FORMAT_JSON);
	assert_int_equal(json_format_of("a/b.jsonl", NULL), FORMAT_LINES);
	assert_int_equal(json_format_of("a/b.ndjson", NULL), FORMAT_LINES);
	assert_int_equal(json_format_of("a/b.log", NULL), FORMAT_NONE);
	assert_int_equal(json_format_of(".json", NULL), FORMAT_NONE);
	assert_int_equal(json_format_of("b.jsonl.gz", NULL), FORMAT_NONE);
	assert_int_equal(json_format_of("a/b.log", "lines"), FORMAT_LINES);
	assert_int_equal(json_format_of("a/b.jsonl", "json"), FORMAT_JSON);
	assert_int_equal(json_format_of("a/b.json", "lines"), FORMAT_LINES);
	assert_int_equal(json_format_of("a/b.json", "yaml"), FORMAT_JSON);
}

static void each_line_is_an_element(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *values; /* each followed by a bar */
	} rows[] = {
		{ "{\"a\": 1}\n[2]\n", "{\"a\": 1}|[2]|" },
		{ "1\n22", "1|22|" },
		{ "\"x\"\r\n\"y\"\r\n", "\"x\"|\"y\"|" },
		{ "true\r\nfalse", "true|false|" },
		{ "\n  \n1\n\t\r\n2\n\n", "1|2|" },
		{ "  {\"\\u0061\": \"\\n\"}  \n", "{\"\\u0061\": \"\\n\"}|" },
		{ "\"\xe2\x80\xa8\"\n{}\n", "\"\xe2\x80\xa8\"|{}|" },
		{ "", "" },
		{ "\n\r\n", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json_doc *doc;
		struct buf values = BUF_INIT;
		assert_int_equal(json_parse(&doc, rows[i].text, strlen(rows[i].text), "x.jsonl",
					 &lines, NULL),
			0);
		const struct json_value *root = json_root(doc);
		assert_true(json_is_lines(doc));
		assert_int_equal(root->type, JSON_ARRAY);
		size_t count = 0, len;
		JSON_EACH (line, root) {
			const char *text = json_raw(doc, line, &len);
			buf_add(&values, text, len);
			buf_addch(&values, '|');
			count++;
		}
		assert_int_equal(root->count, count);
		assert_string_equal(values.data, rows[i].values);
		buf_release(&values);
		json_doc_free(doc);
	}
}

static void a_line_that_is_not_valid_is_refused_with_its_position(void **state)
{
	(void)state;
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "1\n{\"a\": 1} {}\n",
			"x.jsonl:2:10: { follows the end of the value; a line has "
			"only one JSON value" },
		{ "{\n\"a\": 1}\n",
			"x.jsonl:1:2: the line ends inside the object that was opened "
			"in column 1; } is missing; each line has one whole value" },
		{ "1\n2\n  {\"id\": \"to",
			"x.jsonl:3:10: the line ends inside this string; its "
			"closing quote is missing" },
		{ "{},\n{}\n",
			"x.jsonl:1:3: , follows the end of the value; a line has only one "
			"JSON value" },
		{ "1\n,2\n",
			"x.jsonl:2:1: , is not a JSON value; expected an object, array, "
			"string, number, true, false or null" },
		{ "1\n]\n",
			"x.jsonl:2:1: ] is not a JSON value; expected an object, array, "
			"string, number, true, false or null" },
		{ "1\r2\n",
			"x.jsonl:1:3: 2 follows the end of the value; a line has only one JSON "
			"value" },
		{ "1\n\n01\n",
			"x.jsonl:3:1: 01 is not a valid number; numbers have no leading "
			"zeros" },
		{ "1\n{\"a\": 1, \"a\": 2}\n",
			"x.jsonl:2:10: \"a\" is a duplicate member name in "
			"this object" },
		{ "1\n\"\xff\"\n", "x.jsonl:2:2: byte 0xff is not valid UTF-8 here" },
		{ "\xef\xbb\xbf{}\n",
			"x.jsonl:1:1: starts with a byte-order mark, which JSON does "
			"not allow; save it as UTF-8 without one" },
		{ "1\n<<<<<<< ours\n2\n",
			"x.jsonl:2:1: conflict marker left by an unfinished "
			"merge; choose one side and remove the marker lines" },
		{ "1\n2\fx\n",
			"x.jsonl:2:2: character U+000C is not whitespace in JSON; in a "
			"string, write \\f or \\u000b" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json_doc *doc;
		struct error err = ERROR_INIT;
		assert_int_equal(json_parse(&doc, rows[i].text, strlen(rows[i].text), "x.jsonl",
					 &lines, &err),
			ERR_INVALID);
		assert_string_equal(err.text, rows[i].error);
	}
}

static void the_list_of_lines_counts_as_a_level_of_nesting(void **state)
{
	(void)state;
	struct buf text = BUF_INIT;
	struct json_doc *doc;
	for (int i = 1; i < JSON_MAX_DEPTH; i++)
		buf_addch(&text, '[');
	for (int i = 1; i < JSON_MAX_DEPTH; i++)
		buf_addch(&text, ']');
	assert_int_equal(json_parse(&doc, text.data, text.len, "x", &lines, NULL), 0);
	json_doc_free(doc);
	buf_reset(&text);
	for (int i = 0; i < 100000; i++)
		buf_addch(&text, '[');
	assert_int_equal(json_parse(&doc, text.data, text.len, "x", &lines, NULL), ERR_INVALID);
	buf_release(&text);
}

enum edit { APPEND, INSERT_FIRST, REMOVE_FIRST, REMOVE_LAST, SET_N };

static void edit_root(struct json_edit *edit, const struct json_doc *doc, enum edit what)
{
	const struct json_value *root = json_root(doc);
	if (what == APPEND)
		json_edit_append(edit, root, "{\n  \"n\": 9\n}", 12);
	else if (what == INSERT_FIRST)
		json_edit_insert(edit, root, 0, "0", 1);
	else if (what == SET_N)
		json_edit_set_int(edit, json_element(root, 1), "n", 5);
	else
		json_edit_remove(
			edit, json_element(root, what == REMOVE_LAST ? root->count - 1u : 0));
}

static void an_edit_changes_only_the_bytes_of_its_line(void **state)
{
	(void)state;
	static const struct {
		const char *before;
		enum edit what;
		const char *after;
	} rows[] = {
		{ "{\"n\":1}\n{\"n\" :  2}\n", APPEND, "{\"n\":1}\n{\"n\" :  2}\n{\"n\":9}\n" },
		{ "{\"n\": 1}\r\n", APPEND, "{\"n\": 1}\r\n{\"n\": 9}\r\n" },
		{ "{\"n\": 1}", APPEND, "{\"n\": 1}\n{\"n\": 9}\n" },
		{ "", APPEND, "{\"n\": 9}\n" },
		{ "\n\n", APPEND, "{\"n\": 9}\n" },
		{ "{}\n\n\n[]\n\n", APPEND, "{}\n\n\n[]\n{\"n\": 9}\n\n" },
		{ "1\n2\n", INSERT_FIRST, "0\n1\n2\n" },
		{ "1\n2\n3\n", REMOVE_FIRST, "2\n3\n" },
		{ "1\n2\n3\n", REMOVE_LAST, "1\n2\n" },
		{ "1\n", REMOVE_LAST, "" },
		{ " {\"a\":[ ]}\n{\"n\" :  2}\n{ }\n", SET_N, " {\"a\":[ ]}\n{\"n\" :  5}\n{ }\n" },
		{ "1\n{}\n", SET_N, "1\n{\"n\": 5}\n" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json_doc *doc;
		struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;
		assert_int_equal(
			json_parse(&doc, rows[i].before, strlen(rows[i].before), "x", &lines, NULL),
			0);
		struct json_edit *edit = json_edit_new(doc);
		edit_root(edit, doc, rows[i].what);
		if (json_edit_write(edit, &out, &err) < 0)
			fail_msg("row %zu: %s", i, err.text);
		assert_string_equal(out.data, rows[i].after);
		json_edit_free(edit);
		json_doc_free(doc);
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_decides_the_format_unless_the_attribute_does),
		cmocka_unit_test(each_line_is_an_element),
		cmocka_unit_test(a_line_that_is_not_valid_is_refused_with_its_position),
		cmocka_unit_test(the_list_of_lines_counts_as_a_level_of_nesting),
		cmocka_unit_test(an_edit_changes_only_the_bytes_of_its_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
