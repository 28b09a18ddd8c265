/*
 * UTF-8 as RFC 3629 defines it: at most four bytes, no overlong forms, no surrogates, nothing above
 * U+10FFFF.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the longest prefix of `text` that is valid UTF-8: `len` if all of it is. */
size_t utf8_valid_prefix(const char *text, size_t len);

/*
 * Decodes the first character of `text` (`len` bytes, at least one). Returns its length in bytes
 * and stores its code point in `*point`, or returns 0 if the bytes are not valid UTF-8.
 */
size_t utf8_decode(const char *text, size_t len, uint32_t *point);

/* Writes code point `point` (valid, not a surrogate) to `out`, without a NUL. Returns the number of
 * bytes. */
size_t utf8_encode(uint32_t point, char out[4]);

/* Is the text UTF-8 without control characters (including U+0080 to U+009F)? */
bool utf8_is_plain(const char *text);

#endif
