/* fleet/files.h: what a file is, by its path. */
#include "unit/unit.h"

#include "fleet/files.h"
#include "fleet/job.h"
#include "fleet/status.h"
#include "json/document.h"
#include "schema/builtin.h"

#include <stdio.h>

static const char *schema_of(const char *path)
{
	return fleet_file(path)->schema;
}

static void paths_select_the_schema(void **state)
{
	(void)state;
	assert_string_equal(schema_of("coordination/jobs.json"), "jobs");
	assert_string_equal(schema_of("build1/status.json"), "status");
	assert_string_equal(schema_of("build1/heartbeat.json"), "heartbeat");
	assert_string_equal(schema_of("coordination/archive/jobs-2025-10.json"), "jobs");
	assert_string_equal(schema_of("coordination/archive/messages-2025-10.json"), "messages");
	assert_null(schema_of("coordination/archive/locks-2025-10.json"));
	assert_null(schema_of("coordination/archive/jobs-.json"));
	assert_string_equal(schema_of("build1/logs/job-1-artifacts.json"), "artifacts");
	assert_null(schema_of("build1/logs/-artifacts.json"));
	assert_null(schema_of("build1/logs/a/b-artifacts.json"));
	assert_null(schema_of("build1/job-1-artifacts.json"));
	assert_null(schema_of("jobs.json"));
	assert_null(schema_of("a/b/status.json"));
	assert_null(schema_of("shared/status.json"));
	assert_null(schema_of("status.json"));
	assert_null(schema_of("/status.json"));
	assert_null(schema_of(""));
}

static void every_path_has_a_kind(void **state)
{
	(void)state;
	assert_int_equal(fleet_file("build1/logs/a.log")->kind, FLEET_LOG);
	assert_int_equal(fleet_file("build1/logs/j-artifacts.json")->kind, FLEET_MANIFEST);
	assert_int_equal(
		fleet_file("coordination/archive/locks-2025-10.json")->kind, FLEET_ARCHIVE);
	assert_int_equal(fleet_file("coordination/message_stats.json")->kind, FLEET_MESSAGES);
	assert_int_equal(fleet_file("coordination/logs/x")->kind, FLEET_OTHER);
	assert_int_equal(fleet_file("README.md")->kind, FLEET_OTHER);
}

/* Each attribute names a built-in schema, and each empty list is a document. */
static void rows_are_valid(void **state)
{
	static const char *const lists[] = { FLEET_JOBS_PATH, FLEET_LOCKS_PATH,
		FLEET_MESSAGES_PATH };
	struct buf attributes = BUF_INIT;
	char pattern[100], schema[100];
	size_t len, rows = 0;
	int end;
	(void)state;
	fleet_attributes(&attributes);
	for (const char *at = attributes.data; *at; at += end, rows++) {
		assert_int_equal(sscanf(at, "%99s merge=git-build build-schema=%99s%n", pattern,
					 schema, &end),
			2);
		assert_non_null(builtin_text(schema, &len));
		end += at[end] == '\n';
	}
	assert_true(rows >= 10);
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		struct json_doc *doc;
		const char *empty = fleet_file(lists[i])->empty;
		assert_int_equal(json_parse(&doc, empty, strlen(empty), lists[i], NULL, NULL), 0);
		json_doc_free(doc);
	}
	buf_release(&attributes);
}

/* The enum at `pointer` of the built-in schema must have exactly these words, in this order. */
static void assert_enum(const char *schema, const char *pointer, const char *const *words)
{
	struct json_doc *doc;
	size_t len, count = 0;
	const char *text = builtin_text(schema, &len);
	assert_int_equal(json_parse(&doc, text, len, schema, NULL, NULL), 0);
	const struct json_value *list = json_at(doc, pointer);
	assert_non_null(list);
	JSON_EACH (value, list) {
		size_t word_len;
		const char *word = json_string(doc, value, &word_len);
		assert_non_null(words[count]);
		assert_int_equal(word_len, strlen(words[count]));
		assert_memory_equal(word, words[count++], word_len);
	}
	assert_null(words[count]);
	json_doc_free(doc);
}

static void the_schemas_know_the_same_statuses(void **state)
{
	const char *jobs[JOB_STATUSES + 1] = { NULL };
	(void)state;
	for (enum job_status status = 0; status < JOB_STATUSES; status++)
		jobs[status] = job_status_name(status);
	assert_enum("jobs", "/$defs/job/properties/status/enum", jobs);
	assert_enum("status", "/properties/status/enum", status_names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_select_the_schema),
		cmocka_unit_test(every_path_has_a_kind),
		cmocka_unit_test(rows_are_valid),
		cmocka_unit_test(the_schemas_know_the_same_statuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
