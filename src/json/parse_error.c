#include "json/parse_error.h"

#include "json/internal.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static int refuse_at(const struct json_doc *doc, size_t at, const char *sentence, struct error *err)
{
	struct json_position where = json_position(doc, at);
	return error_set(
		err, ERR_INVALID, "%s:%zu:%zu: %s", doc->name, where.line, where.column, sentence);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
		c == '-' || c == '+' || c == '.' || c == '$' || (c & 0x80);
}

/* The length in bytes of the word, number, escape or string at `at`; at least 1. */
static size_t token_length(const struct json_doc *doc, size_t at)
{
	const char *s = doc->text + at;
	size_t left = doc->len - at, len = 0;
	if (*s == '\\')
		len = left > 1 && s[1] == 'u' ? 6 : 2;
	else if (*s == '"') {
		for (len = 1; len < left && s[len] != '"' && s[len] != '\n'; len++)
			if (s[len] == '\\')
				len++;
		len++;
	} else {
		/* A time of day is one word, too. */
		while (len < left &&
			(is_word(s[len]) ||
				(s[len] == ':' && len && is_digit(s[len - 1]) && len + 1 < left &&
					is_digit(s[len + 1]))))
			len++;
	}
	if (len > left)
		len = left;
	return len ? len : 1;
}

/* A character that looks like a space, or is invisible. */
static bool is_invisible(uint32_t point)
{
	return point == 0xa0 || (point >= 0x2000 && point <= 0x200f) || point == 0x2028 ||
		point == 0x2029 || point == 0x202f || point == 0x3000 || point == 0xfeff;
}

/* The token at `at` for a message: truncated between characters if it is long, without control
 * characters; invisible characters are shown by their number. */
static void quote_token(const struct json_doc *doc, size_t at, char *out, size_t size)
{
	enum { MOST = 40 };
	const char *s = doc->text + at;
	size_t len = token_length(doc, at);
	uint32_t point = 0;
	utf8_decode(s, len, &point);
	if (point < 0x20 || point == 0x7f || is_invisible(point)) {
		snprintf(out, size, "character U+%04X", (unsigned)point);
		return;
	}
	bool cut = len > MOST;
	if (cut)
		for (len = MOST; (s[len] & 0xc0) == 0x80; len--)
			;
	snprintf(out, size, "%.*s%s", (int)len, s, cut ? "..." : "");
	for (; *out; out++)
		if ((unsigned char)*out < 0x20 || *out == 0x7f)
			*out = '?';
}

int json_refuse(const struct json_doc *doc, size_t at, const char *why, struct error *err)
{
	char token[64], sentence[256];
	quote_token(doc, at, token, sizeof(token));
	snprintf(sentence, sizeof(sentence), "%s %s", token, why);
	return refuse_at(doc, at, sentence, err);
}

int json_check_start(const struct json_doc *doc, size_t valid, struct error *err)
{
	size_t at = 0;
	while (at < doc->len && json_is_space(doc->text[at]))
		at++;
	if (at == doc->len && !doc->lines)
		return refuse_at(doc, 0, "the file is empty; expected a JSON value", err);
	if (doc->len >= 3 && !memcmp(doc->text, "\xef\xbb\xbf", 3))
		return refuse_at(doc, 0,
			"starts with a byte-order mark, which JSON does not allow; save it as "
			"UTF-8 "
			"without one",
			err);
	if (valid < doc->len) {
		char sentence[80];
		snprintf(sentence, sizeof(sentence), "byte 0x%02x is not valid UTF-8 here",
			(unsigned char)doc->text[valid]);
		return refuse_at(doc, valid, sentence, err);
	}
	/* These are not valid anywhere in JSON. */
	const char *space = memchr(doc->text, '\f', doc->len);
	if (!space)
		space = memchr(doc->text, '\v', doc->len);
	if (space)
		return json_refuse(doc, (size_t)(space - doc->text),
			"is not whitespace in JSON; in a string, write \\f or \\u000b", err);
	return 0;
}

/* Is there a conflict marker of git at `at`: seven equal characters at the start of a line? */
static bool is_conflict_marker(const struct json_doc *doc, size_t at)
{
	if (doc->len - at < 7 || (at && doc->text[at - 1] != '\n'))
		return false;
	char mark = doc->text[at];
	if (mark != '<' && mark != '=' && mark != '>' && mark != '|')
		return false;
	for (size_t i = 1; i < 7; i++)
		if (doc->text[at + i] != mark)
			return false;
	return true;
}

/* Is the escape with its backslash at `at` valid in JSON? */
static bool is_escape(const struct json_doc *doc, size_t at)
{
	const char *s = doc->text + at + 1;
	if (*s != 'u')
		return *s && strchr("\"\\/bfnrt", *s);
	if (doc->len - at < 6)
		return false;
	for (int i = 1; i <= 4; i++)
		if (!s[i] || !strchr("0123456789abcdefABCDEF", s[i]))
			return false;
	return true;
}

/* Explains why the string at `at` is not valid. */
static int explain_string(const struct json_doc *doc, size_t at, struct error *err)
{
	for (size_t i = at + 1; i < doc->len; i++) {
		unsigned char c = (unsigned char)doc->text[i];
		if (c == '\n' || c == '\r')
			return refuse_at(doc, at,
				"this string has no closing quote on its line; in a string, write "
				"\\n for a line break",
				err);
		if (c < 0x20)
			return json_refuse(doc, i,
				"must be written as an escape in a string, such as \\t or \\u001b",
				err);
		if (c != '\\')
			continue;
		if (i + 1 == doc->len)
			break;
		if (!is_escape(doc, i))
			return json_refuse(doc, i,
				"is not an escape in JSON; valid are \\\" \\\\ \\/ \\b \\f \\n \\r "
				"\\t and \\u with four hexadecimal digits",
				err);
		i++;
	}
	return refuse_at(doc, at,
		doc->is_line ? "the line ends inside this string; its closing quote is missing"
			     : "the file ends inside this string; its closing quote is missing",
		err);
}

static bool word_is(const char *word, size_t len, const char *known)
{
	return len == strlen(known) && !strncasecmp(word, known, len);
}

/* Explains why the word or number at `at` is not a value. */
static int explain_word(const struct json_doc *doc, size_t at, struct error *err)
{
	const char *s = doc->text + at;
	size_t len = token_length(doc, at), sign = *s == '-' || *s == '+';
	const char *rest = s + sign;
	size_t left = len - sign;
	if (word_is(rest, left, "nan") || word_is(rest, left, "infinity") ||
		word_is(rest, left, "inf"))
		return json_refuse(
			doc, at, "is not a number in JSON; use null if there is none", err);
	if (word_is(s, len, "true") || word_is(s, len, "false") || word_is(s, len, "null"))
		return json_refuse(
			doc, at, "is not a JSON value; true, false and null are lowercase", err);
	if (left > 1 && rest[0] == '0' && is_digit(rest[1]))
		return json_refuse(
			doc, at, "is not a valid number; numbers have no leading zeros", err);
	if (sign || is_digit(*s) || *s == '.')
		return json_refuse(doc, at,
			"is not a valid number, such as 12, -3.5 or 1e9; text needs double quotes",
			err);
	return json_refuse(doc, at,
		"is not a JSON value; text needs double quotes, other values are objects, arrays, "
		"numbers, true, false and null",
		err);
}

/* The same for a text that is one line of several: its value must not continue on the next line. */
static int explain_line_end(
	const struct json_doc *doc, const struct json_stop *stop, struct error *err)
{
	char sentence[160];
	const struct json_value *inner = &doc->values[stop->open[stop->depth - 1]];
	bool object = inner->type == JSON_OBJECT;
	snprintf(sentence, sizeof(sentence),
		"the line ends inside the %s that was opened in column %zu; %s is missing; each "
		"line has one whole value",
		object ? "object" : "array", json_position(doc, inner->start).column,
		object ? "}" : "]");
	return refuse_at(doc, doc->len, sentence, err);
}

/* Explains an unexpected end of the file, with the position of the innermost open bracket. */
static int explain_end(const struct json_doc *doc, const struct json_stop *stop, struct error *err)
{
	char sentence[160];
	if (!stop->depth)
		return refuse_at(doc, doc->len, "the file ends before a value", err);
	if (doc->is_line)
		return explain_line_end(doc, stop, err);
	const struct json_value *inner = &doc->values[stop->open[stop->depth - 1]];
	struct json_position from = json_position(doc, inner->start);
	bool object = inner->type == JSON_OBJECT;
	snprintf(sentence, sizeof(sentence),
		"the file ends inside the %s that was opened at line %zu, column %zu; %s is "
		"missing",
		object ? "object" : "array", from.line, from.column, object ? "}" : "]");
	return refuse_at(doc, doc->len, sentence, err);
}

/* The token that is expected at a position. */
enum want {
	WANT_NOTHING, /* after the end of the document */
	WANT_VALUE,
	WANT_ELEMENT, /* a value, after a comma */
	WANT_FIRST_ELEMENT,
	WANT_MEMBER, /* after a comma */
	WANT_FIRST_MEMBER,
	WANT_COLON,
	WANT_MORE_ELEMENTS, /* a comma or the end of the array */
	WANT_MORE_MEMBERS,
};

static enum want wanted_behind(const struct json_doc *doc, const struct json_stop *stop)
{
	if (!stop->depth)
		return doc->count ? WANT_NOTHING : WANT_VALUE;
	if (stop->after_name)
		return WANT_COLON;
	const struct json_value *inner = &doc->values[stop->open[stop->depth - 1]];
	if (inner->type == JSON_OBJECT)
		return inner->count ? WANT_MORE_MEMBERS : WANT_FIRST_MEMBER;
	return inner->count ? WANT_MORE_ELEMENTS : WANT_FIRST_ELEMENT;
}

/* The token that is expected after a comma or colon; the same one if that is not expected. */
static enum want step_over(enum want want, char c)
{
	if (c == ',' && want == WANT_MORE_ELEMENTS)
		return WANT_ELEMENT;
	if (c == ',' && want == WANT_MORE_MEMBERS)
		return WANT_MEMBER;
	return c == ':' && want == WANT_COLON ? WANT_VALUE : want;
}

/* Explains why the token at `at` is not a value. */
static int explain_value(const struct json_doc *doc, size_t at, enum want want, struct error *err)
{
	char c = doc->text[at];
	if (c == '"')
		return explain_string(doc, at, err);
	if (is_word(c))
		return explain_word(doc, at, err);
	if (c == ']' && want == WANT_ELEMENT)
		return json_refuse(
			doc, at, "follows a comma; remove the comma after the last element", err);
	if (c == ',' && want != WANT_VALUE)
		return json_refuse(doc, at, "is unexpected here; remove it", err);
	return json_refuse(doc, at,
		"is not a JSON value; expected an object, array, string, number, true, false or "
		"null",
		err);
}

static int explain_member(const struct json_doc *doc, size_t at, enum want want, struct error *err)
{
	char c = doc->text[at];
	if (c == '"')
		return explain_string(doc, at, err);
	if (c == '}' && want == WANT_MEMBER)
		return json_refuse(
			doc, at, "follows a comma; remove the comma after the last member", err);
	if (c == ',')
		return json_refuse(doc, at, "is unexpected here; remove it", err);
	return json_refuse(
		doc, at, "is not a member name; names are strings in double quotes", err);
}

static bool is_typographic_quote(const struct json_doc *doc, size_t at)
{
	uint32_t point = 0;
	utf8_decode(doc->text + at, doc->len - at, &point);
	return point == '\'' || (point >= 0x2018 && point <= 0x201f);
}

int json_explain(const struct json_doc *doc, const struct json_stop *stop, struct error *err)
{
	enum want want = wanted_behind(doc, stop);
	size_t at = stop->end;
	/* yajl has read the start of a word as a number or a literal: 01, 12abc, nullx. */
	if (at && at < doc->len && is_word(doc->text[at]) && is_word(doc->text[at - 1])) {
		while (at && is_word(doc->text[at - 1]))
			at--;
		return explain_word(doc, at, err);
	}
	for (; at < doc->len; at++) {
		enum want next = step_over(want, doc->text[at]);
		if (next == want && !json_is_space(doc->text[at]))
			break;
		want = next;
	}
	if (at == doc->len)
		return explain_end(doc, stop, err);
	if (is_conflict_marker(doc, at))
		return refuse_at(doc, at,
			"conflict marker left by an unfinished merge; choose one side and remove "
			"the "
			"marker lines",
			err);
	if (want == WANT_NOTHING)
		return json_refuse(doc, at,
			doc->is_line
				? "follows the end of the value; a line has only one JSON value"
				: "follows the end of the document; a file has only one JSON value",
			err);
	if (is_typographic_quote(doc, at))
		return refuse_at(doc, at, "JSON strings need double quotes", err);
	if (doc->text[at] == '/' || doc->text[at] == '#')
		return refuse_at(doc, at, "JSON has no comments", err);
	switch (want) {
	case WANT_COLON:
		return json_refuse(doc, at, "is unexpected here; expected a colon", err);
	case WANT_MORE_ELEMENTS:
		return json_refuse(doc, at, "is unexpected here; expected a comma or ]", err);
	case WANT_MORE_MEMBERS:
		return json_refuse(doc, at, "is unexpected here; expected a comma or }", err);
	case WANT_MEMBER:
	case WANT_FIRST_MEMBER:
		return explain_member(doc, at, want, err);
	default:
		return explain_value(doc, at, want, err);
	}
}

const char *json_error_sentence(const char *text, const char *name, struct json_position *at)
{
	size_t len = strlen(name), line = 0, column = 0;
	int behind = 0;
	*at = (struct json_position){ 0 };
	if (strncmp(text, name, len) || text[len] != ':' ||
		sscanf(text + len, ":%zu:%zu: %n", &line, &column, &behind) != 2 || !behind)
		return text;
	*at = (struct json_position){ line, column };
	return text + len + behind;
}
