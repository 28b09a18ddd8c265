#include "json/parse_error.h"

#include "json/internal.h"

#include <stdio.h>
#include <string.h>

static int refuse_at(const struct json_doc *doc, size_t at, const char *sentence, struct error *err)
{
	struct json_position where = json_position(doc, at);
	return error_set(
		err, ERR_INVALID, "%s:%zu:%zu: %s", doc->name, where.line, where.column, sentence);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || c == '-' || c == '+' || c == '.' || c == '$' || (c & 0x80);
}

/* How many bytes from `at` on belong to one word, number or string; at least 1 before the end. */
static size_t token_length(const struct json_doc *doc, size_t at)
{
	size_t end = at;
	if (doc->text[at] == '"') {
		for (end++; end < doc->len && doc->text[end] != '"' && doc->text[end] != '\n';
			end++)
			if (doc->text[end] == '\\' && end + 1 < doc->len)
				end++;
		return (end < doc->len ? end + 1 : end) - at;
	}
	while (end < doc->len && is_word(doc->text[end]))
		end++;
	return end == at ? 1 : end - at;
}

/* The token at `at` for a message: cut at a character's edge if long, nothing that a terminal
 * obeys. */
static void quote_token(const struct json_doc *doc, size_t at, char out[64])
{
	enum { MOST = 40 };
	size_t len = at < doc->len ? token_length(doc, at) : 0, used = 0;
	bool cut = len > MOST;
	if (cut)
		for (len = MOST; len && (doc->text[at + len] & 0xc0) == 0x80; len--)
			;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)doc->text[at + i];
		out[used++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	out[used] = '\0';
	if (cut)
		memcpy(out + used, "...", 4);
}

int json_refuse(const struct json_doc *doc, size_t at, const char *why, struct error *err)
{
	char token[64], sentence[512];
	quote_token(doc, at, token);
	snprintf(sentence, sizeof(sentence), "%s %s", token, why);
	return refuse_at(doc, at, sentence, err);
}

int json_check_start(const struct json_doc *doc, size_t valid, struct error *err)
{
	size_t at = 0;
	while (at < doc->len && is_space(doc->text[at]))
		at++;
	if (at == doc->len)
		return refuse_at(doc, 0, "the file is empty; a JSON value is wanted", err);
	if (doc->len >= 3 && !memcmp(doc->text, "\xef\xbb\xbf", 3))
		return refuse_at(doc, 0,
			"starts with a byte-order mark, which JSON does not allow; save it as "
			"UTF-8 "
			"without one",
			err);
	if (valid < doc->len) {
		char sentence[80];
		snprintf(sentence, sizeof(sentence), "byte 0x%02x is no valid UTF-8 here",
			(unsigned char)doc->text[valid]);
		return refuse_at(doc, valid, sentence, err);
	}
	return 0;
}

/* Is there a line that git's merge left at `at`: seven markers at the start of a line? */
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

/* Why the string that starts at `at` is none. */
static int explain_string(const struct json_doc *doc, size_t at, struct error *err)
{
	for (size_t i = at + 1; i < doc->len; i++) {
		unsigned char c = (unsigned char)doc->text[i];
		if (c == '"')
			break; /* cannot be: yajl would have taken it */
		if (c == '\n' || c == '\r')
			return refuse_at(doc, at,
				"this string has no closing quote on its line; a line break inside "
				"a "
				"string is written \\n",
				err);
		if (c < 0x20)
			return refuse_at(doc, i,
				"a control character inside a string is written as an escape such "
				"as "
				"\\t or \\u001b",
				err);
		if (c != '\\')
			continue;
		if (++i == doc->len)
			break;
		bool known = strchr("\"\\/bfnrtu", doc->text[i]) && doc->text[i];
		size_t digits = 0;
		if (doc->text[i] == 'u')
			while (digits < 4 && i + 1 + digits < doc->len &&
				doc->text[i + 1 + digits] &&
				strchr("0123456789abcdefABCDEF", doc->text[i + 1 + digits]))
				digits++;
		if (!known || (doc->text[i] == 'u' && digits < 4))
			return refuse_at(doc, i - 1,
				"is no escape of JSON; known are \\\" \\\\ \\/ \\b \\f \\n \\r \\t "
				"and \\u "
				"with four hexadecimal digits",
				err);
	}
	return refuse_at(
		doc, at, "the file ends inside this string; its closing quote is missing", err);
}

/* Why the word at `at`, which starts like a number, is none. */
static int explain_number(const struct json_doc *doc, size_t at, struct error *err)
{
	const char *s = doc->text + at;
	size_t len = token_length(doc, at);
	size_t digit = *s == '-';
	if (len > digit + 1 && s[digit] == '0' && s[digit + 1] >= '0' && s[digit + 1] <= '9')
		return json_refuse(doc, at, "is no number; a number has no leading zeros", err);
	return json_refuse(doc, at,
		"is no number; one looks like 12, -3.5 or 1e9, and text goes in double quotes",
		err);
}

/* The file ended too early: where was the innermost open container opened? */
static int explain_end(
	const struct json_doc *doc, const uint32_t *open, int depth, struct error *err)
{
	char sentence[160];
	if (!depth)
		return refuse_at(doc, doc->len, "the file ends before a value", err);
	const struct json_value *inner = &doc->values[open[depth - 1]];
	struct json_position from = json_position(doc, inner->start);
	snprintf(sentence, sizeof(sentence),
		"the file ends inside the %s that was opened at line %zu, column %zu; %s is "
		"missing",
		inner->type == JSON_OBJECT ? "object" : "array", from.line, from.column,
		inner->type == JSON_OBJECT ? "}" : "]");
	return refuse_at(doc, doc->len, sentence, err);
}

/* What is wanted in the open container behind `previous`, the last byte that counted. */
static const char *wanted(
	const struct json_doc *doc, const uint32_t *open, int depth, char previous)
{
	bool object = depth && doc->values[open[depth - 1]].type == JSON_OBJECT;
	if (!depth)
		return "stands behind the end of the document; a file holds one JSON value";
	if (previous == ',')
		return object ? "cannot follow a comma; a member such as \"name\": value is wanted"
			      : "cannot follow a comma; another value is wanted";
	if (previous == ':')
		return "is no JSON value; an object, array, string, number, true, false or null is "
		       "wanted";
	if (previous == '{')
		return "is no member name; names are strings in double quotes";
	if (previous == '[')
		return "is no JSON value; text goes in double quotes";
	return object ? "cannot stand here; a comma, a colon or } is wanted"
		      : "cannot stand here; a comma or ] is wanted";
}

int json_explain(
	const struct json_doc *doc, size_t end, const uint32_t *open, int depth, struct error *err)
{
	/* Commas and colons are no tokens that parsing told us of: step over them here. */
	char previous = end ? doc->text[end - 1] : '\0';
	size_t at = end, commas = 0;
	for (; at < doc->len; at++) {
		char c = doc->text[at];
		if (is_space(c))
			continue;
		if (c != ',' && c != ':')
			break;
		if (commas++)
			return json_refuse(doc, at, "is one too many here", err);
		if (!depth)
			break;
		previous = c;
	}
	if (at == doc->len)
		return explain_end(doc, open, depth, err);
	char c = doc->text[at];
	if (at == end && end && is_word(c) && is_word(doc->text[end - 1])) {
		/* yajl took the front of a word for a number or a literal: 01, 12abc, nullx. */
		while (at && is_word(doc->text[at - 1]))
			at--;
		return explain_number(doc, at, err);
	}
	if (is_conflict_marker(doc, at))
		return refuse_at(doc, at,
			"conflict marker left by an unfinished merge; choose one side and remove "
			"the "
			"marker lines",
			err);
	if (!doc->count || depth) {
		if (c == '"')
			return previous == ',' || previous == ':' || previous == '{' ||
					previous == '[' || !end
				? explain_string(doc, at, err)
				: json_refuse(doc, at, wanted(doc, open, depth, previous), err);
		if ((c == '}' || c == ']') && previous == ',')
			return json_refuse(doc, at,
				"follows a comma; the last one has no comma behind it", err);
		if (c == '\'')
			return refuse_at(doc, at, "JSON's strings stand in double quotes", err);
		if (c == '/' || c == '#')
			return refuse_at(doc, at, "JSON has no comments", err);
		if (!end)
			return json_refuse(doc, at,
				"is no JSON value; an object, array, string, number, true, false "
				"or "
				"null is wanted",
				err);
		if ((c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.')
			if (previous == ':' || previous == ',' || previous == '[')
				return explain_number(doc, at, err);
	}
	return json_refuse(doc, at, wanted(doc, open, depth, previous), err);
}
