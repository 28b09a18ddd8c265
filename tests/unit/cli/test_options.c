/* git-build/cli/options.h and base/nearest.h: which command lines are accepted, and the errors for
 * others. */
#include "unit/unit.h"

/* The command is not part of the library: its file is compiled in. */
#include "cli/options.c"

#include "base/nearest.h"

#include <limits.h>
#include <stdio.h>

struct given {
	bool loop, push, no_backup;
	const char *server, *every;
	int64_t count;
};

static const struct option own[] = {
	OPT_FLAG('l', "loop", struct given, loop, "again and again"),
	OPT_FLAG('p', "push", struct given, push, "at once"),
	OPT_FLAG(0, "no-backup", struct given, no_backup, "without a net"),
	OPT_STRING('s', "server", "ID", struct given, server, "which"),
	OPT_NUMERAL(0, "push-every", "N", struct given, every, 1, 10, "how often"),
	OPT_NUMBER('n', "count", "N", struct given, count, -5, 100, "how many"),
	OPT_END,
};
static const struct option common[] = {
	{ .kind = OPTION_DIRECTORY, .letter = 'C', .value = "DIR", .help = "where" },
	{ .kind = OPTION_HELP, .letter = 'h', .help = "this" },
	{ .kind = OPTION_MANUAL, .name = "help", .help = "all" },
	OPT_END,
};

enum { MOST_WORDS = 16 };

/* One parse: the options, the operands, and the error. */
struct parse {
	struct given given;
	char *words[MOST_WORDS];
	struct operands rest;
	struct error err;
	int rc;
};

/* Parse the words of `line`, which are separated by single spaces. */
static struct parse *parse(const char *line, bool stop)
{
	static struct parse p;
	static char text[512];
	p = (struct parse){ .err = ERROR_INIT };
	snprintf(text, sizeof(text), "%s", line);
	for (char *word = text, *next; word && *word; word = next) {
		next = strchr(word, ' ');
		if (next)
			*next++ = '\0';
		p.words[p.rest.count++] = word;
	}
	p.rest.words = p.words;
	struct option_group groups[] = { { own, &p.given }, { common, NULL }, { NULL, NULL } };
	p.rc = options_parse(groups, &p.rest, stop, &p.err);
	return &p;
}

static void a_value_is_in_the_same_word_or_the_next(void **state)
{
	(void)state;
	static const char *const lines[] = { "--server=b1", "--server b1", "-sb1", "-s b1",
		"--ser=b1", "-lsb1", "-ls b1" };
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct parse *p = parse(lines[i], false);
		assert_int_equal(p->rc, 0);
		assert_string_equal(p->given.server, "b1");
		assert_int_equal(p->rest.count, 0);
	}
	assert_string_equal(parse("--server=", false)->given.server, "");
	assert_string_equal(parse("--server --loop", false)->given.server, "--loop");
	assert_string_equal(parse("--server=a=b", false)->given.server, "a=b");
}

/* The first word of `line` that options_find_operand() takes for an operand; NULL: none. */
static const char *first_operand(const char *line)
{
	struct parse *p = parse("", false);
	static char text[512];
	struct operands words = { p->words, 0 };
	struct option_group groups[] = { { own, NULL }, { common, NULL }, { NULL, NULL } };
	snprintf(text, sizeof(text), "%s", line);
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		words.words[words.count++] = word;
	int at = options_find_operand(groups, &words);
	return at < 0 ? NULL : words.words[at];
}

static void the_first_operand_is_found_before_parsing(void **state)
{
	(void)state;
	static const char *const lines[] = { "list", "--loop list", "--server b1 list",
		"--server=b1 list", "--ser b1 list", "-s b1 list", "-sb1 list", "-ls b1 list",
		"-lp list", "-- list", "--unknown list", "-Cx list more", "-C x list --server y" };
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_string_equal(first_operand(lines[i]), "list");
	assert_null(first_operand("--server list"));
	assert_null(first_operand("-s list"));
	assert_null(first_operand("--loop --"));
	assert_null(first_operand("--loop -h"));
	assert_string_equal(first_operand("-"), "-");
}

/* Fails at "bad", and notes the words. */
static struct buf checked = BUF_INIT;
static int check_word(const char *word, struct error *err)
{
	buf_addf(&checked, "[%s]", word);
	return strcmp(word, "bad") ? 0 : error_set(err, ERR_INVALID, "bad word");
}

static void each_word_of_a_list_is_checked_up_to_the_first_bad_one(void **state)
{
	struct option_list list = { .items = { "a,bc", "d,,e", "f" }, .count = 3 };
	struct option_list wrong = { .items = { "a,bad", "b" }, .count = 2 };
	(void)state;
	assert_int_equal(option_list_check(&list, check_word, NULL), 0);
	assert_string_equal(checked.data, "[a][bc][d][][e][f]");
	buf_reset(&checked);
	assert_int_equal(option_list_check(&wrong, check_word, NULL), ERR_INVALID);
	assert_string_equal(checked.data, "[a][bad]");
	buf_release(&checked);
}

static void a_list_collects_the_values_of_all_its_options(void **state)
{
	(void)state;
	struct option_list none = { .count = 0 };
	struct option_list list = { .items = { "a,bc", "", "d,,e," }, .count = 3 };
	assert_true(option_list_has(&none, ",", "a"));
	assert_true(option_list_has(&none, ",", NULL));
	assert_false(option_list_has(&list, ",", NULL));
	static const char *const in[] = { "a", "bc", "d", "e" };
	for (size_t i = 0; i < sizeof(in) / sizeof(*in); i++)
		assert_true(option_list_has(&list, ",", in[i]));
	static const char *const out[] = { "b", "c", "a,bc", "", "A" };
	for (size_t i = 0; i < sizeof(out) / sizeof(*out); i++)
		assert_false(option_list_has(&list, ",", out[i]));
	assert_true(option_list_has(&list, "", "a,bc"));
}

/* Parses `count` options "--id=x". */
static int parse_list(struct option_list *list, int count, struct error *err)
{
	static const struct option table[] = {
		{ .kind = OPTION_LIST, .name = "id", .value = "ID", .help = "which" },
		OPT_END,
	};
	static char word[] = "--id=x";
	char *words[OPTION_LIST_MOST + 1];
	struct operands operands = { words, count };
	struct option_group groups[] = { { table, list }, { NULL, NULL } };
	for (int i = 0; i < count; i++)
		words[i] = word;
	return options_parse(groups, &operands, false, err);
}

static void a_list_that_is_too_long_is_an_error(void **state)
{
	(void)state;
	struct option_list list = { .count = 0 };
	struct error err = ERROR_INIT;
	assert_int_equal(parse_list(&list, OPTION_LIST_MOST, &err), 0);
	assert_int_equal(list.count, OPTION_LIST_MOST);
	list.count = 0;
	assert_int_equal(parse_list(&list, OPTION_LIST_MOST + 1, &err), ERR_INVALID);
	assert_string_equal(err.text, "option '--id' is given more than 32 times");
	assert_int_equal(list.count, OPTION_LIST_MOST);
}

static void flags_can_be_cancelled(void **state)
{
	(void)state;
	assert_true(parse("--loop", false)->given.loop);
	assert_false(parse("--loop --no-loop", false)->given.loop);
	assert_false(parse("--loop --no-lo", false)->given.loop);
	assert_true(parse("--no-backup", false)->given.no_backup);
	assert_false(parse("--no-backup --backup", false)->given.no_backup);
	struct parse *p = parse("-lp", false);
	assert_true(p->given.loop && p->given.push);
}

static void operands_keep_their_order_between_options(void **state)
{
	(void)state;
	struct parse *p = parse("one --loop two -n 3 - -- --push -x", false);
	assert_int_equal(p->rc, 0);
	assert_int_equal(p->rest.count, 5);
	assert_string_equal(p->rest.words[0], "one");
	assert_string_equal(p->rest.words[1], "two");
	assert_string_equal(p->rest.words[2], "-");
	assert_string_equal(p->rest.words[3], "--push");
	assert_string_equal(p->rest.words[4], "-x");
	assert_true(p->given.loop);
	assert_false(p->given.push);
	assert_int_equal(p->given.count, 3);
}

static void the_first_operand_ends_options_before_a_subcommand(void **state)
{
	(void)state;
	struct parse *p = parse("--loop status --push", true);
	assert_int_equal(p->rc, 0);
	assert_int_equal(p->rest.count, 2);
	assert_string_equal(p->rest.words[0], "status");
	assert_false(p->given.push);
}

static void an_exact_name_has_priority_over_a_longer_one(void **state)
{
	(void)state;
	struct parse *p = parse("--push", false);
	assert_int_equal(p->rc, 0);
	assert_true(p->given.push);
	p = parse("--push-e 4", false);
	assert_int_equal(p->rc, 0);
	assert_string_equal(p->given.every, "4");
	p = parse("--pu", false);
	assert_int_equal(p->rc, ERR_INVALID);
	assert_string_equal(
		p->err.text, "ambiguous option '--pu' (could be '--push' or '--push-every')");
}

static void numbers_are_whole_and_within_their_range(void **state)
{
	(void)state;
	assert_int_equal(parse("--count -5", false)->given.count, -5);
	assert_int_equal(parse("-n100", false)->given.count, 100);
	static const char *const wrong[] = { "-n 101", "-n -6", "-n 1x", "-n x", "-n +1",
		"--count=", "-n 99999999999999999999", "-n 1.0", "--push-every 0",
		"--push-every=11", "--push-every= 1" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(parse(wrong[i], false)->rc, ERR_INVALID);
	assert_string_equal(parse("--count 1x", false)->err.text,
		"--count takes a whole number from -5 to 100, not '1x'");
}

static void a_mistyped_option_gets_a_suggestion(void **state)
{
	(void)state;
	static const struct {
		const char *line, *text;
	} cases[] = {
		{ "--sevrer=b1", "unknown option '--sevrer' (did you mean '--server'?)" },
		{ "--lop", "unknown option '--lop' (did you mean '--loop'?)" },
		{ "--zzz", "unknown option '--zzz'" },
		{ "-lx", "unknown option '-x' in '-lx'" },
		{ "--server", "option '--server' needs a value" },
		{ "-s", "option '-s' needs a value" },
		{ "--loop=yes", "option '--loop' takes no value" },
		{ "--no-server", "unknown option '--no-server'" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct parse *p = parse(cases[i].line, false);
		assert_int_equal(p->rc, ERR_INVALID);
		assert_string_equal(p->err.text, cases[i].text);
	}
}

static void help_ends_parsing_immediately(void **state)
{
	(void)state;
	assert_int_equal(parse("--loop -h --nonsense", false)->rc, OPTIONS_HELP);
	assert_int_equal(parse("x --help --nonsense", false)->rc, OPTIONS_MANUAL);
	assert_int_equal(parse("-lh", false)->rc, OPTIONS_HELP);
}

static void directories_are_cumulative(void **state)
{
	(void)state;
	char before[PATH_MAX], now[PATH_MAX];
	assert_non_null(getcwd(before, sizeof(before)));
	struct parse *p = parse("-C / -Cproc --loop -C self/task", false);
	assert_int_equal(p->rc, 0);
	assert_non_null(getcwd(now, sizeof(now)));
	assert_non_null(strstr(now, "/task"));
	p = parse("-C /no/such/folder", false);
	assert_int_equal(p->rc, ERR_FAILED);
	assert_non_null(strstr(p->err.text, "/no/such/folder"));
	assert_int_equal(chdir(before), 0);
}

static void hostile_words_are_only_words(void **state)
{
	(void)state;
	char name[300] = "--", *words[1];
	memset(name + 2, 'a', sizeof(name) - 3);
	words[0] = name;
	struct given given = { 0 };
	struct error err = ERROR_INIT;
	struct operands operands = { words, 1 };
	struct option_group groups[] = { { own, &given }, { NULL, NULL } };
	assert_int_equal(options_parse(groups, &operands, false, &err), ERR_INVALID);
	assert_int_equal(parse("--%s%n", false)->rc, ERR_INVALID);
	assert_string_equal(parse("--%s%n", false)->err.text, "unknown option '--%s%n'");
	assert_int_equal(parse("--=x", false)->rc, ERR_INVALID);
	assert_int_equal(parse("-\xff", false)->rc, ERR_INVALID);
}

static void usage_breaks_long_lines_between_words(void **state)
{
	(void)state;
	static const struct option wordy[] = {
		OPT_FLAG('v', "a-very-long-name-for-a-flag", struct given, loop,
			"a text that goes on and on until it does not fit any more on its line"),
		{ .kind = OPTION_FLAG, .name = "hidden" },
		OPT_END,
	};
	struct option_group groups[] = { { wordy, NULL }, { NULL, NULL } };
	struct buf out = BUF_INIT;
	options_usage(groups, &out);
	assert_string_equal(out.data,
		"    -v, --a-very-long-name-for-a-flag\n"
		"                            a text that goes on and on until it does not fit any\n"
		"                            more on its line\n");
	buf_release(&out);
}

static void a_suggestion_is_similar_or_missing(void **state)
{
	(void)state;
	static const struct {
		const char *typed, *nearest;
	} cases[] = { { "heartbeet", "heartbeat" }, { "haertbeat", "heartbeat" },
		{ "stat", "status" }, { "stauts", "status" }, { "squish", "squash" }, { "x", NULL },
		{ "", NULL }, { "beat", NULL }, { "configuration", NULL } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nearest nearest = NEAREST_INIT(cases[i].typed);
		nearest_try(&nearest, "init");
		nearest_try(&nearest, "status");
		nearest_try(&nearest, "heartbeat");
		nearest_try(&nearest, "squash");
		if (cases[i].nearest)
			assert_string_equal(nearest.word, cases[i].nearest);
		else
			assert_null(nearest.word);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_in_the_same_word_or_the_next),
		cmocka_unit_test(the_first_operand_is_found_before_parsing),
		cmocka_unit_test(a_list_collects_the_values_of_all_its_options),
		cmocka_unit_test(a_list_that_is_too_long_is_an_error),
		cmocka_unit_test(flags_can_be_cancelled),
		cmocka_unit_test(operands_keep_their_order_between_options),
		cmocka_unit_test(the_first_operand_ends_options_before_a_subcommand),
		cmocka_unit_test(an_exact_name_has_priority_over_a_longer_one),
		cmocka_unit_test(numbers_are_whole_and_within_their_range),
		cmocka_unit_test(a_mistyped_option_gets_a_suggestion),
		cmocka_unit_test(help_ends_parsing_immediately),
		cmocka_unit_test(directories_are_cumulative),
		cmocka_unit_test(hostile_words_are_only_words),
		cmocka_unit_test(usage_breaks_long_lines_between_words),
		cmocka_unit_test(a_suggestion_is_similar_or_missing),
		cmocka_unit_test(each_word_of_a_list_is_checked_up_to_the_first_bad_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
