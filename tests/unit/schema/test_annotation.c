/* schema/annotation.h: the annotations about merges and changes, which are checked when a schema
 * is compiled. */
#include "unit/schema_unit.h"

#include "schema/annotation.h"

static void invalid_annotations_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *schema, *error;
	} cases[] = {
		{ "{\"x-merge\":\"newest\"}",
			"1:12: \"x-merge\" must be one of max, min, or, and, sum, latest, "
			"published, order" },
		{ "{\"x-merge\":true}",
			"1:12: \"x-merge\" must be one of max, min, or, and, sum, latest, "
			"published, order" },
		{ "{\"x-merge\":\"order\"}",
			"1:12: \"x-merge\": \"order\" requires \"x-transitions\", which define "
			"the order" },
		{ "{\"x-list-type\":\"list\"}",
			"1:16: \"x-list-type\" must be one of atomic, set, map" },
		{ "{\"x-list-type\":\"map\"}",
			"1:16: \"x-list-type\": \"map\" requires \"x-list-map-keys\": the "
			"members that identify an element" },
		{ "{\"x-list-type\":\"map\",\"x-list-map-keys\":[]}",
			"1:16: \"x-list-type\": \"map\" requires \"x-list-map-keys\": the "
			"members that identify an element" },
		{ "{\"x-list-type\":\"map\",\"x-list-map-keys\":[1]}",
			"1:41: \"x-list-map-keys\" must be a list of strings" },
		{ "{\"x-list-type\":\"map\",\"x-list-map-keys\":[\"a\",\"b\",\"c\",\"d\",\"e\","
		  "\"f\",\"g\",\"h\",\"i\"]}",
			"1:40: \"x-list-map-keys\" has more than 8 members" },
		{ "{\"x-list-map-keys\":[\"id\"]}",
			"1:20: \"x-list-map-keys\" requires \"x-list-type\": \"map\"" },
		{ "{\"x-map-type\":\"map\"}",
			"1:15: \"x-map-type\" must be one of granular, atomic" },
		{ "{\"x-merge-clock\":1}", "1:18: \"x-merge-clock\" must be a string" },
		{ "{\"x-time\":\"UTC\"}", "1:11: \"x-time\" must be true or false" },
		{ "{\"x-immutable\":\"true\"}", "1:16: \"x-immutable\" must be true or false" },
		{ "{\"x-increasing\":1}", "1:17: \"x-increasing\" must be true or false" },
		{ "{\"x-transitions\":[]}",
			"1:18: \"x-transitions\" must be an object: for each value, the list of its "
			"next values" },
		{ "{\"x-transitions\":{\"a\":\"b\"}}",
			"1:23: \"x-transitions\" must be a list of strings" },
		{ "{\"x-transitions\":{\"queued\":[\"runing\"],\"running\":[]}}",
			"1:29: \"x-transitions\" leads to runing, which is not one of its members" },
		{ "{\"x-remove-when\":\"never\"}",
			"1:18: expected a schema here: an object, true or false" },
		{ "{\"x-remove-when\":{\"type\":\"x\"}}",
			"1:26: \"type\" must be null, boolean, integer, number, string, array or "
			"object" },
		{ "{\"x-remove-when\":true,\"x-archive\":[]}",
			"1:35: \"x-archive\" must be a string" },
		{ "{\"x-remove-when\":true,\"x-archive\":\"/done-\"}",
			"1:35: \"x-archive\" must be the beginning of the paths of the archives, "
			"such as \"archive/done-\"" },
		{ "{\"x-archive\":\"done-\"}", "1:14: \"x-archive\" requires \"x-remove-when\"" },
		{ "{\"x-remove-when\":true,\"x-remove-after\":30}",
			"1:40: \"x-remove-after\" must be an object with \"member\" and "
			"\"seconds\", such as {\"member\": \"deleted_at\", \"seconds\": 2592000}" },
		{ "{\"x-remove-when\":true,\"x-remove-after\":{\"member\":\"at\"}}",
			"1:40: \"x-remove-after\" must be an object with \"member\" and "
			"\"seconds\", such as {\"member\": \"deleted_at\", \"seconds\": 2592000}" },
		{ "{\"x-remove-when\":true,"
		  "\"x-remove-after\":{\"member\":\"at\",\"seconds\":1,\"days\":1}}",
			"1:40: \"x-remove-after\" must be an object with \"member\" and "
			"\"seconds\", such as {\"member\": \"deleted_at\", \"seconds\": 2592000}" },
		{ "{\"x-remove-when\":true,\"x-remove-after\":{\"member\":\"\",\"seconds\":1}}",
			"1:50: \"member\" must be the name of the member with the time at which the "
			"element was marked as removed" },
		{ "{\"x-remove-when\":true,\"x-remove-after\":{\"member\":[\"at\"],\"seconds\":1}}",
			"1:50: \"member\" must be the name of the member with the time at which the "
			"element was marked as removed" },
		{ "{\"x-remove-when\":true,\"x-remove-after\":{\"member\":\"at\",\"seconds\":0}}",
			"1:65: \"seconds\" must be a whole number from 1 to 3155760000" },
		{ "{\"x-remove-when\":true,\"x-remove-after\":{\"member\":\"at\",\"seconds\":1.5}}",
			"1:65: \"seconds\" must be a whole number from 1 to 3155760000" },
		{ "{\"x-remove-when\":true,\"x-remove-after\":{\"member\":\"at\",\"seconds\":1e30}}",
			"1:65: \"seconds\" must be a whole number from 1 to 3155760000" },
		{ "{\"x-remove-when\":true,\"x-remove-after\":{\"member\":\"at\",\"seconds\":\"1\"}}",
			"1:65: \"seconds\" must be a whole number from 1 to 3155760000" },
		{ "{\"x-remove-after\":{\"member\":\"at\",\"seconds\":1}}",
			"1:19: \"x-remove-after\" requires \"x-remove-when\", which defines the "
			"tombstones" },
		{ "{\"x-append-only\":true,\"items\":{\"x-remove-when\":true,"
		  "\"x-remove-after\":{\"member\":\"at\",\"seconds\":1}}}",
			"1:18: a list with \"x-append-only\" cannot have elements with "
			"\"x-remove-after\": its elements are never changed or removed" },
		{ "{\"$defs\":{\"e\":{\"x-remove-when\":true,"
		  "\"x-remove-after\":{\"member\":\"at\",\"seconds\":1}}},"
		  "\"allOf\":[{\"x-append-only\":true},{\"items\":{\"$ref\":\"#/$defs/e\"}}]}",
			"1:1: a list with \"x-append-only\" cannot have elements with "
			"\"x-remove-after\": its elements are never changed or removed" },
		{ "{\"x-owner\":\"server\"}",
			"1:12: \"x-owner\" must be a JSON pointer, such as \"/server\"" },
		{ "{\"x-owner\":\"/a~\"}",
			"1:12: \"x-owner\" must be a JSON pointer, such as \"/server\"" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char expected[400];
		snprintf(expected, sizeof(expected), "schema.json:%s", cases[i].error);
		assert_refused(cases[i].schema, expected);
	}
}

static void times_must_exist(void **state)
{
	(void)state;
	assert_says("{\"items\":{\"x-time\":true}}",
		"[\"2024-02-29T00:00:00Z\",\"2025-10-29 16:21\",\"\\u0032025-10-29T16:21:00.5+01:00\","
		"null,7]",
		"");
	assert_says("{\"items\":{\"x-time\":true}}", "[\"2025-02-30T00:00:00Z\",\"now\"]",
		"1:2 /0 /items/x-time: \"2025-02-30T00:00:00Z\" is not a time: February 2025 has 28 "
		"days; write 01 to 28 as the day\n"
		"1:25 /1 /items/x-time: \"now\" is not a time: a date and a time of day are required; "
		"write it like 2025-10-29T12:00:00Z");
	/* Next to other keywords, inside an alternative, and turned off. */
	assert_says("{\"anyOf\":[{\"type\":\"string\",\"x-time\":true},{\"const\":\"never\"}]}",
		"\"never\"", "");
	assert_says("{\"anyOf\":[{\"type\":\"string\",\"x-time\":true},{\"const\":\"never\"}]}",
		"\"2025-02-30 10:00\"", "1:1  /anyOf: matches none of the 2 alternatives of anyOf");
	assert_says("{\"x-time\":false}", "\"now\"", "");
}

/* A table of `count` values, each final. */
static void table_of(struct buf *out, int count)
{
	buf_reset(out);
	buf_addstr(out, "{\"x-transitions\":{");
	for (int i = 0; i < count; i++)
		buf_addf(out, "%s\"%d\":[]", i ? "," : "", i);
	buf_addstr(out, "}}");
}

static void a_table_of_more_values_than_the_guard_follows_is_refused(void **state)
{
	struct buf text = BUF_INIT;
	struct schema_set *set = schema_set_new();
	struct error err;
	(void)state;
	table_of(&text, MOST_TRANSITIONS);
	assert_non_null(compile_into(set, text.data, &err));
	table_of(&text, MOST_TRANSITIONS + 1);
	assert_refused(text.data, "schema.json:1:18: \"x-transitions\" has more than 64 values");
	schema_set_free(set);
	buf_release(&text);
}

static void assert_text(struct text text, const char *expected)
{
	assert_int_equal(text.len, strlen(expected));
	assert_memory_equal(text.bytes, expected, text.len);
}

static void annotations_are_read(void **state)
{
	(void)state;
	struct schema_set *set = schema_set_new();
	struct error err;
	const struct schema *schema = compile_into(set,
		"{\"x-merge\":\"order\",\"x-merge-clock\":\"at\",\"x-map-type\":\"atomic\","
		"\"x-immutable\":true,\"x-increasing\":true,\"x-append-only\":true,\"x-owner\":\"/server\","
		"\"x-remove-when\":{\"const\":1},\"x-archive\":\"old/done-\","
		"\"x-remove-after\":{\"member\":\"gone\",\"seconds\":1e2},"
		"\"x-transitions\":{\"a\":[\"b\",\"c\"],\"b\":[],\"c\":[\"a\"]}}",
		&err);
	assert_non_null(schema);
	const struct annotations *a = schema->annotations;
	assert_non_null(a);
	assert_int_equal(a->merge, MERGE_ORDER);
	assert_int_equal(a->map_type, MAP_ATOMIC);
	assert_int_equal(a->list_type, LIST_DEFAULT);
	assert_true(a->immutable);
	assert_true(a->increasing);
	assert_true(a->append_only);
	assert_text(a->owner, "/server");
	assert_text(a->merge_clock, "at");
	assert_non_null(a->remove_when);
	assert_text(a->remove_after, "gone");
	assert_int_equal(a->remove_after_seconds, 100);
	assert_text(a->archive, "old/done-");
	assert_int_equal(a->transitions_count, 3);
	assert_text(a->transitions[0].from, "a");
	assert_int_equal(a->transitions[0].count, 2);
	assert_text(a->transitions[0].to[1], "c");
	assert_int_equal(a->transitions[1].count, 0);
	assert_null(compile_into(set, "{\"title\":\"plain\"}", &err)->annotations);
	schema_set_free(set);
}

static void each_value_of_an_annotation_is_distinct(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		enum merge_rule rule;
	} rules[] = { { "max", MERGE_MAX }, { "min", MERGE_MIN }, { "or", MERGE_OR },
		{ "and", MERGE_AND }, { "sum", MERGE_SUM }, { "latest", MERGE_LATEST },
		{ "published", MERGE_PUBLISHED } };
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct schema_set *set = schema_set_new();
		struct error err;
		char text[40];
		snprintf(text, sizeof(text), "{\"x-merge\":\"%s\"}", rules[i].word);
		const struct schema *schema = compile_into(set, text, &err);
		assert_non_null(schema);
		assert_int_equal(schema->annotations->merge, rules[i].rule);
		schema_set_free(set);
	}
}

static void keyed_lists_have_unique_keys(void **state)
{
	(void)state;
	const char *schema = "{\"x-list-type\":\"map\",\"x-list-map-keys\":[\"a\",\"b\"]}";
	assert_says(schema, "[{\"a\":1,\"b\":2},{\"a\":1,\"b\":3},{\"a\":1},{\"a\":1},5,5]", "");
	assert_says(schema, "[{\"a\":1,\"b\":2},{\"b\":2.0,\"a\":10e-1}]",
		"1:16 /1 /x-list-map-keys: element 1 has the same a and b as element 0; it must be "
		"different for each");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invalid_annotations_are_refused),
		cmocka_unit_test(times_must_exist),
		cmocka_unit_test(annotations_are_read),
		cmocka_unit_test(a_table_of_more_values_than_the_guard_follows_is_refused),
		cmocka_unit_test(each_value_of_an_annotation_is_distinct),
		cmocka_unit_test(keyed_lists_have_unique_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
