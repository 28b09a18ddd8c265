/* schema/validate.h: the errors of an invalid document, and their locations. */
#include "unit/schema_unit.h"

static void an_error_contains_what_is_expected(void **state)
{
	(void)state;
	static const struct {
		const char *schema, *instance, *error;
	} cases[] = {
		{ "{\"type\":\"integer\"}", "\"x\"", "1:1  /type: \"x\" must be a whole number" },
		{ "{\"type\":[\"string\",\"null\"]}", "[1]",
			"1:1  /type: an array must be null or a string" },
		{ "{\"enum\":[\"queued\",\"running\"]}", "\"quued\"",
			"1:1  /enum: \"quued\" is not one of queued, running; did you mean "
			"\"queued\"?" },
		{ "{\"enum\":[1,null,\"a\\\"b\"]}", "2",
			"1:1  /enum: 2 is not one of 1, null, a\"b" },
		{ "{\"const\":{\"a\":1}}", "1", "1:1  /const: must be {\"a\":1}" },
		{ "{\"maximum\":3}", "3.5", "1:1  /maximum: 3.5 must be at most 3" },
		{ "{\"minimum\":3}", "2", "1:1  /minimum: 2 must be at least 3" },
		{ "{\"exclusiveMaximum\":3}", "3",
			"1:1  /exclusiveMaximum: 3 must be less than 3" },
		{ "{\"exclusiveMinimum\":3}", "3",
			"1:1  /exclusiveMinimum: 3 must be greater than 3" },
		{ "{\"multipleOf\":0.5}", "0.7",
			"1:1  /multipleOf: 0.7 must be a multiple of 0.5" },
		{ "{\"minLength\":2}", "\"\\u00e9\"",
			"1:1  /minLength: must have at least 2 characters, but has 1" },
		{ "{\"maxLength\":1}", "\"ab\"",
			"1:1  /maxLength: must have at most 1 characters, but has 2" },
		{ "{\"pattern\":\"^a\"}", "\"b\"",
			"1:1  /pattern: \"b\" does not match the pattern ^a" },
		{ "{\"minItems\":1}", "[]",
			"1:1  /minItems: must have at least 1 elements, but has 0" },
		{ "{\"maxItems\":1}", "[1,2]",
			"1:1  /maxItems: must have at most 1 elements, but has 2" },
		{ "{\"uniqueItems\":true}", "[1,2,1.0]",
			"1:6 /2 /uniqueItems: element 2 is the same as element 0; all must "
			"be different" },
		{ "{\"contains\":{\"const\":1}}", "[2]",
			"1:1  /contains: must contain at least 1 such element, but contains 0" },
		{ "{\"contains\":{\"const\":1},\"maxContains\":1}", "[1,1]",
			"1:1  /maxContains: must contain at most 1 such elements, but contains 2" },
		{ "{\"required\":[\"a\",\"b\"]}", "{\"b\":1}",
			"1:1  /required: the member \"a\" is missing" },
		{ "{\"minProperties\":1}", "{}",
			"1:1  /minProperties: must have at least 1 members, but has 0" },
		{ "{\"maxProperties\":0}", "{\"a\":1}",
			"1:1  /maxProperties: must have at most 0 members, but has 1" },
		{ "{\"properties\":{\"server\":{}},\"additionalProperties\":false}",
			"{\"sever\":1}",
			"1:10 /sever /additionalProperties: the member \"sever\" is not allowed "
			"here; did you mean \"server\"?" },
		{ "{\"propertyNames\":{\"maxLength\":1}}", "{\"ab\":1}",
			"1:7 /ab /propertyNames: \"ab\" is not allowed as the name of a member" },
		{ "{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}",
			"1:1  /dependentRequired: the member \"b\" is missing, but required by "
			"\"a\"" },
		{ "{\"not\":{\"type\":\"null\"}}", "null", "1:1  /not: is forbidden by \"not\"" },
		{ "{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"string\"}]}", "1",
			"1:1  /anyOf: matches none of the 2 alternatives of anyOf" },
		{ "{\"oneOf\":[{\"type\":\"null\"},{\"type\":\"string\"}]}", "1",
			"1:1  /oneOf: matches none of the 2 alternatives of oneOf; it must "
			"match exactly one" },
		{ "{\"oneOf\":[{},false,{}]}", "1",
			"1:1  /oneOf: matches alternatives 0 and 2 of oneOf; it must match "
			"exactly one" },
		{ "false", "1", "1:1  : is not allowed here" },
		{ "{\"x-list-type\":\"map\",\"x-list-map-keys\":[\"id\"]}",
			"[{\"id\":\"a\"},{\"id\":\"\\u0061\"},{}]",
			"1:13 /1 /x-list-map-keys: element 1 has the same id as element 0; it must "
			"be different for each" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_says(cases[i].schema, cases[i].instance, cases[i].error);
}

static void an_error_has_a_location_in_document_and_schema(void **state)
{
	(void)state;
	/* Columns count characters, pointers are escaped, the path goes through references. */
	assert_says("{\"$defs\":{\"a/b\":{\"items\":{\"type\":\"null\"}}},"
		    "\"patternProperties\":{\"^\\u00e9/\":{\"$ref\":\"#/$defs/a~1b\"}}}",
		"{\n  \"\u00e9/\u00e9~\": [null,\n\t\"\u00e9\", 1]\n}",
		"3:2 /\u00e9~1\u00e9~0/1 /patternProperties/^\u00e9~1/$ref/items/type: \"\u00e9\" "
		"must be "
		"null\n"
		"3:7 /\u00e9~1\u00e9~0/2 /patternProperties/^\u00e9~1/$ref/items/type: 1 must be "
		"null");
	assert_says("{\"allOf\":[{},{\"if\":{},\"then\":{\"prefixItems\":[{},false]}}]}", "[1, 2]",
		"1:5 /1 /allOf/1/then/prefixItems/1: is not allowed here");
}

/* Found by fuzzing: truncated at the NUL, the pointer was that of another member. */
static void a_pointer_contains_a_nul(void **state)
{
	(void)state;
	assert_says("{\"additionalProperties\":{\"type\":\"null\"}}",
		"{\"a\": null, \"a\\u0000b\": 1}",
		"1:25 /a\u2400b /additionalProperties/type: 1 must be null");
}

static void the_absolute_location_names_the_schema_and_its_resource(void **state)
{
	(void)state;
	struct schema_set *set = schema_set_new();
	struct schema_report report = SCHEMA_REPORT_INIT;
	struct error err;
	struct json_doc *doc;
	const struct schema *schema = compile_into(set,
		"{\"$id\":\"http://x.test/"
		"a.json\",\"items\":{\"$ref\":\"b.json\"},\"$defs\":{\"b\":"
		"{\"$id\":\"b.json\",\"properties\":{\"n\":{\"minimum\":1}}}}}",
		&err);
	assert_non_null(schema);
	assert_int_equal(json_parse(&doc, "[{\"n\":0}]", 9, "i", NULL, &err), 0);
	assert_false(schema_validate(schema, doc, NULL, &report));
	assert_string_equal(
		report.errors[0].absolute, "http://x.test/b.json#/properties/n/minimum");
	assert_string_equal(report.errors[0].keyword, "/items/$ref/properties/n/minimum");
	assert_string_equal(report.errors[0].instance, "/0/n");
	schema_report_release(&report);
	json_doc_free(doc);
	schema_set_free(set);
}

static void all_errors_are_reported_up_to_a_limit(void **state)
{
	(void)state;
	struct schema_set *set = schema_set_new();
	struct schema_options options = { .max_errors = 3 };
	struct schema_report report = SCHEMA_REPORT_INIT;
	struct error err;
	struct json_doc *doc;
	struct buf text = BUF_INIT;
	const struct schema *schema = compile_into(
		set, "{\"items\":{\"type\":\"null\",\"enum\":[0],\"minimum\":2}}", &err);
	buf_addstr(&text, "[1");
	for (int i = 1; i < 100; i++)
		buf_addstr(&text, ",1");
	buf_addstr(&text, "]");
	assert_int_equal(json_parse(&doc, text.data, text.len, "i", NULL, &err), 0);
	assert_false(schema_validate(schema, doc, &options, &report));
	assert_int_equal(report.count, 3);
	assert_int_equal(report.found, 300);
	assert_false(report.unfinished);
	schema_report_release(&report);
	assert_false(schema_validate(schema, doc, NULL, &report));
	assert_int_equal(report.count, 20);
	schema_report_release(&report);
	json_doc_free(doc);
	buf_release(&text);
	schema_set_free(set);
}

static void a_part_of_a_document_can_be_checked(void **state)
{
	(void)state;
	struct schema_set *set = schema_set_new();
	struct schema_report report = SCHEMA_REPORT_INIT;
	struct error err;
	struct json_doc *doc;
	const struct schema *schema = compile_into(set, "{\"type\":\"null\"}", &err);
	assert_int_equal(json_parse(&doc, "{\"a\":1,\"b\":null}", 16, "i", NULL, &err), 0);
	const struct json_value *a = json_at(doc, "/a"), *b = json_at(doc, "/b");
	assert_true(schema_validate_value(schema, doc, b, NULL, &report));
	assert_false(schema_validate_value(schema, doc, a, NULL, &report));
	assert_string_equal(report.errors[0].instance, "/a");
	assert_int_equal(report.errors[0].position.column, 6);
	schema_report_release(&report);
	json_doc_free(doc);
	schema_set_free(set);
}

static void long_values_are_cut_between_characters(void **state)
{
	(void)state;
	struct buf text = BUF_INIT, expected = BUF_INIT;
	buf_addstr(&text, "\"");
	for (int i = 0; i < 50; i++)
		buf_addstr(&text, "\u00e9");
	buf_addstr(&expected, "1:1  /type: ");
	buf_add(&expected, text.data, 59); /* 60 would be the middle of one */
	buf_addstr(&expected, "... must be null");
	buf_addstr(&text, "\"");
	assert_says("{\"type\":\"null\"}", text.data, expected.data);
	buf_release(&text);
	buf_release(&expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_contains_what_is_expected),
		cmocka_unit_test(an_error_has_a_location_in_document_and_schema),
		cmocka_unit_test(a_pointer_contains_a_nul),
		cmocka_unit_test(the_absolute_location_names_the_schema_and_its_resource),
		cmocka_unit_test(all_errors_are_reported_up_to_a_limit),
		cmocka_unit_test(a_part_of_a_document_can_be_checked),
		cmocka_unit_test(long_values_are_cut_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
