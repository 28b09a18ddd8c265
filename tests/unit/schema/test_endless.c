/* schema/: checks that could take forever, or nearly, end soon with a clear error. */
#include "unit/schema_unit.h"

/* Add `count` pieces made from `format` with the numbers i and i + 1, separated by commas. */
static void add_chain(
	struct buf *out, int count, const char *before, const char *between, const char *after)
{
	for (int i = 0; i < count; i++)
		buf_addf(out, "%s%s%d%s%d%s", i ? "," : "", before, i, between, i + 1, after);
}

static void reference_cycles_are_reported(void **state)
{
	(void)state;
	static const char *const cycles[] = {
		("{\"$defs\":{\"a\":{\"anyOf\":[{\"$ref\":\"#/$defs/b\"}]},\"b\":{\"$ref\":\"#/"
		 "$defs/a\"}},"
		 "\"anyOf\":[{\"$ref\":\"#/$defs/a\"}]}"),
		"{\"not\":{\"$ref\":\"#\"}}",
		"{\"if\":{\"$ref\":\"#\"}}",
		"{\"dependentSchemas\":{\"a\":{\"$ref\":\"#\"}}}",
		"{\"$dynamicAnchor\":\"a\",\"$dynamicRef\":\"#a\"}",
		"{\"oneOf\":[{\"$ref\":\"#\"},true]}",
	};
	for (size_t i = 0; i < sizeof(cycles) / sizeof(*cycles); i++) {
		struct schema_set *set = schema_set_new();
		struct buf out = BUF_INIT;
		struct error err;
		const struct schema *schema = compile_into(set, cycles[i], &err);
		assert_non_null(schema);
		errors_of(schema, "{\"a\":1}", NULL, &out);
		if (!strstr(out.data, "form a cycle"))
			fail_msg("%s says: %s", cycles[i], out.data);
		buf_release(&out);
		schema_set_free(set);
	}
}

/* A cycle that no document can end is refused at compile time, in every location. */
static void unconditional_cycles_are_refused(void **state)
{
	(void)state;
	static const char why[] =
		"\"$ref\" and \"allOf\" form a cycle here, or a chain of more than 100 schemas";
	static const struct {
		const char *schema;
		int column;
	} cycles[] = {
		{ "{\"$ref\":\"#\"}", 1 },
		{ "{\"allOf\":[{\"$ref\":\"#\"}]}", 11 },
		{ "{\"items\":{\"allOf\":[{\"$ref\":\"#/items\"}]}}", 20 },
	};
	for (size_t i = 0; i < sizeof(cycles) / sizeof(*cycles); i++) {
		char expected[200];
		snprintf(expected, sizeof(expected), "schema.json:1:%d: %s", cycles[i].column, why);
		assert_refused(cycles[i].schema, expected);
	}
}

static void recursion_that_descends_is_not_a_cycle(void **state)
{
	(void)state;
	struct buf deep = BUF_INIT;
	for (int i = 0; i < 255; i++)
		buf_addch(&deep, '[');
	buf_addch(&deep, '1');
	for (int i = 0; i < 255; i++)
		buf_addch(&deep, ']');
	assert_says("{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"array\",\"items\":{\"$ref\":\"#"
		    "\"}}]}",
		deep.data, "");
	buf_release(&deep);
}

/* A chain of references is compiled without recursion, and followed only to a limit. */
static void long_chains_of_references_end(void **state)
{
	(void)state;
	const struct {
		int length;
		const char *says;
	} cases[] = { { 90, "" },
		{ (int)brief_or_thorough(2000, 20000), "more than 100 schemas" } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct schema_set *set = schema_set_new();
		struct buf text = BUF_INIT, out = BUF_INIT;
		struct error err;
		buf_addstr(&text, "{\"$ref\":\"#/$defs/0\",\"$defs\":{");
		add_chain(&text, cases[i].length, "\"", "\":{\"$ref\":\"#/$defs/", "\"}");
		buf_addf(&text, ",\"%d\":{}}}", cases[i].length);
		const struct schema *schema = compile_into(set, text.data, &err);
		if (schema)
			errors_of(schema, "1", NULL, &out);
		if (out.len || !strstr(err.text, cases[i].says) || !schema != !!*cases[i].says)
			fail_msg("%s%.300s", err.text, out.data);
		buf_release(&text);
		buf_release(&out);
		schema_set_free(set);
	}
}

static void multiplying_alternatives_are_abandoned(void **state)
{
	(void)state;
	static const char *const keywords[] = { "anyOf", "allOf", "oneOf" };
	for (size_t i = 0; i < sizeof(keywords) / sizeof(*keywords); i++) {
		struct schema_set *set = schema_set_new();
		struct buf text = BUF_INIT, out = BUF_INIT;
		struct error err;
		/* Each of 45 definitions refers to the next one twice. */
		buf_addstr(&text,
			"{\"$ref\":\"#/$defs/0\",\"unevaluatedProperties\":true,\"$defs\":{");
		for (int n = 0; n < 45; n++)
			buf_addf(&text,
				"\"%d\":{\"%s\":[{\"$ref\":\"#/$defs/%d\"},{\"$ref\":\"#/$defs/"
				"%d\"}]},",
				n, keywords[i], n + 1, n + 1);
		buf_addf(&text, "\"45\":%s}}", i == 1 ? "true" : "{\"required\":[\"b\"]}");
		const struct schema *schema = compile_into(set, text.data, &err);
		if (!schema)
			fail_msg("%s", err.text);
		errors_of(schema, "{\"a\":1}", NULL, &out);
		if (!strstr(out.data, "too many combinations"))
			fail_msg("%s: %s", keywords[i], out.data);
		buf_release(&text);
		buf_release(&out);
		schema_set_free(set);
	}
}

static void endless_backtracking_is_abandoned(void **state)
{
	(void)state;
	static const char *const schemas[] = {
		"{\"properties\":{\"a\":{\"pattern\":\"^(a+)+$\"}}}",
		"{\"additionalProperties\":{\"pattern\":\"^(a|aa)*[cd]$\"}}",
		"{\"properties\":{\"a\":{\"not\":{\"pattern\":\"^(([a-z])+.)+[A-Z]([a-z])+$\"}}}}",
	};
	for (size_t i = 0; i < sizeof(schemas) / sizeof(*schemas); i++) {
		struct schema_set *set = schema_set_new();
		struct buf out = BUF_INIT;
		struct error err;
		const struct schema *schema = compile_into(set, schemas[i], &err);
		assert_non_null(schema);
		errors_of(schema,
			"{\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"}",
			NULL, &out);
		if (!strstr(out.data, "backtracks too much"))
			fail_msg("%s: %s", schemas[i], out.data);
		buf_release(&out);
		schema_set_free(set);
	}
	/* The same in the name of a member. */
	assert_says("{\"propertyNames\":{\"pattern\":\"^(a+)+$\"}}",
		"{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\":1}",
		"1:51 /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab /propertyNames: cannot "
		"validate this name: the schema or a pattern is endless");
}

static void an_abandoned_check_is_marked(void **state)
{
	(void)state;
	struct schema_set *set = schema_set_new();
	struct schema_options options = { .max_errors = 1 };
	struct schema_report report = SCHEMA_REPORT_INIT;
	struct error err;
	struct json_doc *doc;
	const struct schema *schema =
		compile_into(set, "{\"type\":\"null\",\"anyOf\":[{\"$ref\":\"#\"}]}", &err);
	assert_int_equal(json_parse(&doc, "1", 1, "i", NULL, &err), 0);
	assert_false(schema_validate(schema, doc, &options, &report));
	assert_true(report.unfinished);
	assert_int_equal(report.count, 2); /* beyond the limit: the reason for the end */
	assert_string_equal(report.errors[1].message,
		"cannot validate: the references of the schema form a cycle here");
	schema_report_release(&report);
	json_doc_free(doc);
	schema_set_free(set);
}

/* A string is decoded for each check; memory for a check is released afterwards. */
static void repeated_checks_use_no_more_memory(void **state)
{
	(void)state;
	struct buf text = BUF_INIT, instance = BUF_INIT;
	buf_addstr(&text, "{\"allOf\":[true");
	for (size_t i = 0; i < brief_or_thorough(2000, 20000); i++)
		buf_addstr(&text, ",{\"maxLength\":99999,\"propertyNames\":true}");
	buf_addstr(&text, "]}");
	buf_addstr(&instance, "\"");
	for (int i = 0; i < 10000; i++)
		buf_addstr(&instance, "\\n");
	buf_addstr(&instance, "\"");
	assert_says(text.data, instance.data, "");
	buf_release(&text);
	buf_release(&instance);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reference_cycles_are_reported),
		cmocka_unit_test(unconditional_cycles_are_refused),
		cmocka_unit_test(recursion_that_descends_is_not_a_cycle),
		cmocka_unit_test(long_chains_of_references_end),
		cmocka_unit_test(multiplying_alternatives_are_abandoned),
		cmocka_unit_test(endless_backtracking_is_abandoned),
		cmocka_unit_test(an_abandoned_check_is_marked),
		cmocka_unit_test(repeated_checks_use_no_more_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
