/*
 * A JSON document that loses nothing.
 *
 * The text as it was read stays the truth; parsing lays an index of values over it. A value knows
 * where its text starts and ends, so what is not edited is written back byte for byte: indentation,
 * order of members, the spelling of numbers (`100.00`, 20-digit integers) and of strings.
 *
 * The values of a document are an array in the order of the text: a container is followed by all
 * that it contains, so the first child of `v` is `v + 1` and its next sibling is `v + v->span`.
 *
 *	struct json_doc *doc;
 *	if (json_parse(&doc, text, len, "jobs.json", NULL, err) < 0)
 *		return err->code;
 *	const struct json_value *jobs = json_member(doc, json_root(doc), "jobs");
 *	JSON_EACH (job, jobs)
 *		...
 *	json_doc_free(doc);
 *
 * What is read is RFC 8259, and less: refused with line and column are duplicate member names
 * (compared decoded), invalid UTF-8, a byte-order mark, anything behind the value, escapes of
 * unpaired surrogates, nesting deeper than 256, text longer than the limit. Nothing here knows
 * schemas or git. A document is read-only once parsed; json/edit.h makes new text from it. Reading
 * may decode strings into the document's memory: one thread at a time.
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
	uint32_t start, end; /* its text: bytes [start, end), quotes and brackets included */
	uint32_t key_start, key_end; /* an object's member: its name with the quotes; else 0, 0 */
	uint32_t count;              /* a container: how many children it has */
	uint32_t span;               /* how many values it is, itself included */
	uint8_t type;                /* enum json_type */
	bool escaped;                /* a string that has a backslash in it */
	bool key_escaped;            /* the same of its name */
};

enum { JSON_MAX_DEPTH = 256 };
#define JSON_DEFAULT_LIMIT ((size_t)64 << 20)

struct json_limits {
	size_t size;     /* bytes; 0: JSON_DEFAULT_LIMIT. At most UINT32_MAX. */
	int depth;       /* levels of nesting; 0: JSON_MAX_DEPTH, which is also the most */
	bool duplicates; /* accept objects in which a member name occurs more than once */
};

/*
 * Parses `len` bytes of `text` in one piece. The text is not copied: it must live, unchanged, as
 * long as the document. `name` (copied) is what errors call it. `limits` may be NULL. On success
 * `*out` is yours, to be given to json_doc_free(). ERR_INVALID otherwise, with an error that reads
 * "name:line:column: what is wrong, what would be right".
 */
int json_parse(struct json_doc **out, const char *text, size_t len, const char *name,
	const struct json_limits *limits, struct error *err);

/*
 * As json_parse, for a text that differs little from that of `like`: what is the same at its start
 * and at its end is not parsed again. `like` is not needed afterwards.
 */
int json_parse_near(struct json_doc **out, const char *text, size_t len, const char *name,
	const struct json_doc *like, const struct json_limits *limits, struct error *err);

/* As json_parse; the document takes the text over from `text` (which is fresh afterwards) and frees
 * it. On failure too. */
int json_parse_buf(struct json_doc **out, struct buf *text, const char *name,
	const struct json_limits *limits, struct error *err);

/* Frees the document with all its values. NULL is fine. */
void json_doc_free(struct json_doc *doc);

/* The document's text, as it was parsed. Borrowed. */
const char *json_text(const struct json_doc *doc, size_t *len);
/* What errors call the document. Borrowed. */
const char *json_name(const struct json_doc *doc);

/* ---- values: all borrowed from the document ---- */

const struct json_value *json_root(const struct json_doc *doc);

/* The first child, or NULL: `value` is no container, or empty, or NULL. */
static inline const struct json_value *json_first(const struct json_value *value)
{
	return value && value->count ? value + 1 : NULL;
}

/*
 * Every child of `container` in order: JSON_EACH (child, container) statement. A NULL container
 * has none. Not to be nested with the same name.
 */
#define JSON_EACH(child, container)                                                                \
	for (const struct json_value *child = json_first(container),                               \
				     *child##_end = (container) ? (container) + (container)->span  \
								: NULL;                            \
		child && child < child##_end; child += child->span)

/* The member of an object by its (decoded) name; NULL if `object` is NULL, no object, or has none.
 */
const struct json_value *json_member(
	const struct json_doc *doc, const struct json_value *object, const char *name);
const struct json_value *json_member_n(
	const struct json_doc *doc, const struct json_value *object, const char *name, size_t len);
/*
 * Several members of an object in one pass over it: `found[i]` is the member called `names[i]` (of
 * `count` different names), or NULL. As json_member() for each of them, and faster.
 */
void json_members(const struct json_doc *doc, const struct json_value *object,
	const char *const *names, size_t count, const struct json_value **found);
/* The child of an array at `index`; NULL if there is none. Takes time proportional to `index`. */
const struct json_value *json_element(const struct json_value *array, size_t index);

/*
 * The value at a JSON pointer (RFC 6901), from the root; "" is the root. NULL if there is none or
 * the pointer is malformed.
 */
const struct json_value *json_at(const struct json_doc *doc, const char *pointer);

/* ---- what a value says ---- */

/* The value's text as spelled. Borrowed. */
const char *json_raw(const struct json_doc *doc, const struct json_value *value, size_t *len);

/*
 * The characters of a string, decoded. Borrowed: points into the text where there is no escape,
 * else into memory of the document, decoded at each call. Not NUL-terminated; may contain NUL. NULL
 * if `value` is NULL or no string.
 */
const char *json_string(const struct json_doc *doc, const struct json_value *value, size_t *len);
/* As json_string, for the name of a member. */
const char *json_key(const struct json_doc *doc, const struct json_value *member, size_t *len);
/*
 * As json_string and json_key; what has to be decoded goes into `scratch` (what was in it is
 * forgotten) and not into the document's memory. For those who read a string many times, or one
 * document from several threads.
 */
const char *json_string_in(const struct json_doc *doc, const struct json_value *value, size_t *len,
	struct buf *scratch);
const char *json_key_in(const struct json_doc *doc, const struct json_value *member, size_t *len,
	struct buf *scratch);
/* A copy of a string that is yours to free(); NULL if `value` is NULL, no string, or has a NUL in
 * it. */
char *json_strdup(const struct json_doc *doc, const struct json_value *value);
/* The same, the arena's. */
char *json_strdup_in(
	const struct json_doc *doc, const struct json_value *value, struct arena *arena);
/* Is `value` a string that says `string`? */
bool json_string_is(const struct json_doc *doc, const struct json_value *value, const char *string);

/* The value of an integer (also 1.0 or 1e3) that fits; false if `value` is NULL, none, or does not
 * fit. */
bool json_int64(const struct json_doc *doc, const struct json_value *value, int64_t *number);
/* The nearest double of a number; false if `value` is NULL or no number. */
bool json_double(const struct json_doc *doc, const struct json_value *value, double *number);

/* Are the two the same by JSON Schema's meaning? Numbers by value, strings decoded, members in any
 * order. The documents may be one. */
bool json_equal(const struct json_doc *a_doc, const struct json_value *a,
	const struct json_doc *b_doc, const struct json_value *b);

/* Are the two spelled the same, byte for byte? Then they are equal, too; much faster. */
bool json_same_text(const struct json_doc *a_doc, const struct json_value *a,
	const struct json_doc *b_doc, const struct json_value *b);

/* A hash that is the same for values that are json_equal. */
uint64_t json_hash(const struct json_doc *doc, const struct json_value *value);

/* The type's name as JSON Schema has it: "null", "boolean", "number", ... */
const char *json_type_name(enum json_type type);

/* ---- where a value is ---- */

struct json_position {
	size_t line;   /* from 1; lines end with LF */
	size_t column; /* from 1, in characters (code points); in bytes where it is no UTF-8 */
};

/* The position of byte `offset` of the document's text. Takes time proportional to `offset`. */
struct json_position json_position(const struct json_doc *doc, size_t offset);
/* The same of a bare text. */
struct json_position json_text_position(const char *text, size_t len, size_t offset);

/*
 * The sentence in `text`, an error of json_parse() or of a function built on it, behind the place
 * that it starts with, which goes to `*at`; the whole text, and line 0, where it does not start
 * with "name:line:column: ". Borrowed from `text`.
 */
const char *json_error_sentence(const char *text, const char *name, struct json_position *at);

/* Appends the JSON pointer from the root to `value` to `out` ("" for the root). */
void json_pointer_of(const struct json_doc *doc, const struct json_value *value, struct buf *out);
/* Appends `name` to `out` as one reference token of a pointer: "/" and the name, with ~ and /
 * escaped. */
void json_pointer_add(struct buf *out, const char *name, size_t len);

#endif
