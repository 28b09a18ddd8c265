/* What every unit test includes first: cmocka, and what cmocka wants in front of it. */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

/* TEST=pattern runs only the tests whose names match (`*` and `?`). */
__attribute__((constructor)) static void choose_tests(void)
{
	cmocka_set_test_filter(getenv("TEST"));
}

#endif
