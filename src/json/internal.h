/* Private to this layer. */
#ifndef JSON_INTERNAL_H
#define JSON_INTERNAL_H

#include "base/arena.h"
#include "json/document.h"

struct json_doc {
	const char *text;
	size_t len;
	struct buf owned; /* if the document owns its text */
	char *name;
	bool lines;                /* JSON Lines: the root has no brackets */
	bool is_line;              /* the text is one line of a document */
	size_t first_line;         /* the number of its first line in positions; 0: 1 */
	struct json_value *values; /* the first is the root */
	size_t count;
	struct arena arena; /* has the decoded strings */
};

/* The start of a child of a container, including its name. */
static inline size_t json_item_start(const struct json_value *child)
{
	return child->key_end ? child->key_start : child->start;
}

/* Whitespace of JSON. */
static inline bool json_is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/*
 * Parses bytes [from, to) of the text as the next child of value `container`, which is inside `depth`
 * others. Adds its values to those of the document, which have space for `*capacity`. False if the
 * bytes are not exactly one child.
 */
bool json_parse_child(struct json_doc *doc, size_t *capacity, uint32_t container, int depth,
	size_t from, size_t to);

/* Does the object have duplicate names? */
bool json_has_duplicate(const struct json_doc *doc, const struct json_value *object);

/* The value of four hexadecimal digits. */
unsigned json_hex4(const char *digits);

/* Decodes a string `raw`, which has quotes and was accepted by the parser, into `out` (at least as
 * long as `raw`). Returns the number of bytes. */
size_t json_unescape(const char *raw, size_t len, char *out);

/* Compares two quoted strings by their decoded characters; both may have escapes. */
bool json_same_string(
	const char *a, size_t a_len, bool a_escaped, const char *b, size_t b_len, bool b_escaped);

/*
 * The members of an object, sorted by their decoded names, and then by position. They are sorted,
 * not hashed, so that a hostile document cannot make it slow.
 */
struct json_names {
	struct json_name {
		const char *text;
		size_t len;
		const struct json_value *member;
	} * sorted;
	size_t count;
	char *decoded; /* has the names with escapes */
};

/* Borrows from the document. Release with json_names_release(). */
void json_names_init(
	struct json_names *names, const struct json_doc *doc, const struct json_value *object);
void json_names_release(struct json_names *names);
bool json_name_is(const struct json_name *a, const struct json_name *b);

#endif
