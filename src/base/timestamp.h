/*
 * Timestamps in coordination files: seconds since 1970 in UTC, as ISO 8601.
 *
 * They are always written as "2025-10-29T12:00:00Z". Accepted are this form (RFC 3339, section 5.6,
 * optionally with a fraction of a second or an offset) and the older "2025-10-29 12:00" and
 * "2025-10-29 12:00:00", which are UTC: both occur in real files.
 */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TIMESTAMP_SIZE = 32 };

/* Writes `seconds` (years 0 to 9999; others are clamped) as "2025-10-29T12:00:00Z". Returns `out`.
 */
char *timestamp_format(int64_t seconds, char out[TIMESTAMP_SIZE]);

/* The same as "20251029T120000Z", for names of files and branches. Returns `out`. */
char *timestamp_format_compact(int64_t seconds, char out[TIMESTAMP_SIZE]);

/*
 * Parses `text` of `len` bytes, which must be a timestamp as a whole. A leap second counts as the
 * second after it; a fraction is ignored. Returns false, and does not change `*seconds`, if the
 * text is not a timestamp.
 */
bool timestamp_parse(const char *text, size_t len, int64_t *seconds);

/* Appends to `out` the problem of a text that timestamp_parse() does not accept, and what to
 * write: "February 2025 has 28 days; write 01 to 28 as the day". */
void timestamp_explain(const char *text, size_t len, struct buf *out);

/* Formats a duration for people: "4 s", "12 min", "3 h", "5 d"; if negative, "-4 s". Returns `out`.
 */
char *timestamp_format_age(int64_t seconds, char out[TIMESTAMP_SIZE]);

#endif
