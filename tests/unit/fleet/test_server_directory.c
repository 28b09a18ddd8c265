/* fleet/server_directory.h: which directories are those of servers. */
#include "unit/directory.h"

#include "fleet/files.h"
#include "fleet/server_directory.h"

#include <string.h>

/* Files of one fleet; a text of NULL is a directory, or another thing that is not a file. */
static const struct {
	const char *path, *text;
} files[] = {
	{ "build1/status.json", "{\"server\":\"build1\"}" },
	{ "build2/heartbeat.json", "{\"server\":\"build2\"}" },
	{ "build2/status.json", "{}" },
	{ "Build3/status.json", "{\"server\":\"build3.example.org\"}" },
	{ "broken/status.json", "{\"server" },
	{ "strange/status.json", NULL },
	{ "tasks/status.json", "{\"tasks\":[]}" },
	{ "agents/status.json", "[{\"server\":\"build1\"}]" },
	{ "numbers/status.json", "{\"server\":1}" },
	{ "nested/logs/status.json", "{\"server\":\"build1\"}" },
	{ "shared/status.json", "{\"server\":\"shared\"}" },
	{ ".hidden/status.json", "{\"server\":\"x\"}" },
};

static int read_file(void *data, const char *path, struct buf *out, struct error *err)
{
	const char *failing = data;
	if (failing && !strcmp(failing, path))
		return error_set(err, ERR_FAILED, "no disk");
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!strcmp(files[i].path, path)) {
			if (!files[i].text)
				return error_set(err, ERR_INVALID, "a directory");
			buf_addstr(out, files[i].text);
			return 0;
		}
	return error_set(err, ERR_NOT_FOUND, "no such file");
}

static void a_directory_is_a_servers_if_a_file_names_a_server(void **state)
{
	static const char *const servers[] = { "build1", "build2", "Build3", "broken", "strange" };
	static const char *const others[] = { "tasks", "agents", "numbers", "nested", "shared",
		".hidden", "nothing", "", "a/b", "../build1" };
	(void)state;
	for (size_t i = 0; i < sizeof(servers) / sizeof(*servers); i++)
		if (server_directory(servers[i], read_file, NULL, NULL) != 1)
			fail_msg("%s must be a server", servers[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (server_directory(others[i], read_file, NULL, NULL))
			fail_msg("%s must not be a server", others[i]);
}

static void a_file_that_cannot_be_read_is_not_a_missing_file(void **state)
{
	struct error err = ERROR_INIT;
	const char *schema = "";
	(void)state;
	assert_int_equal(
		server_directory("tasks", read_file, "tasks/heartbeat.json", &err), ERR_FAILED);
	assert_string_equal(err.text, "no disk");
	assert_int_equal(server_schema_of(&schema, "tasks/status.json", read_file,
				 "tasks/status.json", &err),
		ERR_FAILED);
	assert_null(schema);
}

static const char *schema_of(const char *path)
{
	const char *schema;
	assert_int_equal(server_schema_of(&schema, path, read_file, NULL, NULL), 0);
	return schema;
}

static void only_files_of_servers_have_their_schema(void **state)
{
	(void)state;
	assert_string_equal(schema_of("build1/status.json"), "status");
	assert_string_equal(schema_of("build1/heartbeat.json"), "heartbeat");
	assert_string_equal(schema_of("build2/status.json"), "status");
	assert_null(schema_of("tasks/status.json"));
	assert_null(schema_of("tasks/heartbeat.json"));
	assert_string_equal(schema_of("coordination/jobs.json"), "jobs");
	assert_true(fleet_assigns("tasks/status.json", "status"));
	assert_false(fleet_assigns("tasks/status.json", "tasks"));
	assert_false(fleet_assigns("tasks/other.json", "status"));
}

static const char *merged_schema(const char *path, const char *ours, const char *theirs)
{
	const char *schema;
	assert_int_equal(server_schema_of_versions(&schema, path, ours, theirs, NULL), 0);
	return schema;
}

static void a_merged_file_has_its_schema_if_a_version_names_a_server(void **state)
{
	(void)state;
	sh("echo '{\"server\":\"build1\"}' >server; echo '{\"tasks\":[]}' >tasks; echo '{\"server' >torn");
	assert_string_equal(merged_schema("a/status.json", "server", "tasks"), "status");
	assert_string_equal(merged_schema("a/status.json", "tasks", "server"), "status");
	assert_string_equal(merged_schema("a/heartbeat.json", "tasks", "torn"), "heartbeat");
	assert_string_equal(merged_schema("a/status.json", "tasks", "-"), "status");
	assert_string_equal(merged_schema("a/status.json", "server", NULL), "status");
	assert_null(merged_schema("a/status.json", "tasks", "tasks"));
	assert_null(merged_schema("a/status.json", "tasks", NULL));
	assert_null(merged_schema("a/status.json", "tasks", "/dev/null"));
	assert_string_equal(merged_schema("coordination/jobs.json", "tasks", "tasks"), "jobs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_directory_is_a_servers_if_a_file_names_a_server),
		cmocka_unit_test(a_file_that_cannot_be_read_is_not_a_missing_file),
		cmocka_unit_test(only_files_of_servers_have_their_schema),
		cmocka_unit_test(a_merged_file_has_its_schema_if_a_version_names_a_server),
	};
	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
