/*
 * json/: the framing of JSON Lines. Any bytes are a document exactly if each line that is not blank
 * is one, and the elements are these lines; otherwise, the error names the first line that is not.
 * Any part of it, parsed near the whole, has the same result as if parsed by itself.
 *
 * The input is a text, followed by a NUL and a number: where to cut the text.
 */
#include "json/document.h"

#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_limits lines = { .lines = true };

/* Abort, so that libFuzzer keeps the input. */
static void insist(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static bool is_blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	return true;
}

/* Checks one line: `value` is its element (may be NULL), which is advanced. False if it is wrong. */
static bool check_line(
	const char *line, size_t len, const struct json_doc *doc, const struct json_value **value)
{
	static const struct json_limits limits = { .depth = JSON_MAX_DEPTH - 1 };
	struct json_doc *alone;
	if (is_blank(line, len))
		return true;
	if (json_parse(&alone, line, len, "line", &limits, NULL) < 0)
		return false;
	if (doc) {
		insist(*value, "each line is an element");
		insist(json_same_text(doc, *value, alone, json_root(alone)), "a line's text");
		*value += (*value)->span;
	}
	json_doc_free(alone);
	return true;
}

static void check(const char *text, size_t len)
{
	struct json_doc *doc = NULL;
	struct error err = ERROR_INIT;
	struct json_position at = { 0 };
	int rc = json_parse(&doc, text, len, "x", &lines, &err);
	const struct json_value *value = rc ? NULL : json_root(doc) + 1;
	size_t number = 1, wrong = 0;
	if (rc)
		json_error_sentence(err.text, "x", &at);
	for (const char *line = text, *end = text + len; line < end && !wrong; number++) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t line_len = (size_t)((newline ? newline : end) - line);
		if (!check_line(line, line_len, rc ? NULL : doc, &value))
			wrong = number;
		line += line_len + 1;
	}
	insist(!rc == !wrong, "a document exactly if each line is one");
	insist(rc || value == json_root(doc) + json_root(doc)->span, "no other elements");
	/* Bytes that are valid nowhere are found first. */
	if (rc && utf8_valid_prefix(text, len) == len && !memchr(text, '\f', len) &&
		!memchr(text, '\v', len))
		insist(at.line == wrong, "the error names the line");
	json_doc_free(doc);
}

static bool same(const struct json_doc *a, const struct json_doc *b)
{
	const struct json_value *x = json_root(a), *y = json_root(b);
	bool equal = x->span == y->span;
	for (uint32_t i = 0; equal && i < x->span; i++)
		equal = x[i].start == y[i].start && x[i].end == y[i].end &&
			x[i].span == y[i].span && x[i].count == y[i].count;
	return equal;
}

/* Parses bytes of `text` near all of it. */
static void check_near(const char *text, size_t len, const char *part, size_t part_len)
{
	struct json_doc *like, *near = NULL, *whole = NULL;
	struct error near_err = ERROR_INIT, whole_err = ERROR_INIT;
	if (json_parse(&like, text, len, "x", &lines, NULL) < 0)
		return;
	int rc = json_parse_near(&near, part, part_len, "x", like, &lines, &near_err);
	insist(rc == json_parse(&whole, part, part_len, "x", &lines, &whole_err), "near: result");
	insist(!strcmp(near_err.text, whole_err.text), "near: error");
	insist(rc || same(near, whole), "near: values");
	json_doc_free(like);
	json_doc_free(near);
	json_doc_free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\0', size) : NULL;
	size_t len = end ? (size_t)(end - data) : size;
	size_t cut = end && end + 1 < data + size && len ? end[1] % len : len / 2;
	/* A separate allocation, so that reading past its end is detected. */
	char *text = malloc(len ? len : 1);
	memcpy(text, data, len);
	check(text, len);
	check_near(text, len, text, cut);
	check_near(text, len, text + cut, len - cut);
	free(text);
	return 0;
}
