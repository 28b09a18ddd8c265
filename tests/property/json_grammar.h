/*
 * The grammar of RFC 8259, written as simply as possible, to compare the parser with. It accepts
 * some texts that the parser may refuse: an object with duplicate names, half of a surrogate
 * pair, invalid UTF-8, a byte-order mark, excessive nesting.
 */
#ifndef PROPERTY_JSON_GRAMMAR_H
#define PROPERTY_JSON_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Each function consumes what it is named after from the start of `*s`, and returns whether it
 * was found. */

static inline bool grammar_char(const char **s, const char *end, const char *any_of)
{
	if (*s == end || !**s || !strchr(any_of, **s))
		return false;
	++*s;
	return true;
}

static inline void grammar_space(const char **s, const char *end)
{
	while (grammar_char(s, end, " \t\n\r"))
		;
}

static inline bool grammar_digits(const char **s, const char *end)
{
	bool any = false;
	while (grammar_char(s, end, "0123456789"))
		any = true;
	return any;
}

static inline bool grammar_number(const char **s, const char *end)
{
	grammar_char(s, end, "-");
	if (!grammar_char(s, end, "0") && !grammar_digits(s, end))
		return false;
	if (grammar_char(s, end, ".") && !grammar_digits(s, end))
		return false;
	if (grammar_char(s, end, "eE")) {
		grammar_char(s, end, "+-");
		return grammar_digits(s, end);
	}
	return true;
}

static inline bool grammar_string(const char **s, const char *end)
{
	if (!grammar_char(s, end, "\""))
		return false;
	while (*s < end && **s != '"') {
		if ((unsigned char)**s < 0x20)
			return false;
		if (!grammar_char(s, end, "\\")) {
			++*s;
		} else if (grammar_char(s, end, "u")) {
			for (int i = 0; i < 4; i++)
				if (!grammar_char(s, end, "0123456789abcdefABCDEF"))
					return false;
		} else if (!grammar_char(s, end, "\"\\/bfnrt")) {
			return false;
		}
	}
	return grammar_char(s, end, "\"");
}

static inline bool grammar_word(const char **s, const char *end, const char *word)
{
	size_t len = strlen(word);
	if ((size_t)(end - *s) < len || memcmp(*s, word, len))
		return false;
	*s += len;
	return true;
}

static inline bool grammar_value(const char **s, const char *end, int depth)
{
	grammar_space(s, end);
	bool array = grammar_char(s, end, "["), object = !array && grammar_char(s, end, "{");
	if (!array && !object) {
		if (*s < end && **s == '"')
			return grammar_string(s, end);
		return grammar_word(s, end, "null") || grammar_word(s, end, "true") ||
			grammar_word(s, end, "false") || grammar_number(s, end);
	}
	const char *close = array ? "]" : "}";
	grammar_space(s, end);
	if (grammar_char(s, end, close))
		return true;
	do {
		grammar_space(s, end);
		if (object) {
			if (!grammar_string(s, end))
				return false;
			grammar_space(s, end);
			if (!grammar_char(s, end, ":"))
				return false;
		}
		if (!depth || !grammar_value(s, end, depth - 1))
			return false;
		grammar_space(s, end);
	} while (grammar_char(s, end, ","));
	return grammar_char(s, end, close);
}

/* Is the text JSON, nested no deeper than `depth` levels? */
static inline bool grammar_takes(const char *text, size_t len, int depth)
{
	const char *s = text, *end = text + len;
	if (!grammar_value(&s, end, depth))
		return false;
	grammar_space(&s, end);
	return s == end;
}

#endif
