/* The lines that a client and the shared repository exchange. */
#include "../unit.h"

#include "request/exchange.h"

#include <stdlib.h>
#include <string.h>

#define ID "12345678-1234-4123-8123-123456789abc"
#define REQUEST                                                                                    \
	"{\"operation\": \"lock acquire\", \"id\": \"" ID                                          \
	"\", \"server\": \"build1\", \"time\": \"2026-01-01T00:00:00Z\"}"

static const struct oid SINCE = { "1234567890123456789012345678901234567890" };

static void a_request_is_one_line_and_is_read_again(void **state)
{
	struct buf line = BUF_INIT, request = BUF_INIT;
	struct asked asked;
	struct error err = ERROR_INIT;
	(void)state;
	buf_addstr(&request,
		"{\n  \"operation\": \"message send\",\n  \"id\": \"" ID
		"\",\n  \"server\": \"build1\",\n  \"body\": \"a\\n  b\",\n  "
		"\"time\": \"2026-01-01T00:00:00Z\"\n}\n");
	asked_write(&line, &request, &SINCE, true, "fleet");
	assert_null(strchr(line.data, '\n'));
	assert_int_equal(asked_read(&asked, line.data, line.len, &err), 0);
	assert_string_equal(asked.id, ID);
	assert_string_equal(asked.request.server, "build1");
	assert_string_equal(request_string(&asked.request, "body"), "a\n  b");
	assert_true(asked.apply);
	assert_string_equal(asked.branch, "fleet");
	assert_true(oid_equal(&asked.since, &SINCE));
	asked_release(&asked);
	buf_release(&line);
	buf_release(&request);
}

static void an_invalid_line_is_an_error(void **state)
{
	static const char *const lines[] = { "", "x", "[]", "{}", "{\"version\":1}",
		"{\"version\":2,\"since\":null,\"apply\":true,\"request\":" REQUEST "}",
		"{\"version\":1,\"since\":\"main\",\"apply\":true,\"request\":" REQUEST "}",
		"{\"version\":1,\"since\":1,\"apply\":true,\"request\":" REQUEST "}",
		"{\"version\":1,\"since\":null,\"request\":" REQUEST "}",
		"{\"version\":1,\"since\":null,\"apply\":true,\"request\":[]}",
		"{\"version\":1,\"since\":null,\"apply\":true,\"request\":{\"id\":\"x\\n" ID "\"}}",
		"{\"version\":1,\"since\":null,\"apply\":true,\"request\":{\"id\":\"" ID "\"}}" };
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct asked asked;
		struct error err = ERROR_INIT;
		assert_int_equal(asked_read(&asked, lines[i], strlen(lines[i]), &err), ERR_INVALID);
		assert_true(*err.text);
		asked_release(&asked);
	}
}

static void an_answer_is_one_line_and_is_read_again(void **state)
{
	struct buf line = BUF_INIT;
	struct answered answered = ANSWERED_INIT, again = ANSWERED_INIT;
	(void)state;
	answered.verdict = VERDICT_DONE;
	answered.commit = SINCE;
	buf_addstr(&answered.answer, "{\n  \"name\": \"a b\"\n}");
	buf_addstr(&answered.reason, "two\nlines");
	answered_write(&line, ID, &answered);
	assert_null(strchr(line.data, '\n'));
	char *id = answered_read(&again, line.data, line.len);
	assert_string_equal(id, ID);
	assert_int_equal(again.verdict, VERDICT_DONE);
	assert_true(oid_equal(&again.commit, &SINCE));
	assert_string_equal(again.answer.data, "{\"name\": \"a b\"}");
	assert_string_equal(again.reason.data, "two\nlines");
	free(id);
	answered_release(&answered);
	answered_release(&again);
	buf_release(&line);
}

static void a_line_that_is_not_an_answer_is_ignored(void **state)
{
	static const char *const lines[] = { "", "x", "{}",
		"{\"version\":1,\"id\":\"" ID "\",\"verdict\":\"perhaps\"}",
		"{\"version\":2,\"id\":\"" ID "\",\"verdict\":\"done\"}",
		"{\"version\":1,\"id\":\"" ID "\",\"verdict\":\"done\",\"commit\":\"x\"}",
		"{\"version\":1,\"id\":1,\"verdict\":\"done\"}" };
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct answered answered = ANSWERED_INIT;
		assert_null(answered_read(&answered, lines[i], strlen(lines[i])));
		answered_release(&answered);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_one_line_and_is_read_again),
		cmocka_unit_test(an_invalid_line_is_an_error),
		cmocka_unit_test(an_answer_is_one_line_and_is_read_again),
		cmocka_unit_test(a_line_that_is_not_an_answer_is_ignored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
