/* git-build/cli/print.h: content of a repository reaches the terminal as text, in aligned columns. */
#include "unit/unit.h"

/* The command is not part of the library: its file is compiled in. */
#include "cli/print.c"

#include <unistd.h>

static void assert_shown(const char *text, size_t len, bool lines, const char *expected)
{
	struct buf out = BUF_INIT;
	escape_add(&out, text, len, lines);
	assert_string_equal(out.data, expected);
	buf_release(&out);
}

#define SHOWN(text, expected) assert_shown(text, sizeof(text) - 1, false, expected)

static void control_characters_are_escaped(void **state)
{
	(void)state;
	SHOWN("plain \303\244\342\202\254", "plain \303\244\342\202\254");
	SHOWN("\033[2J\a\r\n\t", "\\x1b[2J\\a\\r\\n\\t");
	SHOWN("a\0b", "a\\x00b");
	SHOWN("\302\233", "\\u009b");                   /* CSI in one character */
	SHOWN("\342\200\256gnp.exe", "\\u202egnp.exe"); /* right to left */
	SHOWN("\377\300\200", "\\xff\\xc0\\x80");       /* invalid UTF-8 */
	assert_shown("a\n\tb\033", 5, true, "a\n\tb\\x1b");
}

static void width_counts_columns_and_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(show_width("abc", 3), 3);
	assert_int_equal(show_width("\303\244\303\266", 4), 2);
	assert_int_equal(show_width("\346\227\245\346\234\254", 6), 4); /* two wide characters */
	assert_int_equal(show_width("e\314\201", 3), 1);                /* a combining accent */
	assert_int_equal(show_width("", 0), 0);
}

/* The output of `show`, as a string that the caller frees. */
static char *captured(void (*show)(void))
{
	char path[] = "/tmp/git-build-show.XXXXXX";
	int file = mkstemp(path), before = dup(STDOUT_FILENO);
	unlink(path);
	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	show();
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	close(before);
	off_t size = lseek(file, 0, SEEK_END);
	char *text = xcalloc(1, (size_t)size + 1);
	ssize_t got = pread(file, text, (size_t)size, 0);
	close(file);
	assert_int_equal(got, size);
	return text;
}

static void print_table(bool colour)
{
	struct table table;
	table_init(&table, TITLES("ONE", "TWO"));
	table_add(&table, SHOW_RED, "\303\244");
	table_add(&table, SHOW_PLAIN, "x\ny");
	table_add(&table, SHOW_PLAIN, "longer");
	table_add(&table, SHOW_PLAIN, NULL);
	table_end(&table, true, colour);
}

static void print_plain(void)
{
	print_table(false);
}

static void print_coloured(void)
{
	print_table(true);
}

static void columns_line_up(void **state)
{
	(void)state;
	char *text = captured(print_plain);
	assert_string_equal(text, "ONE     TWO\n\303\244       x\\ny\nlonger  -\n");
	free(text);
}

static void color_does_not_move_columns(void **state)
{
	(void)state;
	char *text = captured(print_coloured);
	assert_string_equal(text,
		"\033[2mONE\033[m     \033[2mTWO\033[m\n"
		"\033[31m\303\244\033[m       x\\ny\nlonger  -\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(width_counts_columns_and_not_bytes),
		cmocka_unit_test(columns_line_up),
		cmocka_unit_test(color_does_not_move_columns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
