/*
 * Parses a text that differs little from a parsed document.
 *
 * The innermost container that contains all differences is searched for in the other document. Its
 * children before and after the differences, and everything around it, have the same bytes in both
 * texts, so they have the same values, possibly at other positions; only the part in between is
 * parsed. In all other cases, the whole text is parsed, so that the errors are the same.
 */
#include "json/internal.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "json/parse_error.h"

#include <stdlib.h>
#include <string.h>

struct nearing {
	struct json_doc *doc;
	const struct json_doc *like;
	size_t before, behind; /* the number of equal bytes at the start, and at the end */
	const struct json_value *container; /* of `like` */
	int depth;                          /* the number of containers around it */
	const struct json_value *last_same; /* its last child before the difference; or NULL */
	/* Its first child after the difference, which is parsed again, to know that the parser has
	 * reached it; NULL: the parser must reach the closing bracket. */
	const struct json_value *meet;
	size_t capacity;
};

static void compare_ends(struct nearing *n)
{
	const char *a = n->doc->text, *b = n->like->text;
	size_t a_len = n->doc->len, b_len = n->like->len, most = a_len < b_len ? a_len : b_len;
	enum { STRIDE = 64 };
	while (n->before + STRIDE <= most && !memcmp(a + n->before, b + n->before, STRIDE))
		n->before += STRIDE;
	while (n->before < most && a[n->before] == b[n->before])
		n->before++;
	most -= n->before;
	while (n->behind + STRIDE <= most &&
		!memcmp(a + a_len - n->behind - STRIDE, b + b_len - n->behind - STRIDE, STRIDE))
		n->behind += STRIDE;
	while (n->behind < most && a[a_len - n->behind - 1] == b[b_len - n->behind - 1])
		n->behind++;
}

/* Are all differences inside this container? */
static bool holds_difference(const struct nearing *n, const struct json_value *value)
{
	return value->type >= JSON_ARRAY && value->start < n->before &&
		value->end > n->like->len - n->behind;
}

static void find_container(struct nearing *n)
{
	const struct json_value *value = n->like->values;
	while (value && holds_difference(n, value)) {
		n->container = value;
		n->depth++;
		value = NULL;
		JSON_EACH (child, n->container)
			if (holds_difference(n, child))
				value = child;
	}
	n->depth--;
}

/* Finds the children before and after the difference. */
static bool find_children(struct nearing *n)
{
	JSON_EACH (child, n->container) {
		if (child->end < n->before)
			n->last_same = child;
		else if (!n->meet && json_item_start(child) >= n->like->len - n->behind)
			n->meet = child;
	}
	/* The end of a number is known only from the next byte. */
	return !n->meet || n->meet->type >= JSON_STRING;
}

static void copy_values(
	struct nearing *n, const struct json_value *from, const struct json_value *to, size_t moved)
{
	struct json_doc *doc = n->doc;
	size_t count = (size_t)(to - from);
	if (doc->count + count > n->capacity) {
		n->capacity = doc->count + count;
		doc->values = xreallocarray(doc->values, n->capacity, sizeof(*doc->values));
	}
	struct json_value *copy = doc->values + doc->count;
	if (count)
		memcpy(copy, from, count * sizeof(*copy));
	doc->count += count;
	/* Unsigned: if the text is shorter, the offset wraps around. */
	for (size_t i = 0; i < count && moved; i++) {
		copy[i].start += (uint32_t)moved;
		copy[i].end += (uint32_t)moved;
		if (copy[i].key_end) {
			copy[i].key_start += (uint32_t)moved;
			copy[i].key_end += (uint32_t)moved;
		}
	}
}

/* The start of the bytes to parse: after the comma of the last child that is the same. */
static size_t region_start(const struct nearing *n)
{
	const char *text = n->doc->text;
	size_t at = n->last_same ? n->last_same->end : n->container->start + 1u;
	if (!n->last_same)
		return at;
	while (at < n->before && strchr(" \t\r\n", text[at]) && text[at])
		at++;
	return at < n->before && text[at] == ',' ? at + 1 : 0;
}

/* Updates the containers around the difference. */
static void correct_outer(struct nearing *n, size_t moved)
{
	struct json_doc *doc = n->doc;
	const struct json_value *like = n->like->values;
	uint32_t more = (uint32_t)(doc->count - n->like->count);
	for (const struct json_value *outer = like; outer <= n->container; outer++)
		if (holds_difference(n, outer)) {
			doc->values[outer - like].end = outer->end + (uint32_t)moved;
			doc->values[outer - like].span = outer->span + more;
		}
}

static bool parse_near(struct nearing *n)
{
	struct json_doc *doc = n->doc;
	const struct json_value *like = n->like->values;
	compare_ends(n);
	find_container(n);
	if (!n->container || !find_children(n))
		return false;
	size_t moved = doc->len - n->like->len, from = region_start(n);
	size_t to = (n->meet ? n->meet->end : n->container->end) + moved;
	if (!from || to > doc->len || to <= from)
		return false;
	struct json_doc region = { .text = doc->text + from, .len = to - from, .name = doc->name };
	if (json_check_start(&region, utf8_valid_prefix(region.text, region.len), NULL) < 0)
		return false;

	uint32_t container = (uint32_t)(n->container - like), kept = 0, follow = 0;
	const struct json_value *end = n->container + n->container->span;
	JSON_EACH (child, n->container) {
		kept += n->last_same && child <= n->last_same;
		follow += n->meet && child > n->meet;
	}
	n->capacity = n->like->count + 64;
	doc->values = xreallocarray(NULL, n->capacity, sizeof(*doc->values));
	copy_values(
		n, like, n->last_same ? n->last_same + n->last_same->span : n->container + 1, 0);
	doc->values[container].count = kept;
	if (!json_parse_children(doc, &n->capacity, container, n->depth, from, to, !n->meet))
		return false;
	/* There was nothing after the comma. */
	if (n->last_same && doc->values[container].count == kept)
		return false;
	copy_values(n, n->meet ? n->meet + n->meet->span : end, like + n->like->count, moved);
	doc->values[container].count += follow;
	correct_outer(n, moved);
	return n->container->type != JSON_OBJECT ||
		!json_has_duplicate(doc, &doc->values[container]);
}

/* ---- JSON Lines ---- */

/* Reduces the equal bytes to whole lines: after them, both texts start a line. */
static void keep_whole_lines(struct nearing *n)
{
	const char *text = n->doc->text, *newline = memrchr(text, '\n', n->before);
	n->before = newline ? (size_t)(newline - text) + 1 : 0;
	const char *same = text + n->doc->len - n->behind;
	newline = memchr(same, '\n', n->behind);
	n->behind = newline ? n->behind - (size_t)(newline + 1 - same) : 0;
}

static bool parse_lines_near(struct nearing *n)
{
	struct json_doc *doc = n->doc;
	const struct json_value *root = n->like->values, *from = root + 1, *to;
	const struct json_value *end = root + root->span;
	compare_ends(n);
	keep_whole_lines(n);
	size_t stop = doc->len - n->behind, kept = 0, follow = 0;
	struct json_doc region = { .text = doc->text + n->before,
		.len = stop - n->before,
		.name = doc->name,
		.lines = true };
	if (json_check_start(&region, utf8_valid_prefix(region.text, region.len), NULL) < 0)
		return false;
	for (; from < end && from->start < n->before; from += from->span)
		kept++;
	for (to = from; to < end && to->start < n->like->len - n->behind; to += to->span)
		;
	for (const struct json_value *line = to; line < end; line += line->span)
		follow++;
	n->capacity = n->like->count + 64;
	doc->values = xreallocarray(NULL, n->capacity, sizeof(*doc->values));
	copy_values(n, root, from, 0);
	doc->values->count = (uint32_t)kept;
	if (!json_parse_some_lines(doc, &n->capacity, n->before, stop))
		return false;
	copy_values(n, to, end, doc->len - n->like->len);
	doc->values->count += (uint32_t)follow;
	doc->values->end = (uint32_t)doc->len;
	doc->values->span = (uint32_t)doc->count;
	return true;
}

int json_parse_near(struct json_doc **out, const char *text, size_t len, const char *name,
	const struct json_doc *like, const struct json_limits *limits, struct error *err)
{
	size_t size = limits && limits->size ? limits->size : JSON_DEFAULT_LIMIT;
	bool lines = limits && limits->lines;
	if (like && like->lines == lines && len <= size && len <= UINT32_MAX &&
		(!limits || (!limits->depth && !limits->duplicates && !limits->first_line))) {
		struct json_doc *doc = xcalloc(1, sizeof(*doc));
		doc->text = text;
		doc->len = len;
		doc->owned = (struct buf)BUF_INIT;
		doc->name = xstrdup(name);
		doc->lines = lines;
		struct nearing nearing = { .doc = doc, .like = like };
		if (lines ? parse_lines_near(&nearing) : parse_near(&nearing)) {
			doc->values = xreallocarray(doc->values, doc->count, sizeof(*doc->values));
			*out = doc;
			return 0;
		}
		json_doc_free(doc);
	}
	return json_parse(out, text, len, name, limits, err);
}
