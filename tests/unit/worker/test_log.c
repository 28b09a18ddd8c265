/* The log of a build: what is blanked out or omitted, wherever the output is split. */
#include "unit/unit.h"

#include "base/buf.h"
#include "base/file.h"
#include "worker/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/git-build-log.XXXXXX";

static int make_file(void **state)
{
	(void)state;
	int fd = mkstemp(path);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

/* The log of `text`, written in pieces of `piece` bytes. */
static void write_log(const char *text, size_t len, size_t piece, int64_t limit,
	const struct secrets *secrets, struct buf *out)
{
	struct build_log log;
	struct error err = ERROR_INIT;
	unlink(path);
	assert_int_equal(build_log_open(&log, path, limit, secrets, &err), 0);
	for (size_t at = 0; at < len; at += piece)
		build_log_add(&log, text + at, len - at < piece ? len - at : piece);
	build_log_close(&log);
	buf_reset(out);
	assert_int_equal(file_read(out, path, 1 << 24, &err), 0);
}

static void secrets_are_blanked_however_the_output_is_split(void **state)
{
	(void)state;
	static const char text[] =
		"a hunter2 b hunter22 hunthunter2hunter hunter2hunter22\nhunter2";
	static const char expected[] = "a [redacted] b [redacted] hunt[redacted]hunter "
				       "[redacted][redacted]\n[redacted]";
	struct secrets secrets = { 0 };
	struct buf out = BUF_INIT;
	secrets_add(&secrets, "hunter2");
	secrets_add(&secrets, "hunter22");
	for (size_t piece = 1; piece <= sizeof(text); piece++) {
		write_log(text, strlen(text), piece, 1 << 20, &secrets, &out);
		assert_string_equal(out.data, expected);
	}
	secrets_release(&secrets);
	buf_release(&out);
}

static void short_texts_are_not_secrets_and_variables_are_found_by_name(void **state)
{
	(void)state;
	static char *environment[] = { "MY_TOKEN=tok-1", "OTHER=value", "A_TOKEN=abc", "TOKEN",
		NULL };
	struct secrets secrets = { 0 };
	secrets_add(&secrets, "abc");
	assert_int_equal(secrets.count, 0);
	secrets_add_environment(&secrets, environment, "*_TOKEN");
	assert_int_equal(secrets.count, 1);
	assert_string_equal(secrets.texts[0], "tok-1");
	secrets_release(&secrets);
}

static void the_beginning_and_the_end_are_kept(void **state)
{
	(void)state;
	enum { LIMIT = 4096, LINES = 20000 };
	struct secrets none = { 0 };
	struct buf text = BUF_INIT, out = BUF_INIT;
	for (int i = 0; i < LINES; i++)
		buf_addf(&text, "line %d\n", i);
	for (size_t piece = 1; piece < text.len; piece = piece * 7 + 3) {
		long lost = 0;
		write_log(text.data, text.len, piece, LIMIT, &none, &out);
		assert_true(out.len <= LIMIT);
		assert_memory_equal(out.data, text.data, LIMIT / 2);
		const char *gap = strstr(out.data, "\n[");
		assert_non_null(gap);
		assert_int_equal(sscanf(gap, "\n[%ld bytes omitted]\n", &lost), 1);
		const char *end = strchr(gap + 1, '\n') + 1;
		size_t kept = out.len - (size_t)(end - out.data);
		assert_memory_equal(end, text.data + text.len - kept, kept);
		assert_int_equal(lost, (long)(text.len - LIMIT / 2 - kept));
	}
	buf_release(&text);
	buf_release(&out);
}

static void a_log_continues_after_the_last_one(void **state)
{
	(void)state;
	struct secrets none = { 0 };
	struct build_log log;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	unlink(path);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(build_log_open(&log, path, 1 << 20, &none, &err), 0);
		build_log_addf(&log, "step %d\n", i);
		build_log_close(&log);
		build_log_close(&log);
	}
	assert_int_equal(file_read(&out, path, 1 << 20, &err), 0);
	assert_string_equal(out.data, "step 0\nstep 1\nstep 2\n");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_blanked_however_the_output_is_split),
		cmocka_unit_test(short_texts_are_not_secrets_and_variables_are_found_by_name),
		cmocka_unit_test(the_beginning_and_the_end_are_kept),
		cmocka_unit_test(a_log_continues_after_the_last_one),
	};
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
