/* git-build/builds/log_text.h: the part of a log that reaches a terminal, however the log is split. */
#include "unit/unit.h"

/* The command is not part of the library: its files are compiled in. */
#include "builds/log_text.c"
#include "cli/print.c"

#include <stdio.h>

/* The log, shown in pieces of `size` bytes. */
static void show_in_pieces(const char *log, size_t size, struct buf *out)
{
	struct log_text text = LOG_TEXT_INIT;
	size_t len = strlen(log);
	for (size_t i = 0; i < len; i += size)
		log_text_add(&text, log + i, len - i < size ? len - i : size, out);
	log_text_end(&text, out);
}

static void a_terminal_gets_only_printable_text(void **state)
{
	(void)state;
	static const struct {
		const char *log, *shown;
	} cases[] = {
		{ "one\ntwo\n", "one\ntwo\n" },
		{ "no end", "no end\n" },
		{ "\n\na\n", "\n\na\n" },
		{ "tab\there\n", "tab\there\n" },
		{ "\033[1;31mred\033[0m.\n", "red.\n" },
		{ "\033]0;title\007a\033]8;;http://x\033\\b\n", "ab\n" },
		{ "\033P1$r0m\033\\a\033(Bb\033cc\n", "abc\n" },
		{ "a\033", "a\n" },
		{ "a\033[31", "a\n" },
		{ "a\033]0;no end\n", "a\n" },
		{ "bell\a\x7f\n", "bell\\a\\x7f\n" },
		{ "\xc2\x9b"
		  "31m\xff\n",
			"\\u009b31m\\xff\n" },
		{ "dos\r\nlines\r\n\r\n", "dos\nlines\n\n" },
		{ " 10%\r 20%\r\n", " 10%\n 20%\n" },
		{ "gr\xc3\xbc\xc3\x9f\xe2\x82\xac\n", "gr\xc3\xbc\xc3\x9f\xe2\x82\xac\n" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t size = 1; size < 5; size++) {
			struct buf out = BUF_INIT;
			show_in_pieces(cases[i].log, size, &out);
			if (strcmp(out.data, cases[i].shown) != 0)
				fail_msg("case %zu in pieces of %zu says\n%s", i, size, out.data);
			buf_release(&out);
		}
}

static void raw_prints_every_byte(void **state)
{
	(void)state;
	struct log_text text = LOG_TEXT_INIT;
	struct buf out = BUF_INIT;
	text.raw = true;
	log_text_add(&text, "a\033[1m\0b", 7, &out);
	log_text_end(&text, &out);
	assert_int_equal(out.len, 7);
	assert_memory_equal(out.data, "a\033[1m\0b", 7);
	buf_release(&out);
}

static void an_endless_line_is_shown_in_parts(void **state)
{
	(void)state;
	struct log_text text = LOG_TEXT_INIT;
	struct buf out = BUF_INIT;
	for (int i = 0; i < 100000; i++)
		log_text_add(&text, "x", 1, &out);
	assert_true(out.len > 60000);
	log_text_end(&text, &out);
	assert_true(out.len > 100000);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_gets_only_printable_text),
		cmocka_unit_test(raw_prints_every_byte),
		cmocka_unit_test(an_endless_line_is_shown_in_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
