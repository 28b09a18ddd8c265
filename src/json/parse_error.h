/*
 * Saying in a person's words why a text is no JSON, and where.
 *
 * yajl stops at the right byte but says "lexical error: invalid char in json text"; what people
 * have in these files is conflict markers, words without quotes from a shell script, a comma too
 * many. This file looks at the place again and names it. Speed does not matter here.
 */
#ifndef JSON_PARSE_ERROR_H
#define JSON_PARSE_ERROR_H

#include "json/document.h"

/* How far parsing came. */
struct json_stop {
	size_t end;      /* where the last token that was read ends; commas and colons are none */
	bool after_name; /* that token is a member's name */
	const uint32_t
		*open; /* the containers that are open, as indexes of values, outermost first */
	int depth;     /* how many those are */
};

/* Refuses what can be told before parsing: an empty text, a byte-order mark, bytes from `valid` on
 * that are no UTF-8, and the control characters that yajl takes for white space. */
int json_check_start(const struct json_doc *doc, size_t valid, struct error *err);

/* "name:line:column: <the text there> <why>" as ERR_INVALID. */
int json_refuse(const struct json_doc *doc, size_t at, const char *why, struct error *err);

/* Finds out why parsing did not go on behind `stop`. */
int json_explain(const struct json_doc *doc, const struct json_stop *stop, struct error *err);

#endif
