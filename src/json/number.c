#include "json/number.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

/*
 * The parts of a number: sign, digits without zeros at either end, and the position of the point.
 * The value is 0.DIGITS * 10^point. Zero has no digits. The digits are in the text, which may have
 * the point between them.
 */
struct number {
	bool negative;
	const char *digits; /* the first digit that is not zero */
	const char *end;    /* after the last digit that is not zero */
	size_t count;       /* the number of digits in between, without the point */
	int64_t point;
};

/* The maximum of exponents, so that adding the length of a text to one cannot overflow. */
#define EXPONENT_LIMIT INT64_C(100000000000000000)

static int64_t read_exponent(const char *s, const char *end)
{
	bool negative = s < end && *s == '-';
	if (s < end && (*s == '-' || *s == '+'))
		s++;
	int64_t exponent = 0;
	for (; s < end; s++)
		if (exponent < EXPONENT_LIMIT)
			exponent = exponent * 10 + (*s - '0');
	if (exponent > EXPONENT_LIMIT)
		exponent = EXPONENT_LIMIT;
	return negative ? -exponent : exponent;
}

static struct number take_apart(const char *text, size_t len)
{
	struct number n = { .negative = *text == '-' };
	const char *s = text + n.negative, *end = text + len;
	const char *mantissa_end = s;
	while (mantissa_end < end && *mantissa_end != 'e' && *mantissa_end != 'E')
		mantissa_end++;
	const char *point = memchr(s, '.', (size_t)(mantissa_end - s));
	const char *whole_end = point ? point : mantissa_end;

	n.digits = s;
	while (n.digits < mantissa_end && (*n.digits == '0' || *n.digits == '.'))
		n.digits++;
	n.end = mantissa_end;
	while (n.end > n.digits && (n.end[-1] == '0' || n.end[-1] == '.'))
		n.end--;
	if (n.digits == n.end)
		return (struct number){ .digits = text, .end = text };
	n.count = (size_t)(n.end - n.digits);
	if (point && point > n.digits && point < n.end)
		n.count--;
	n.point = n.digits < whole_end ? whole_end - n.digits : point + 1 - n.digits;
	if (mantissa_end < end)
		n.point += read_exponent(mantissa_end + 1, end);
	return n;
}

static const char *skip_point(const char *digit, const char *end)
{
	return digit < end && *digit == '.' ? digit + 1 : digit;
}

int json_number_compare(const char *a_text, size_t a_len, const char *b_text, size_t b_len)
{
	struct number a = take_apart(a_text, a_len), b = take_apart(b_text, b_len);
	int a_sign = !a.count ? 0 : a.negative ? -1 : 1;
	int b_sign = !b.count ? 0 : b.negative ? -1 : 1;
	if (a_sign != b_sign)
		return a_sign < b_sign ? -1 : 1;
	if (!a_sign)
		return 0;
	if (a.point != b.point)
		return a.point < b.point ? -a_sign : a_sign;
	const char *x = a.digits, *y = b.digits;
	for (;;) {
		x = skip_point(x, a.end);
		y = skip_point(y, b.end);
		if (x == a.end || y == b.end)
			break;
		if (*x != *y)
			return *x < *y ? -a_sign : a_sign;
		x++;
		y++;
	}
	if (x == a.end && y == b.end)
		return 0;
	return x == a.end ? -a_sign : a_sign;
}

bool json_number_is_integer(const char *text, size_t len)
{
	struct number n = take_apart(text, len);
	return n.point >= (int64_t)n.count || !n.count;
}

bool json_number_to_int64(const char *text, size_t len, int64_t *number)
{
	struct number n = take_apart(text, len);
	if (!n.count) {
		*number = 0;
		return true;
	}
	if (n.point < (int64_t)n.count || n.point > 19)
		return false;
	/* Uses negative numbers, of which there is one more. */
	int64_t value = 0;
	const char *digit = n.digits;
	for (int64_t place = 0; place < n.point; place++) {
		digit = skip_point(digit, n.end);
		int next = digit < n.end ? *digit++ - '0' : 0;
		if (__builtin_mul_overflow(value, INT64_C(10), &value) ||
			__builtin_sub_overflow(value, (int64_t)next, &value))
			return false;
	}
	if (!n.negative && value == INT64_MIN)
		return false;
	*number = n.negative ? value : -value;
	return true;
}

uint64_t json_number_hash(const char *text, size_t len)
{
	struct number n = take_apart(text, len);
	uint64_t hash = HASH_START ^ (n.count ? n.negative : 0);
	for (const char *s = n.digits; s < n.end; s++)
		if (*s != '.')
			hash = hash_step(hash, (unsigned char)*s);
	return hash_step(hash, (uint64_t)n.point);
}

/* The digits of `n`, followed by `zeros` zeros, as numbers from 0 to 9; the caller frees it. */
static unsigned char *spell_out(const struct number *n, size_t zeros)
{
	unsigned char *digits = xcalloc(n->count + zeros, 1);
	size_t used = 0;
	for (const char *s = n->digits; s < n->end; s++)
		if (*s != '.')
			digits[used++] = (unsigned char)(*s - '0');
	return digits;
}

/* Is the decimal number `a` a multiple of `b`? Long division that keeps only the remainder. */
static bool divides(const unsigned char *b, size_t b_count, const unsigned char *a, size_t a_count)
{
	/* The remainder, most significant digit first, with one digit more than the divisor. */
	unsigned char *rest = xcalloc(b_count + 1, 1);
	bool zero = true;
	for (size_t i = 0; i < a_count; i++) {
		memmove(rest, rest + 1, b_count);
		rest[b_count] = a[i];
		while (rest[0] || memcmp(rest + 1, b, b_count) >= 0) {
			int borrow = 0;
			for (size_t j = b_count; j-- > 0;) {
				int digit = rest[j + 1] - b[j] - borrow;
				borrow = digit < 0;
				rest[j + 1] = (unsigned char)(digit + (borrow ? 10 : 0));
			}
			rest[0] = (unsigned char)(rest[0] - borrow);
		}
	}
	for (size_t i = 0; i <= b_count && zero; i++)
		zero = !rest[i];
	free(rest);
	return zero;
}

bool json_number_is_multiple(const char *a_text, size_t a_len, const char *b_text, size_t b_len)
{
	enum { MOST_DIGITS = 4096 };
	struct number a = take_apart(a_text, a_len), b = take_apart(b_text, b_len);
	if (!a.count)
		return true;
	if (!b.count)
		return false;
	/* Both as whole numbers with the same exponent, the smaller one of their last digits. */
	int64_t a_place = a.point - (int64_t)a.count, b_place = b.point - (int64_t)b.count;
	int64_t place = a_place < b_place ? a_place : b_place;
	if (a_place < b_place && b_place - a_place > (int64_t)a.count)
		return false; /* a has digits below the last digit of b, and is not zero */
	int64_t a_zeros = a_place - place, b_zeros = b_place - place;
	/* More zeros than b has factors of two or five do not change the result. */
	int64_t enough = (int64_t)b.count * 4 + 1;
	if (a_zeros > enough)
		a_zeros = enough;
	if ((int64_t)a.count + a_zeros > MOST_DIGITS * 8 ||
		(int64_t)b.count + b_zeros > MOST_DIGITS)
		return false;
	unsigned char *x = spell_out(&a, (size_t)a_zeros), *y = spell_out(&b, (size_t)b_zeros);
	bool multiple = divides(y, b.count + (size_t)b_zeros, x, a.count + (size_t)a_zeros);
	free(x);
	free(y);
	return multiple;
}
