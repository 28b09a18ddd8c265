/* format/pattern.h: ECMA-262 semantics with PCRE2. */
#include "unit/unit.h"

#include "format/pattern.h"

#include <stdio.h>

static int matches(const char *pattern, const char *text, size_t len)
{
	struct pattern *compiled;
	struct error err = ERROR_INIT;
	if (pattern_compile(&compiled, pattern, strlen(pattern), &err) < 0)
		fail_msg("%s: %s", pattern, err.text);
	int rc = pattern_matches(compiled, text, len, &err);
	pattern_free(compiled);
	return rc;
}

static void escapes_have_the_meaning_of_ecma_262(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *yes, *no;
	} cases[] = {
		{ "^\\d$", "7", "\u0667" },
		{ "^\\D$", "\u0667", "7" },
		{ "^[\\d]$", "7", "\u0667" },
		{ "^[^\\d]$", "\u0667", "7" },
		{ "^[\\D]$", "x", "7" },
		{ "^\\w$", "_", "\u00e9" },
		{ "^\\W$", "\u00e9", "_" },
		{ "^[\\W]$", "\u00e9", "_" },
		{ "^[\\w-]$", "-", "+" },
		{ "^\\s$", "\u3000", "\u180e" },
		{ "^\\S$", "\u180e", "\u3000" },
		{ "^[\\s]$", "\ufeff", "x" },
		{ "^[\\S]$", "x", "\u00a0" },
		{ "^\\v$", "\v", "\n" },
		{ "^\\t\\n\\r\\f$", "\t\n\r\f", "tnrf" },
		{ "^\\cA$", "\001", "cA" },
		{ "^\\x41\\u0042\\u{43}$", "ABC", "abc" },
		{ "^\\ud83d\\udca9$", "\xf0\x9f\x92\xa9", "x" },
		{ "^[\\b]$", "\b", "b" },
		{ "a\\b", "a", "ab" },
		{ "^.$", "\xc2\x85", "\xe2\x80\xa8" },
		{ "^[^]$", "\n", "" },
		{ "^a|[]$", "a", "x" },
		{ "^[[a]]$", "[]", "a" },
		{ "^[[:alpha:]]$", "a]", "b" },
		{ "^\\/\\-\\.$", "/-.", "\\/" },
		{ "^(?<x>a|b)\\k<x>$", "aa", "ab" },
		{ "^(a)\\1$", "aa", "a1" },
		{ "^\\p{Lu}\\p{Uppercase_Letter}\\P{gc=Lu}$", "ABc", "ABC" },
		{ "^\\p{Script=Greek}$", "\u03bb", "l" },
		{ "^\\p{sc=Latin}$", "l", "\u03bb" },
		{ "^\\p{scx=Deva}$", "\u0964", "l" },
		{ "^[\\p{L}]$", "\u00e9", "1" },
		{ "a{2}", "aa", "a{2}" },
		{ "^a{,2}$", "a{,2}", "aa" },
		{ "^a{$", "a{", "a" },
		{ "^a+?$", "aaa", "" },
		{ "(?=a)(?!b)(?<=)(?<!b)a", "a", "b" },
		{ "^x$", "x", "x\n" },
		{ "b$", "a\nb", "b\na" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (matches(cases[i].pattern, cases[i].yes, strlen(cases[i].yes)) != 1)
			fail_msg("%s does not match %s", cases[i].pattern, cases[i].yes);
		if (matches(cases[i].pattern, cases[i].no, strlen(cases[i].no)) != 0)
			fail_msg("%s matches %s", cases[i].pattern, cases[i].no);
	}
	assert_int_equal(matches("^a\\0b$", "a\0b", 3), 1);
	assert_int_equal(matches("^.{3}$", "a\0b", 3), 1);
}

static void invalid_patterns_are_refused_with_a_location(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *why;
	} cases[] = {
		{ "\\A", "unknown escape in ECMA-262, at character 1" },
		{ "a\\Z", "unknown escape in ECMA-262, at character 2" },
		{ "\\Qa", "unknown escape in ECMA-262, at character 1" },
		{ "\\h", "unknown escape in ECMA-262, at character 1" },
		{ "\\", "stray backslash at character 1" },
		{ "ab\\x4", "a numeric escape requires hexadecimal digits at character 3" },
		{ "\\u{110000}", "an escape is not a valid character at character 1" },
		{ "\\ud800", "an escape is not a valid character at character 1" },
		{ "\\c1", "\\c requires a letter at character 1" },
		{ "\\pL", "\\p requires a property in braces, as in \\p{Letter}, at character 1" },
		{ "\\p{^L}", "unknown property, at character 1" },
		{ "\\p{Block=Greek}", "unknown property, at character 1" },
		{ "(?i)a", "unknown kind of group in ECMA-262, at character 1" },
		{ "a(?>b)", "unknown kind of group in ECMA-262, at character 2" },
		{ "(*ACCEPT)", "unknown kind of group in ECMA-262, at character 1" },
		{ "(?R)", "unknown kind of group in ECMA-262, at character 1" },
		{ "(?<", "unknown kind of group in ECMA-262, at character 1" },
		{ "(?C1)", "unknown kind of group in ECMA-262, at character 1" },
		{ "a++", "a quantifier has nothing to repeat at character 3" },
		{ "a{2}{3}", "a quantifier has nothing to repeat at character 5" },
		{ "a???", "a quantifier has nothing to repeat at character 4" },
		{ "(", "missing closing parenthesis" },
		{ ")", "unmatched closing parenthesis" },
		{ "[a", "missing terminating ] for character class" },
		{ "[b-a]", "range out of order in character class" },
		{ "*", "quantifier does not follow a repeatable item" },
		{ "(?<=a+)b", "lookbehind assertion is not fixed length" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pattern *pattern;
		struct error err = ERROR_INIT;
		const char *text = cases[i].pattern;
		assert_int_equal(pattern_compile(&pattern, text, strlen(text), &err), ERR_INVALID);
		if (strcmp(err.text, cases[i].why) != 0)
			fail_msg(
				"%s\n  error:    %s\n  expected: %s", text, err.text, cases[i].why);
	}
}

static void a_pattern_has_limits(void **state)
{
	(void)state;
	struct pattern *pattern;
	struct error err = ERROR_INIT;
	size_t len = 70000;
	char *text = malloc(len);
	memset(text, 'a', len);
	assert_int_equal(pattern_compile(&pattern, text, len, &err), ERR_INVALID);
	assert_string_equal(err.text, "the pattern is longer than 65536 bytes");
	memset(text, '(', 1000);
	assert_int_equal(pattern_compile(&pattern, text, 1000, &err), ERR_INVALID);
	free(text);
	pattern_free(NULL);
}

/* Long texts that need no backtracking do not reach the limit. */
static void long_texts_are_matched(void **state)
{
	(void)state;
	size_t len = 500000;
	char *text = malloc(len);
	memset(text, 'a', len);
	assert_int_equal(matches("^[a-z]*$", text, len), 1);
	text[len - 1] = '1';
	assert_int_equal(matches("^[a-z]*$", text, len), 0);
	assert_int_equal(matches("^(?:a|b)*$", text, 100000), 1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_have_the_meaning_of_ecma_262),
		cmocka_unit_test(invalid_patterns_are_refused_with_a_location),
		cmocka_unit_test(a_pattern_has_limits),
		cmocka_unit_test(long_texts_are_matched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
