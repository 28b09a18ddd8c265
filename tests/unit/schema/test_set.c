/* schema/schema.h: schemas that refer to each other, by name, in directories, and dynamically. */
#include "unit/schema_unit.h"

#include "base/file.h"

#include <unistd.h>

/* A directory with schema files. */
struct directory {
	char path[64];
};

static struct directory make_directory(void)
{
	struct directory directory = { "/tmp/git-build-schemas.XXXXXX" };
	assert_non_null(mkdtemp(directory.path));
	return directory;
}

static void put(const struct directory *directory, const char *name, const char *text)
{
	char path[200];
	snprintf(path, sizeof(path), "%s/%s", directory->path, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void remove_directory(const struct directory *directory, const char *const *names)
{
	for (; *names; names++) {
		char path[200];
		snprintf(path, sizeof(path), "%s/%s", directory->path, *names);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(directory->path), 0);
}

static void add(struct schema_set *set, const char *text, const char *uri)
{
	struct buf copy = BUF_INIT;
	struct error err = ERROR_INIT;
	buf_addstr(&copy, text);
	if (schema_set_add(set, &copy, "other.json", uri, &err) < 0)
		fail_msg("%s", err.text);
}

/* The error of `schema` for `instance`, in a buffer of the caller. */
static const char *says(const struct schema *schema, const char *instance, struct buf *out)
{
	buf_reset(out);
	errors_of(schema, instance, NULL, out);
	return out->data;
}

static void schemas_of_a_set_can_refer_to_each_other(void **state)
{
	(void)state;
	struct schema_set *set = schema_set_new();
	struct error err;
	struct buf out = BUF_INIT;
	const struct schema *schema;
	add(set, "{\"type\":\"null\",\"$defs\":{\"n\":{\"$anchor\":\"n\",\"type\":\"integer\"}}}",
		"http://x.test/a");
	add(set, "{\"$id\":\"http://x.test/b\",\"items\":{\"$ref\":\"a#n\"}}", NULL);
	schema = compile_into(set, "{\"$ref\":\"http://x.test/b\"}", &err);
	assert_non_null(schema);
	assert_string_equal(says(schema, "[1]", &out), "");
	assert_string_equal(says(schema, "[null]", &out),
		"1:2 /0 /$ref/items/$ref/type: null must be a whole number");
	assert_int_equal(schema_compile_uri(set, &schema, "http://x.test/a", &err), 0);
	assert_string_equal(says(schema, "null", &out), "");
	assert_int_equal(schema_compile_uri(set, &schema, "http://x.test/c", &err), ERR_NOT_FOUND);
	assert_string_equal(err.text, "no schema with the URI http://x.test/c");
	buf_release(&out);
	schema_set_free(set);
}

static void directories_are_read_for_a_prefix(void **state)
{
	(void)state;
	struct directory directory = make_directory(), inner = make_directory();
	put(&directory, "a.json", "{\"items\":{\"$ref\":\"b.json\"}}");
	put(&directory, "b.json", "{\"type\":\"null\"}");
	put(&inner, "b.json", "{\"type\":\"string\"}");
	put(&directory, "broken.json", "{\"type\": }");
	struct schema_set *set = schema_set_new();
	struct buf out = BUF_INIT;
	struct error err;
	schema_set_map(set, "http://x.test/s/", directory.path);
	schema_set_map(set, "http://x.test/s/inner/", inner.path);
	const struct schema *schema = compile_into(set,
		"{\"properties\":{\"a\":{\"$ref\":\"http://x.test/s/a.json\"},"
		"\"b\":{\"$ref\":\"http://x.test/s/inner/b.json\"}}}",
		&err);
	if (!schema)
		fail_msg("%s", err.text);
	assert_string_equal(says(schema, "{\"a\":[null],\"b\":\"x\"}", &out), "");
	assert_string_equal(says(schema, "{\"a\":[1],\"b\":\"x\"}", &out),
		"1:7 /a/0 /properties/a/$ref/items/$ref/type: 1 must be null");
	assert_null(compile_into(set, "{\"$ref\":\"http://x.test/s/broken.json\"}", &err));
	assert_non_null(strstr(err.text, "broken.json:1:10: "));
	/* It fails in the same way the second time. */
	assert_null(compile_into(set, "{\"$ref\":\"http://x.test/s/broken.json\"}", &err));
	assert_non_null(strstr(err.text, "broken.json:1:10: "));
	assert_null(compile_into(set, "{\"$ref\":\"http://x.test/s/none.json\"}", &err));
	assert_non_null(strstr(err.text, "none.json"));
	buf_release(&out);
	schema_set_free(set);
	remove_directory(&directory, (const char *[]){ "a.json", "b.json", "broken.json", NULL });
	remove_directory(&inner, (const char *[]){ "b.json", NULL });
}

static void no_reference_leaves_a_directory(void **state)
{
	(void)state;
	static const char *const ways[] = { "http://x.test/s/%2e%2e/passwd",
		"http://x.test/s/..%2fpasswd", "http://x.test/s/a?/../../passwd",
		"http://x.test/s/a..b" };
	struct schema_set *set = schema_set_new();
	schema_set_map(set, "http://x.test/s/", "/etc/default");
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct error err;
		char text[200];
		snprintf(text, sizeof(text), "{\"$ref\":\"%s\"}", ways[i]);
		assert_null(compile_into(set, text, &err));
		if (!strstr(err.text, "does not lead to a file in /etc/default"))
			fail_msg("%s", err.text);
	}
	schema_set_free(set);
}

static void a_schema_that_did_not_compile_is_not_registered(void **state)
{
	(void)state;
	struct schema_set *set = schema_set_new();
	struct error err;
	assert_null(compile_into(set,
		"{\"$id\":\"http://x.test/"
		"a\",\"$defs\":{\"x\":{\"type\":\"null\",\"items\":{\"type\":5}}},"
		"\"$ref\":\"#/$defs/x\"}",
		&err));
	/* Another check of it still reports all errors. */
	assert_null(compile_into(set, "{\"$ref\":\"http://x.test/a#/$defs/x\"}", &err));
	assert_non_null(strstr(err.text, "\"type\" must be"));
	assert_non_null(compile_into(set, "{\"type\":\"null\"}", &err));
	schema_set_free(set);
}

static void metaschemas_may_refer_to_themselves(void **state)
{
	(void)state;
	struct directory directory = make_directory();
	put(&directory, "self.json",
		"{\"$schema\":\"http://x.test/m/self.json\",\"$vocabulary\":{"
		"\"https://json-schema.org/draft/2020-12/vocab/core\":true,"
		"\"https://json-schema.org/draft/2020-12/vocab/applicator\":true}}");
	put(&directory, "one.json", "{\"$schema\":\"http://x.test/m/two.json\"}");
	put(&directory, "two.json", "{\"$schema\":\"http://x.test/m/one.json\"}");
	put(&directory, "strange.json", "{\"$vocabulary\":{\"http://x.test/v\":true}}");
	struct schema_set *set = schema_set_new();
	struct buf out = BUF_INIT;
	struct error err;
	schema_set_map(set, "http://x.test/m/", directory.path);
	const struct schema *schema = compile_into(set,
		"{\"$schema\":\"http://x.test/m/self.json\",\"type\":\"null\",\"items\":false}",
		&err);
	if (!schema)
		fail_msg("%s", err.text);
	assert_string_equal(says(schema, "5", &out), ""); /* without the validation vocabulary */
	assert_string_equal(says(schema, "[5]", &out), "1:2 /0 /items: is not allowed here");
	assert_non_null(compile_into(set, "{\"$schema\":\"http://x.test/m/one.json\"}", &err));
	assert_null(compile_into(set, "{\"$schema\":\"http://x.test/m/strange.json\"}", &err));
	assert_non_null(strstr(err.text, "requires the unknown vocabulary http://x.test/v"));
	buf_release(&out);
	schema_set_free(set);
	remove_directory(&directory,
		(const char *[]){ "self.json", "one.json", "two.json", "strange.json", NULL });
}

static void dynamic_references_are_resolved_from_the_outside(void **state)
{
	(void)state;
	struct schema_set *set = schema_set_new();
	struct buf out = BUF_INIT;
	struct error err;
	add(set,
		"{\"$id\":\"http://x.test/tree\",\"$dynamicAnchor\":\"node\",\"type\":\"object\","
		"\"properties\":{\"children\":{\"items\":{\"$dynamicRef\":\"#node\"}}}}",
		NULL);
	const struct schema *strict = compile_into(set,
		"{\"$id\":\"http://x.test/strict\",\"$dynamicAnchor\":\"node\",\"$ref\":\"tree\","
		"\"unevaluatedProperties\":false}",
		&err);
	const struct schema *loose = NULL;
	assert_non_null(strict);
	assert_int_equal(schema_compile_uri(set, &loose, "http://x.test/tree", &err), 0);
	const char *instance = "{\"children\":[{\"daat\":1}]}";
	assert_string_equal(says(loose, instance, &out), "");
	assert_string_equal(says(strict, instance, &out),
		"1:22 /children/0/daat "
		"/$ref/properties/children/items/$dynamicRef/unevaluatedProperties: is not allowed "
		"here");
	buf_release(&out);
	schema_set_free(set);
}

/* The same file, for two referrers: "items" as a list is only valid in draft-07. */
static void a_schema_without_a_draft_has_the_draft_of_its_referrer(void **state)
{
	(void)state;
	struct directory directory = make_directory();
	put(&directory, "pair.json", "{\"items\":[{\"type\":\"null\"}],\"$ref\":\"deep.json\"}");
	put(&directory, "deep.json", "{\"$defs\":{\"a\":{\"$id\":\"inner\"}},\"maxItems\":1}");
	put(&directory, "list.json", "{\"prefixItems\":[{\"type\":\"null\"}]}");
	struct schema_set *set = schema_set_new();
	struct buf out = BUF_INIT;
	struct error err;
	schema_set_map(set, "http://x.test/s/", directory.path);
	const struct schema *new =
		compile_into(set, "{\"$ref\":\"http://x.test/s/list.json\"}", &err);
	const struct schema *old = compile_into(set,
		"{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"allOf\":["
		"{\"$ref\":\"http://x.test/s/pair.json\"},{\"$ref\":\"http://x.test/s/list.json\"}]}",
		&err);
	assert_non_null(new);
	if (!old)
		fail_msg("%s", err.text);
	assert_string_equal(
		says(new, "[1]", &out), "1:2 /0 /$ref/prefixItems/0/type: 1 must be null");
	/* In draft-07, "prefixItems" has no effect, and neither have keywords next to "$ref". */
	assert_string_equal(says(old, "[1]", &out), "");
	assert_string_equal(says(old, "[1,2]", &out),
		"1:1  /allOf/0/$ref/$ref/maxItems: must have at most 1 elements, but has 2");
	assert_null(compile_into(set, "{\"$ref\":\"http://x.test/s/pair.json\"}", &err));
	assert_non_null(strstr(err.text, "\"items\" must be a schema: an object, true or false"));
	buf_release(&out);
	schema_set_free(set);
	remove_directory(
		&directory, (const char *[]){ "pair.json", "deep.json", "list.json", NULL });
}

/* The same for schemas that were added before any of them refers to another. */
static void an_added_schema_has_the_draft_of_its_referrer(void **state)
{
	(void)state;
	struct schema_set *set = schema_set_new();
	struct buf out = BUF_INIT;
	struct error err;
	const struct schema *schema = NULL;
	add(set,
		"{\"items\":{\"$anchor\":\"n\"},\"$defs\":{\"a\":{\"$id\":\"c\",\"items\":[false]}}}",
		"http://x.test/b");
	add(set,
		"{\"$schema\":\"http://json-schema.org/draft-07/schema#\","
		"\"$ref\":\"b#/$defs/a\"}",
		"http://x.test/a");
	assert_int_equal(schema_compile_uri(set, &schema, "http://x.test/a", &err), 0);
	assert_string_equal(says(schema, "[1]", &out), "1:2 /0 /$ref/items/0: is not allowed here");
	assert_int_equal(schema_compile_uri(set, &schema, "http://x.test/b#n", &err), 0);
	assert_true(schema_compile_uri(set, &schema, "http://x.test/b#/$defs/a", &err) < 0);
	buf_release(&out);
	schema_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schemas_of_a_set_can_refer_to_each_other),
		cmocka_unit_test(directories_are_read_for_a_prefix),
		cmocka_unit_test(no_reference_leaves_a_directory),
		cmocka_unit_test(a_schema_that_did_not_compile_is_not_registered),
		cmocka_unit_test(metaschemas_may_refer_to_themselves),
		cmocka_unit_test(a_schema_without_a_draft_has_the_draft_of_its_referrer),
		cmocka_unit_test(an_added_schema_has_the_draft_of_its_referrer),
		cmocka_unit_test(dynamic_references_are_resolved_from_the_outside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
