/* Included first by every unit test: cmocka, and the headers that must precede it. */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

/*
 * The milliseconds to wait for something that takes `ms` on an idle machine. It can take ten
 * times as long on a busy one, and GIT_BUILD_TEST_PATIENCE times that on a slow one.
 */
__attribute__((unused)) static int64_t patience(int64_t ms)
{
	const char *factor = getenv("GIT_BUILD_TEST_PATIENCE");
	int64_t times = factor ? strtoll(factor, NULL, 10) : 1;
	return ms * 10 * (times > 0 ? times : 1);
}

/* `brief` in `make check`; `thorough` if GIT_BUILD_TEST_LONG is set, as in CI. */
__attribute__((unused)) static size_t brief_or_thorough(size_t brief, size_t thorough)
{
	const char *expected = getenv("GIT_BUILD_TEST_LONG");
	return expected && *expected ? thorough : brief;
}

/* TEST=pattern runs only the tests whose names match (`*` and `?`). */
__attribute__((constructor)) static void choose_tests(void)
{
	cmocka_set_test_filter(getenv("TEST"));
}

#endif
