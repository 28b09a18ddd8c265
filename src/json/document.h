/*
 * A JSON document that keeps the text as it was read.
 *
 * Parsing creates an index of the values in the text. A value has the start and the end of its
 * text, so that parts that are not edited are written back byte for byte: indentation, order of
 * members, notation of numbers (`100.00`, 20-digit integers) and of strings.
 *
 * The values of a document are an array in the order of the text. A container is followed by its
 * content, so the first child of `v` is `v + 1`, and its next sibling is `v + v->span`.
 *
 *	struct json_doc *doc;
 *	if (json_parse(&doc, text, len, "jobs.json", NULL, err) < 0)
 *		return err->code;
 *	const struct json_value *jobs = json_member(doc, json_root(doc), "jobs");
 *	JSON_EACH (job, jobs)
 *		...
 *	json_doc_free(doc);
 *
 * The parser accepts RFC 8259 with some restrictions. It refuses, with line and column: duplicate
 * member names (compared decoded), invalid UTF-8, a byte-order mark, anything after the value,
 * escapes of unpaired surrogates, nesting deeper than 256, and text longer than the limit.
 *
 * A JSON Lines text (json/format.h) is a document as well if `lines` is set in the limits. Its root is
 * a list without brackets: the value of each line is an element. Blank lines are kept, and mean
 * nothing; a line may end with LF or CRLF, and the last one without either. A text without values is
 * an empty list. All restrictions hold for each line.
 *
 * A parsed document is read-only; json/edit.h creates new text from it. Reading may decode strings
 * into the document's memory, so only one thread may use a document at a time.
 */
#ifndef JSON_DOCUMENT_H
#define JSON_DOCUMENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_doc;

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json_value {
	uint32_t start, end;         /* its text: bytes [start, end), with quotes or brackets */
	uint32_t key_start, key_end; /* the name of a member, with quotes; 0, 0 if it has no name */
	uint32_t count;              /* the number of children of a container */
	uint32_t span;               /* the number of values in it, including itself */
	uint8_t type;                /* enum json_type */
	bool escaped;                /* a string with a backslash */
	bool key_escaped;            /* the same for its name */
};

enum { JSON_MAX_DEPTH = 256 };
#define JSON_DEFAULT_LIMIT ((size_t)64 << 20)

struct json_limits {
	size_t size;     /* bytes; 0: JSON_DEFAULT_LIMIT. At most UINT32_MAX. */
	int depth;       /* levels of nesting; 0: JSON_MAX_DEPTH, which is also the maximum */
	bool duplicates; /* accept objects with duplicate member names */
	bool lines;      /* the text is JSON Lines; the list of lines is one level of nesting */
	/* The number of the text's first line, if it is the rest of a JSON Lines file; 0: 1. */
	size_t first_line;
};

/*
 * Parses `len` bytes of `text`. The text is not copied: it must exist, unchanged, as long as the
 * document. `name` (copied) is used in errors. `limits` may be NULL. Returns 0, or ERR_INVALID with
 * the text "name:line:column: problem; hint". Release `*out` with json_doc_free().
 */
int json_parse(struct json_doc **out, const char *text, size_t len, const char *name,
	const struct json_limits *limits, struct error *err);

/*
 * Like json_parse(), for a text that differs little from that of `like`: equal parts at the start
 * and the end are not parsed again. `like` is not needed afterwards.
 */
int json_parse_near(struct json_doc **out, const char *text, size_t len, const char *name,
	const struct json_doc *like, const struct json_limits *limits, struct error *err);

/* Like json_parse(), but takes ownership of the content of `text`, which is like BUF_INIT
 * afterwards, even after a failure. The document frees it. */
int json_parse_buf(struct json_doc **out, struct buf *text, const char *name,
	const struct json_limits *limits, struct error *err);

/* Frees the document with all its values. Does nothing if `doc` is NULL. */
void json_doc_free(struct json_doc *doc);

/* The text of the document. Borrowed. */
const char *json_text(const struct json_doc *doc, size_t *len);
/* The name of the document in errors. Borrowed. */
const char *json_name(const struct json_doc *doc);
/* Is the document JSON Lines? */
bool json_is_lines(const struct json_doc *doc);

/* ---- values: all borrowed from the document ---- */

const struct json_value *json_root(const struct json_doc *doc);

/* The first child; NULL if `value` is NULL, empty, or not a container. */
static inline const struct json_value *json_first(const struct json_value *value)
{
	return value && value->count ? value + 1 : NULL;
}

/*
 * Loops over the children of `container`, in order: JSON_EACH (child, container) statement. A NULL
 * container has none. Do not nest loops with the same name.
 */
#define JSON_EACH(child, container)                                                                \
	for (const struct json_value *child = json_first(container),                               \
				     *child##_end = (container) ? (container) + (container)->span  \
								: NULL;                            \
		child && child < child##_end; child += child->span)

/* The member of an object with this (decoded) name; NULL if there is none, or if `object` is NULL
 * or not an object. */
const struct json_value *json_member(
	const struct json_doc *doc, const struct json_value *object, const char *name);
const struct json_value *json_member_n(
	const struct json_doc *doc, const struct json_value *object, const char *name, size_t len);
/*
 * Finds several members of an object at once: `found[i]` is the member with the name `names[i]` (of
 * `count` different names), or NULL. Faster than json_member() for each of them.
 */
void json_members(const struct json_doc *doc, const struct json_value *object,
	const char *const *names, size_t count, const struct json_value **found);
/* The text between the brackets of a container: bytes [start, end) of the document. That of a list of
 * lines is the whole text. */
size_t json_content_start(const struct json_doc *doc, const struct json_value *container);
size_t json_content_end(const struct json_doc *doc, const struct json_value *container);
/* The child of an array at `index`; NULL if there is none. Takes time proportional to `index`. */
const struct json_value *json_element(const struct json_value *array, size_t index);

/*
 * The value at a JSON pointer (RFC 6901), from the root; "" is the root. NULL if there is none or
 * the pointer is malformed.
 */
const struct json_value *json_at(const struct json_doc *doc, const char *pointer);

/* ---- content of a value ---- */

/* The text of the value, as written. Borrowed. */
const char *json_raw(const struct json_doc *doc, const struct json_value *value, size_t *len);

/*
 * The decoded characters of a string. Borrowed: without escapes, it points to the text; otherwise,
 * to memory of the document, and each call decodes again. Not NUL-terminated; may contain NUL. NULL
 * if `value` is NULL or not a string.
 */
const char *json_string(const struct json_doc *doc, const struct json_value *value, size_t *len);
/* Like json_string(), for the name of a member. */
const char *json_key(const struct json_doc *doc, const struct json_value *member, size_t *len);
/*
 * Like json_string() and json_key(), but decodes into `scratch` (whose content is replaced), not
 * into the document's memory. For reading a string many times, or a document from several threads.
 */
const char *json_string_in(const struct json_doc *doc, const struct json_value *value, size_t *len,
	struct buf *scratch);
const char *json_key_in(const struct json_doc *doc, const struct json_value *member, size_t *len,
	struct buf *scratch);
/* A copy of a string, which the caller frees; NULL if `value` is NULL, not a string, or contains a
 * NUL. */
char *json_strdup(const struct json_doc *doc, const struct json_value *value);
/* The same, allocated from the arena. */
char *json_strdup_in(
	const struct json_doc *doc, const struct json_value *value, struct arena *arena);
/* Is `value` a string that is equal to `string`? */
bool json_string_is(const struct json_doc *doc, const struct json_value *value, const char *string);

/* Stores the value of an integer (also 1.0 or 1e3); false if `value` is NULL, not an integer, or
 * too large. */
bool json_int64(const struct json_doc *doc, const struct json_value *value, int64_t *number);
/* The time of a string that is a timestamp (base/timestamp.h), in seconds since 1970; 0 if `value` is
 * NULL or anything else. */
int64_t json_time(const struct json_doc *doc, const struct json_value *value);
/* Stores the nearest double of a number; false if `value` is NULL or not a number. */
bool json_double(const struct json_doc *doc, const struct json_value *value, double *number);

/* Are the two values equal according to JSON Schema? Numbers are compared by value, strings
 * decoded, members in any order. The documents may be the same. */
bool json_equal(const struct json_doc *a_doc, const struct json_value *a,
	const struct json_doc *b_doc, const struct json_value *b);

/* Do the two values have the same text, byte for byte? If so, they are equal; much faster. */
bool json_same_text(const struct json_doc *a_doc, const struct json_value *a,
	const struct json_doc *b_doc, const struct json_value *b);

/* A hash that is the same for values that are json_equal(). */
uint64_t json_hash(const struct json_doc *doc, const struct json_value *value);

/* The name of the type in JSON Schema: "null", "boolean", "number", ... */
const char *json_type_name(enum json_type type);

/* ---- location of a value ---- */

struct json_position {
	size_t line;   /* from 1; lines end with LF */
	size_t column; /* from 1, in code points; in bytes if it is not UTF-8 */
};

/* The position of byte `offset` of the document's text. Takes time proportional to `offset`. */
struct json_position json_position(const struct json_doc *doc, size_t offset);
/* The same for a text without a document. */
struct json_position json_text_position(const char *text, size_t len, size_t offset);

/*
 * Splits `text`, an error of json_parse() or a function that uses it: stores the position in `*at`,
 * and returns the rest after "name:line:column: ". If `text` does not begin with that, returns all
 * of it, and the line in `*at` is 0. Borrowed from `text`.
 */
const char *json_error_sentence(const char *text, const char *name, struct json_position *at);

/* Appends the JSON pointer from the root to `value` to `out` ("" for the root). */
void json_pointer_of(const struct json_doc *doc, const struct json_value *value, struct buf *out);
/* Appends `name` to the pointer `out`: "/" and the name, with ~ and / escaped. */
void json_pointer_add(struct buf *out, const char *name, size_t len);

#endif
