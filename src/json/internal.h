/* What the files of this floor know of each other's insides; nobody else includes it. */
#ifndef JSON_INTERNAL_H
#define JSON_INTERNAL_H

#include "base/arena.h"
#include "json/document.h"

struct json_doc {
	const char *text;
	size_t len;
	struct buf owned; /* where the document owns its text */
	char *name;
	struct arena arena;
	struct json_value *values; /* the first is the root */
	size_t count;
};

/* The characters of a quoted string `raw`, quotes included, decoded into `out` (at least as long as
 * `raw`); returns their number. The string has been accepted by the parser. */
size_t json_unescape(const char *raw, size_t len, char *out);

/* Compares two quoted strings by their decoded characters; either may have escapes or none. */
bool json_same_string(
	const char *a, size_t a_len, bool a_escaped, const char *b, size_t b_len, bool b_escaped);

#endif
