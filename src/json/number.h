/*
 * Numbers as text, of any size and precision: nothing is converted to double.
 *
 * All functions take the text of a number that the parser has accepted (RFC 8259, section 6). Large
 * exponents (1e999999999) need no memory: a number is a list of digits and an exponent. Exponents
 * above 10^17 count as 10^17.
 */
#ifndef JSON_NUMBER_H
#define JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Compares by value: less than, equal to or greater than 0 if a < b, a = b, a > b; 1.0 = 1 = 10e-1,
 * -0 = 0. */
int json_number_compare(const char *a, size_t a_len, const char *b, size_t b_len);

/* Is it a whole number, in any notation (1.0, 1e3, 20 digits)? */
bool json_number_is_integer(const char *text, size_t len);

/* Stores its value if it is a whole number from INT64_MIN to INT64_MAX; false otherwise. */
bool json_number_to_int64(const char *text, size_t len, int64_t *number);

/* A hash that is the same for numbers that compare equal. */
uint64_t json_number_hash(const char *text, size_t len);

/*
 * Is `a` an exact multiple of `b` (b > 0)? Also false if that would need more than 4,096 digits of
 * `b` or 32,768 of `a`.
 */
bool json_number_is_multiple(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
