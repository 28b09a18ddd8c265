/*
 * json/number.h, compared with another way to compute: numbers small enough to be 128-bit
 * integers of one scale, in every notation that JSON has.
 */
#include "unit/unit.h"

#include "base/buf.h"
#include "json/number.h"
#include "property/random.h"

#include <stdio.h>

enum { SCALE = 12 }; /* the tests use multiples of 10^-12 */

typedef __int128 wide;

struct spelling {
	char text[128];
	size_t len;
	wide scaled; /* its value, times 10^SCALE */
};

static wide power_of_ten(int exponent)
{
	wide power = 1;
	while (exponent-- > 0)
		power *= 10;
	return power;
}

/* Write digits * 10^place with the point and the exponent at random places. */
static struct spelling spell(struct random *r, bool negative, uint64_t digits, int place)
{
	struct spelling s = { .scaled = (wide)digits * power_of_ten(SCALE + place) };
	if (negative)
		s.scaled = -s.scaled;
	char plain[64];
	int zeros = (int)random_below(r, 4);
	int count = snprintf(
		plain, sizeof(plain), "%llu%.*s", (unsigned long long)digits, zeros, "0000");
	place -= zeros;
	/* `behind` digits follow the point, and the exponent compensates for them. */
	int behind = (int)random_below(r, (size_t)count + 4), exponent = place + behind;
	if (random_once_in(r, 2) && place <= 0 && place >= -count - 3) {
		behind = -place;
		exponent = 0;
	}
	struct buf text = BUF_INIT;
	if (negative)
		buf_addch(&text, '-');
	if (behind >= count)
		buf_addf(&text, "0.%.*s", behind - count, "000000000000000000000000000000");
	else
		buf_add(&text, plain, (size_t)(count - behind));
	if (behind && behind < count)
		buf_addch(&text, '.');
	if (behind)
		buf_addstr(&text, plain + (behind < count ? count - behind : 0));
	if (exponent || random_once_in(r, 8))
		buf_addf(&text, "%c%s%0*d", random_once_in(r, 2) ? 'e' : 'E',
			exponent >= 0 && random_once_in(r, 2) ? "+" : "", (int)random_below(r, 4),
			exponent);
	s.len = text.len;
	memcpy(s.text, text.data, text.len + 1);
	buf_release(&text);
	return s;
}

static struct spelling any_number(struct random *r)
{
	static const uint64_t most[] = { 2, 10, 100, 1000, 1000000, UINT64_C(10000000000) };
	return spell(r, random_once_in(r, 3), random_below(r, RANDOM_OF(r, most)),
		(int)random_below(r, 16) - 8);
}

static void fail_numbers(const struct random *r, const char *what, const struct spelling *a,
	const struct spelling *b)
{
	fail_msg("SEED=%llu RUNS=1: %s: %s, %s", (unsigned long long)r->seed, what, a->text,
		b->text);
}

static void check_numbers(struct random *r)
{
	struct spelling a = any_number(r), b = any_number(r);
	int order = a.scaled < b.scaled ? -1 : a.scaled > b.scaled;
	if (json_number_compare(a.text, a.len, b.text, b.len) != order)
		fail_numbers(r, "compared wrongly", &a, &b);
	if (!order && json_number_hash(a.text, a.len) != json_number_hash(b.text, b.len))
		fail_numbers(r, "equal, and hashed otherwise", &a, &b);

	bool whole = a.scaled % power_of_ten(SCALE) == 0;
	wide value = a.scaled / power_of_ten(SCALE);
	int64_t number = 0;
	if (json_number_is_integer(a.text, a.len) != whole)
		fail_numbers(r, "whole or not", &a, &a);
	bool fits = whole && value >= INT64_MIN && value <= INT64_MAX;
	if (json_number_to_int64(a.text, a.len, &number) != fits || (fits && number != value))
		fail_numbers(r, "another int64", &a, &a);

	if (b.scaled > 0 &&
		json_number_is_multiple(a.text, a.len, b.text, b.len) != (a.scaled % b.scaled == 0))
		fail_numbers(r, "multiple or not", &a, &b);
}

static void numbers_have_the_value_of_their_notation(void **state)
{
	(void)state;
	uint64_t seed = random_first_seed();
	for (uint64_t left = random_setting("RUNS", 100000); left; left--, seed++) {
		struct random random = random_of(seed);
		check_numbers(&random);
	}
}

/* The same value in two notations: random numbers alone are rarely equal. */
static void check_notations(struct random *r)
{
	uint64_t digits = random_bits(r) >> random_below(r, 60);
	int place = (int)random_below(r, 12) - 10;
	bool negative = random_once_in(r, 2);
	struct spelling a = spell(r, negative, digits, place);
	struct spelling b = spell(r, negative, digits, place);
	struct spelling c = spell(r, negative, digits ^ 1, place);
	if (json_number_compare(a.text, a.len, b.text, b.len))
		fail_numbers(r, "not the same", &a, &b);
	if (json_number_hash(a.text, a.len) != json_number_hash(b.text, b.len))
		fail_numbers(r, "the same, and hashed otherwise", &a, &b);
	if (!json_number_compare(a.text, a.len, c.text, c.len))
		fail_numbers(r, "the same", &a, &c);
}

static void notations_of_one_value_are_equal(void **state)
{
	(void)state;
	uint64_t seed = random_first_seed();
	for (uint64_t left = random_setting("RUNS", 100000); left; left--, seed++) {
		struct random random = random_of(seed);
		check_notations(&random);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_the_value_of_their_notation),
		cmocka_unit_test(notations_of_one_value_are_equal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
