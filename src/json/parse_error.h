/*
 * Explains to users why a text is not valid JSON, and where.
 *
 * yajl stops at the right byte, but reports "lexical error: invalid char in json text". Typical
 * errors in these files are conflict markers, words without quotes from a shell script, and
 * trailing commas. This file examines the text at that position again. Speed does not matter here.
 */
#ifndef JSON_PARSE_ERROR_H
#define JSON_PARSE_ERROR_H

#include "json/document.h"

/* The state of the parser when it stopped. */
struct json_stop {
	size_t end;           /* the end of the last token; commas and colons do not count */
	bool after_name;      /* that token is the name of a member */
	const uint32_t *open; /* the open containers, as indexes of values, the outermost first */
	int depth;            /* their number */
};

/* Refuses texts that can be recognized before parsing: empty, with a byte-order mark, not UTF-8
 * from byte `valid` on, or with control characters that yajl accepts as whitespace. */
int json_check_start(const struct json_doc *doc, size_t valid, struct error *err);

/* Sets "name:line:column: <token> <why>"; returns ERR_INVALID. */
int json_refuse(const struct json_doc *doc, size_t at, const char *why, struct error *err);

/* Explains why the parser stopped at `stop`. Returns ERR_INVALID. */
int json_explain(const struct json_doc *doc, const struct json_stop *stop, struct error *err);

#endif
