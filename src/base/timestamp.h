/*
 * Points in time as coordination files write them: seconds since 1970 in UTC, spelled in ISO 8601.
 *
 * Written is one spelling, "2025-10-29T12:00:00Z". Read are that (RFC 3339, section 5.6, with a
 * fraction of a second or an offset if there is one) and the older "2025-10-29 12:00" and
 * "2025-10-29 12:00:00", which are taken as UTC: both stand in real files.
 */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TIMESTAMP_SIZE = 32 };

/* Writes `seconds` (years 0 to 9999; others are clamped) as "2025-10-29T12:00:00Z". Returns `out`.
 */
char *timestamp_format(int64_t seconds, char out[TIMESTAMP_SIZE]);

/* The same as "20251029T120000Z", as file and branch names want it. Returns `out`. */
char *timestamp_format_compact(int64_t seconds, char out[TIMESTAMP_SIZE]);

/*
 * Reads `text` of `len` bytes; the whole text must be a timestamp. A leap second counts as the
 * second after it, a fraction is dropped. Returns false, and leaves `*seconds`, if it is none.
 */
bool timestamp_parse(const char *text, size_t len, int64_t *seconds);

/* A length of time for people: "4 s", "12 min", "3 h", "5 d". Negative: "-4 s". Returns `out`. */
char *timestamp_format_age(int64_t seconds, char out[TIMESTAMP_SIZE]);

#endif
