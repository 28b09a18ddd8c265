/* artifacts/manifest.h: a manifest can be read after it was written, and hostile ones are refused. */
#include "unit/directory.h"

#include "base/file.h"
#include "artifacts/manifest.h"

#include <stdio.h>
#include <unistd.h>

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void a_directory_is_recorded_with_sizes_and_hashes(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct manifest m = MANIFEST_INIT;
	assert_int_equal(
		system("mkdir -p out/sub && cd out && printf abc >b.deb && : >'a b.deb' && "
		       ": >.hidden && : >sub/c && ln -s b.deb link"),
		0);
	assert_int_equal(manifest_take(&m, "out", &err), 0);
	assert_int_equal(m.count, 2);
	assert_string_equal(m.artifacts[0].name, "a b.deb");
	assert_string_equal(m.artifacts[0].sha256, EMPTY_HASH);
	assert_int_equal(m.artifacts[1].size, 3);
	assert_string_equal(m.artifacts[1].sha256,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(*m.directory, '/');
	assert_int_equal(manifest_take(&m, "out", &err), 0);
	assert_int_equal(m.count, 2);
	assert_int_equal(manifest_size(&m), 3);
	assert_ptr_equal(manifest_find(&m, "b.deb"), &m.artifacts[1]);
	assert_null(manifest_find(&m, "c.deb"));
	assert_int_equal(system("touch \"out/$(printf 'a\\nb')\""), 0);
	assert_int_equal(manifest_take(&m, "out", &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "is not a valid name for an artifact"));
	assert_int_equal(manifest_take(&m, "none", &err), ERR_NOT_FOUND);
	manifest_release(&m);
}

static void a_written_manifest_can_be_read(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct artifact artifacts[] = { { "a_1.0_all.deb", 12, EMPTY_HASH } };
	struct manifest read = MANIFEST_INIT,
			m = { .job = "job-1",
				.server = "build1",
				.status = "success",
				.type = "build",
				.reason = "exit code 1",
				.branch = "ma\"in",
				.directory = "/srv/out",
				.log = "build1/logs/20251029T120000Z.log",
				.created_at = 1761739200,
				.duration = 75,
				.artifacts = artifacts,
				.count = 1 };
	struct buf text = BUF_INIT;
	manifest_write(&m, &text);
	if (manifest_read(&read, text.data, text.len, "m", &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(read.job, m.job);
	assert_string_equal(read.server, m.server);
	assert_string_equal(read.status, m.status);
	assert_string_equal(read.type, m.type);
	assert_string_equal(read.reason, m.reason);
	assert_string_equal(read.branch, m.branch);
	assert_null(read.commit);
	assert_string_equal(read.directory, m.directory);
	assert_string_equal(read.log, m.log);
	assert_int_equal(read.created_at, m.created_at);
	assert_int_equal(read.duration, m.duration);
	assert_int_equal(read.count, 1);
	assert_string_equal(read.artifacts[0].name, artifacts[0].name);
	assert_int_equal(read.artifacts[0].size, 12);
	assert_string_equal(read.artifacts[0].sha256, EMPTY_HASH);
	manifest_release(&read);
	buf_release(&text);
}

#define HEAD(rest)                                                                                 \
	"{\"job\":\"1\",\"server\":\"a\",\"status\":\"success\",\"created_at\":"                   \
	"\"2025-10-29T12:00:00Z\"," rest "}"
#define NAMED(name)                                                                                \
	HEAD("\"artifacts\":[{\"size\":1,\"sha256\":\"" EMPTY_HASH "\",\"name\":\"" name "\"}]")

static void hostile_manifests_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ NAMED("../x"), "m:1:" },
		{ NAMED("a/b"), "must be a file name" },
		{ NAMED("a\\\\b"), "must be a file name" },
		{ NAMED(".."), "must be a file name" },
		{ NAMED(""), "must be a file name" },
		{ NAMED("-rf"), "must be a file name" },
		{ NAMED("a\\nb"), "must be a file name" },
		{ NAMED("a\\u001b[31m"), "must be a file name" },
		{ NAMED("a\\u009b31m"), "must be a file name" },
		{ NAMED("a\\u007f"), "must be a file name" },
		{ NAMED("a.deb.part"), "must be a file name" },
		{ NAMED("a\\u0000b"), "\"name\" must be a string" },
		{ HEAD("\"artifacts\":[{\"size\":-1,\"sha256\":\"" EMPTY_HASH "\"}]"),
			"\"size\" must be" },
		{ HEAD("\"artifacts\":[{\"size\":1,\"sha256\":\"x\"}]"),
			"64 lowercase hexadecimal digits" },
		{ HEAD("\"artifacts\":{}"), "\"artifacts\" must be a list" },
		{ HEAD("\"folder\":\"out\",\"artifacts\":[]"), "absolute path" },
		{ HEAD("\"log\":\"a/logs/../../x\",\"artifacts\":[]"), "logs/" },
		{ HEAD("\"log\":\"b/logs/x.log\",\"artifacts\":[]"), "logs/" },
		{ "{\"job\":\"1\",\"server\":\"../a\",\"status\":\"failed\"}",
			"is not a valid server ID" },
		{ "{\"job\":\"../1\",\"server\":\"a\",\"status\":\"failed\"}", "\"job\" cannot" },
		{ "{\"job\":\"1\",\"server\":\"a\",\"status\":\"ok\"}", "success or failed" },
		{ "{\"job\":1}", "m:1:8: \"job\" must be a string" },
		{ "[]", "a manifest must be an object" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct error err = ERROR_INIT;
		struct manifest m = MANIFEST_INIT;
		int rc = manifest_read(&m, cases[i].text, strlen(cases[i].text), "m", &err);
		if (rc != ERR_INVALID || !strstr(err.text, cases[i].error))
			fail_msg("case %zu says %d: %s", i, rc, err.text);
		assert_null(m.job);
	}
	struct error err = ERROR_INIT;
	struct manifest m = MANIFEST_INIT;
	static const char more[] = HEAD("\"artifacts\":[],\"new\":[1]");
	assert_int_equal(manifest_read(&m, more, strlen(more), "m", &err), 0);
	assert_int_equal(m.duration, -1);
	manifest_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_directory_is_recorded_with_sizes_and_hashes),
		cmocka_unit_test(a_written_manifest_can_be_read),
		cmocka_unit_test(hostile_manifests_are_refused),
	};
	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
