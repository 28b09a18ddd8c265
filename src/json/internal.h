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
	struct json_value *values; /* the first is the root */
	size_t count;
	struct arena arena; /* holds the strings that were decoded */
};

/* Where a child of a container starts, its name included. */
static inline size_t json_item_start(const struct json_value *child)
{
	return child->key_end ? child->key_start : child->start;
}

/*
 * Parses bytes [from, to) of the text as children of value `container`, which stands in `depth`
 * others and has children already where `from` is behind a comma, and adds them to the values, of
 * which `*capacity` have room. `closes`: the bytes end with the container's closing bracket, else
 * with a child. False if they are not that.
 */
bool json_parse_children(struct json_doc *doc, size_t *capacity, uint32_t container, int depth,
	size_t from, size_t to, bool closes);

/* Is a member's name in this object twice? */
bool json_has_duplicate(const struct json_doc *doc, const struct json_value *object);

/* The number that four hexadecimal digits stand for. */
unsigned json_hex4(const char *digits);

/* The characters of a quoted string `raw`, quotes included, decoded into `out` (at least as long as
 * `raw`); returns their number. The string has been accepted by the parser. */
size_t json_unescape(const char *raw, size_t len, char *out);

/* Compares two quoted strings by their decoded characters; either may have escapes or none. */
bool json_same_string(
	const char *a, size_t a_len, bool a_escaped, const char *b, size_t b_len, bool b_escaped);

/*
 * The members of an object sorted by their decoded names; those of one name by place. Sorted and
 * not hashed: who writes the names cannot make it slow.
 */
struct json_names {
	struct json_name {
		const char *text;
		size_t len;
		const struct json_value *member;
	} * sorted;
	size_t count;
	char *decoded; /* holds those that have escapes */
};

/* Borrows from the document; to be given to json_names_release(). */
void json_names_init(
	struct json_names *names, const struct json_doc *doc, const struct json_value *object);
void json_names_release(struct json_names *names);
bool json_name_is(const struct json_name *a, const struct json_name *b);

#endif
