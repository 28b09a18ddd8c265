/* schema/builtin.h: every built-in schema compiles, accepts the files that the fleet writes, and
 * separates the valid files of tests/data/ from the invalid ones. */
#include "unit/corpus.h"

#include "schema/builtin.h"
#include "fleet/files.h"
#include "schema/validate.h"

#include <stdio.h>
#include <stdlib.h>

static void all_built_in_schemas_compile(void **state)
{
	(void)state;
	for (size_t i = 0; builtin_names[i]; i++) {
		struct schema_set *set = schema_set_new();
		const struct schema *schema;
		struct error err = ERROR_INIT;
		if (builtin_compile(set, &schema, builtin_names[i], &err) < 0)
			fail_msg("%s", err.text);
		schema_set_free(set);
	}
	struct schema_set *set = schema_set_new();
	const struct schema *schema;
	struct error err = ERROR_INIT;
	assert_int_equal(builtin_compile(set, &schema, "job", &err), ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "did you mean jobs?"));
	schema_set_free(set);
}

/* The first error of `text`; "" if it is valid. */
static void first_error(const char *name, const char *text, char out[300])
{
	struct schema_set *set = schema_set_new();
	const struct schema *schema;
	struct json_doc *doc;
	struct error err = ERROR_INIT;
	struct schema_report report = SCHEMA_REPORT_INIT;
	assert_int_equal(builtin_compile(set, &schema, name, &err), 0);
	if (json_parse(&doc, text, strlen(text), "x", NULL, &err) < 0)
		fail_msg("%s", err.text);
	*out = '\0';
	if (!schema_validate(schema, doc, NULL, &report))
		snprintf(out, 300, "%s %s: %s", report.errors[0].instance, report.errors[0].keyword,
			report.errors[0].message);
	schema_report_release(&report);
	json_doc_free(doc);
	schema_set_free(set);
}

static void errors_contain_what_is_expected(void **state)
{
	(void)state;
	static const struct {
		const char *schema, *text, *error;
	} cases[] = {
		{ "jobs", "{\"jobs\":[{\"id\":\"1\",\"status\":\"done\"}]}",
			"/jobs/0/status /properties/jobs/items/$ref/properties/status/enum: "
			"\"done\" is not one "
			"of queued, running, completed, failed, cancelled" },
		{ "jobs", "{\"jobs\":[{\"id\":\"1\",\"status\":\"complete\"}]}",
			"did you mean \"completed\"?" },
		{ "jobs",
			"{\"jobs\":[{\"id\":\"1\",\"status\":\"queued\"},{\"id\":\"1\",\"status\":"
			"\"queued\"}]}",
			"element 1 has the same id as element 0" },
		{ "jobs", "{\"job\":[]}", "the member \"jobs\" is missing" },
		{ "heartbeat", "{\"server\":\"a\",\"timestamp\":\"now\",\"healthy\":true}",
			"/timestamp " },
		{ "jobs",
			"{\"jobs\":[{\"id\":\"1\",\"status\":\"queued\",\"created_at\":"
			"\"2025-02-30T00:00:00Z\"}]}",
			"/jobs/0/created_at /properties/jobs/items/$ref/properties/created_at/$ref/"
			"x-time: \"2025-02-30T00:00:00Z\" is not a time: February 2025 has 28 days" },
		{ "locks",
			"{\"locks\":{\"x\":{\"locked_by\":\"a\",\"locked_at\":null,\"expires_at\":"
			"\"2025-10-29T24:00:00Z\"}}}",
			"a day has 24 hours; write 00 to 23 as the hour" },
		{ "message_stats",
			"{\"total_messages\":1,\"by_server\":{\"a\":{\"last_message_time\":"
			"\"2025-13-01T00:00:00Z\"}}}",
			"a year has 12 months; write 01 to 12 as the month" },
		{ "heartbeat",
			"{\"server\":\"../x\",\"timestamp\":\"2025-10-29 16:21\",\"healthy\":true}",
			"/server " },
		{ "heartbeat",
			"{\"server\":\"a\",\"timestamp\":\"2025-10-29 16:21\",\"healthy\":\"yes\"}",
			"\"yes\" must be a boolean" },
		{ "locks", "{\"locks\":{\"x\":{\"locked_by\":\"a\",\"locked_at\":null}}}",
			"the member \"expires_at\" is missing" },
		{ "artifacts", "{\"job\":\"1\",\"server\":\"a\",\"status\":\"success\"}",
			"the member \"created_at\" is missing" },
		{ "artifacts", "{\"artifacts\":[{\"name\":\"../x\",\"size\":1,\"sha256\":\"\"}]}",
			"/artifacts/0/name /properties/artifacts/items/properties/name/pattern" },
		{ "messages", "{\"messages\":[{\"id\":\"1\",\"from\":\"a\",\"to\":\"b\"}]}",
			"the member \"timestamp\" is missing" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char error[300];
		first_error(cases[i].schema, cases[i].text, error);
		if (!strstr(error, cases[i].error))
			fail_msg("case %zu\n  error:    %s\n  expected: %s", i, error,
				cases[i].error);
	}
	char error[300];
	first_error("locks", "{\"locks\":{\"x\":{\"locked_by\":null}},\"new\":1}", error);
	assert_string_equal(error, "");
}

static void check_file(const struct corpus_file *file)
{
	bool valid = !strcmp(file->verdict, "valid");
	char error[300];
	if (!strcmp(file->verdict, "broken"))
		return;
	first_error(fleet_file(file->path)->schema, file->text.data, error);
	if (valid != !*error || !strstr(error, file->says))
		fail_msg("%s is %s: %s", file->file, file->verdict, error);
}

static void valid_files_of_a_fleet_pass_and_invalid_ones_fail(void **state)
{
	(void)state;
	corpus_each(check_file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_built_in_schemas_compile),
		cmocka_unit_test(errors_contain_what_is_expected),
		cmocka_unit_test(valid_files_of_a_fleet_pass_and_invalid_ones_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
