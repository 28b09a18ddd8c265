/*
 * "format": what a string must look like to be a date, an address, a reference (JSON Schema
 * Validation draft 2020-12, section 7.3). An annotation by default; asserted where the caller asks.
 */
#ifndef FORMAT_FORMAT_H
#define FORMAT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

/* The number of the format called `name`; -1 if it is none that is known here. */
int schema_format_find(const char *name, size_t len);

/* Is `text` (valid UTF-8) of that format? */
bool schema_format_matches(int format, const char *text, size_t len);

#endif
