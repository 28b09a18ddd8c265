/* schema/schema.h: an invalid schema is refused, with a location and what is expected. */
#include "unit/schema_unit.h"

static void keywords_require_values_of_their_type(void **state)
{
	(void)state;
	static const struct {
		const char *schema, *error;
	} cases[] = {
		{ "[]", "1:1: a schema must be an object, true or false, not array" },
		{ "{\n  \"type\": \"strin\"\n}",
			"2:11: \"type\" must be null, boolean, integer, number, string, array or "
			"object; did you mean \"string\"?" },
		{ "{\"type\":[\"null\",\"null\"]}", "1:17: \"type\" names this type twice" },
		{ "{\"type\":[]}", "1:9: \"type\" must name at least one type" },
		{ "{\"enum\":{}}", "1:9: \"enum\" must be a list of values" },
		{ "{\"maximum\":\"3\"}", "1:12: \"maximum\" must be a number" },
		{ "{\"multipleOf\":0.0}", "1:15: \"multipleOf\" must be greater than 0" },
		{ "{\"minLength\":-1}",
			"1:14: \"minLength\" must be a whole number, not less than 0" },
		{ "{\"pattern\":\"(\"}",
			"1:12: \"(\" is not a valid regular expression (ECMA-262): missing closing "
			"parenthesis" },
		{ "{\"pattern\":1}",
			"1:12: \"pattern\" must be a regular expression, as a string" },
		{ "{\"uniqueItems\":1}", "1:16: \"uniqueItems\" must be true or false" },
		{ "{\"items\":1}", "1:10: \"items\" must be a schema: an object, true or false" },
		{ "{\"prefixItems\":[]}",
			"1:16: \"prefixItems\" must be a list of at least one schema" },
		{ "{\"properties\":[]}", "1:15: \"properties\" must be an object of schemas" },
		{ "{\"properties\":{\"a\":\n {\"not\":null}}}",
			"2:9: \"not\" must be a schema: an object, true or false" },
		{ "{\"patternProperties\":{\"[\":true}}",
			"1:27: \"[\" is not a valid regular expression (ECMA-262): missing terminating ] "
			"for "
			"character class" },
		{ "{\"required\":\"a\"}", "1:13: \"required\" must be a list of names" },
		{ "{\"required\":[\"a\",1]}", "1:18: \"required\" must be a list of strings" },
		{ "{\"required\":[\"a\",\"b\",\"\\u0061\"]}", "1:13: \"required\" names a twice" },
		{ "{\"dependentRequired\":[]}", "1:22: \"dependentRequired\" must be an object" },
		{ "{\"allOf\":[]}", "1:10: \"allOf\" must be a list of at least one schema" },
		{ "{\"format\":1}", "1:11: \"format\" must be a string" },
		{ "{\"$ref\":1}", "1:9: \"$ref\" must be a URI reference, as a string" },
		{ "{\"$id\":1}", "1:8: \"$id\" must be a URI reference, as a string" },
		{ "{\"$id\":\"http://x.test/#a\"}",
			"1:8: \"$id\" must not have a fragment; use \"$anchor\" for a part of a "
			"schema" },
		{ "{\"$id\":\"http://x.test/a\",\"items\":{\"$id\":\"a\"}}",
			"1:41: \"$id\" is already used by another schema of this document" },
		{ "{\"items\":{\"$id\":\"\"}}",
			"1:17: \"$id\" is already used by another schema of this document" },
		{ "{\"$anchor\":\"a/b\"}",
			"1:12: \"$anchor\" must be a name of letters, digits, '-', '_', ':' and "
			"'.'" },
		{ "{\"$schema\":1}", "1:12: \"$schema\" must be a URI, as a string" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char expected[400];
		snprintf(expected, sizeof(expected), "schema.json:%s", cases[i].error);
		assert_refused(cases[i].schema, expected);
	}
}

static void a_schema_that_is_not_json_is_refused(void **state)
{
	(void)state;
	struct schema_set *set = schema_set_new();
	struct error err;
	assert_null(compile_into(set, "{\"type\": string}", &err));
	assert_int_equal(err.code, ERR_INVALID);
	assert_int_equal(strncmp(err.text, "schema.json:1:10: ", 18), 0);
	schema_set_free(set);
}

static void references_must_lead_to_a_schema(void **state)
{
	(void)state;
	assert_refused("{\"$ref\":\"#/$defs/a\"}",
		"schema.json:1:9: the reference \"#/$defs/a\" cannot be followed: no "
		"#/$defs/a in schema.json");
	assert_refused("{\"$ref\":\"#nowhere\"}",
		"schema.json:1:9: the reference \"#nowhere\" cannot be followed: no "
		"#nowhere in schema.json");
	assert_refused("{\"items\":\n{\"$ref\":\"http://x.test/a\"}}",
		"schema.json:2:9: the reference \"http://x.test/a\" cannot be followed: no schema "
		"with the URI http://x.test/a");
	assert_refused("{\"$ref\":\"#/title\",\"title\":\"t\"}",
		"schema.json:1:9: the reference \"#/title\" leads to string, which is not a schema");
	assert_refused("{\"$schema\":\"http://json-schema.org/draft-03/schema#\"}",
		"schema.json:1:12: unknown draft \"http://json-schema.org/draft-03/schema#\"; "
		"expected \"https://json-schema.org/draft/2020-12/schema\", "
		"\"https://json-schema.org/draft/2019-09/schema\", "
		"\"http://json-schema.org/draft-07/schema#\" or a metaschema found with --map");
}

static void names_must_be_different(void **state)
{
	(void)state;
	assert_refused("{\"$defs\":{\"a\":{\"$anchor\":\"n\"},\n\"b\":{\"$anchor\":\"n\"}}}",
		"schema.json:2:16: the name \"n\" is already used at schema.json:1:26 in the same "
		"schema; choose a different name");
	assert_refused("{\"$anchor\":\"n\",\n\"not\":{\"$dynamicAnchor\":\"n\"}}",
		"schema.json:2:25: the name \"n\" is already used at schema.json:1:12 in the same "
		"schema; choose a different name");
	assert_refused("{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"items\":[\n"
		       "{\"$id\":\"#n\"},\n{\"$id\":\"#n\"}]}",
		"schema.json:3:8: the name \"n\" is already used at schema.json:2:8 in the same "
		"schema; choose a different name");
	/* A schema with its own URI has its own names. */
	assert_says("{\"$anchor\":\"n\",\"not\":{\"$id\":\"http://x.test/\",\"$anchor\":\"n\","
		    "\"type\":\"null\"}}",
		"1", "");
}

static void a_schema_that_is_too_large_is_refused(void **state)
{
	(void)state;
	struct schema_set *set = schema_set_new();
	struct buf text = BUF_INIT;
	struct error err;
	buf_addstr(&text, "{\"title\":\"");
	while (text.len < 1 << 20)
		buf_addstr(&text, "0123456789012345678901234567890123456789");
	buf_addstr(&text, "\"}");
	assert_null(compile_into(set, text.data, &err));
	assert_int_equal(err.code, ERR_INVALID);
	buf_release(&text);
	schema_set_free(set);
}

/* The search for duplicate names does not take quadratic time. */
static void many_names_compile(void **state)
{
	(void)state;
	struct schema_set *set = schema_set_new();
	struct buf text = BUF_INIT;
	struct error err;
	buf_addstr(&text, "{\"required\":[\"0\"");
	for (int i = 1; i < 100000; i++)
		buf_addf(&text, ",\"%d\"", i);
	buf_addstr(&text, "]}");
	assert_non_null(compile_into(set, text.data, &err));
	buf_reset(&text);
	buf_addstr(&text, "{\"allOf\":[true");
	for (int i = 1; i < 40000; i++)
		buf_addf(&text, ",{\"$anchor\":\"a%d\"}", i);
	buf_addstr(&text, "]}");
	assert_non_null(compile_into(set, text.data, &err));
	buf_release(&text);
	schema_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keywords_require_values_of_their_type),
		cmocka_unit_test(a_schema_that_is_not_json_is_refused),
		cmocka_unit_test(references_must_lead_to_a_schema),
		cmocka_unit_test(names_must_be_different),
		cmocka_unit_test(a_schema_that_is_too_large_is_refused),
		cmocka_unit_test(many_names_compile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
