/*
 * The values of "format": dates, addresses, references and others (JSON Schema Validation draft
 * 2020-12, section 7.3). An annotation by default; the caller can make it a rule.
 */
#ifndef FORMAT_FORMAT_H
#define FORMAT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

/* The number of the format `name`; -1 if it is unknown. */
int schema_format_find(const char *name, size_t len);

/* Does `text` (valid UTF-8) have that format? */
bool schema_format_matches(int format, const char *text, size_t len);

#endif
