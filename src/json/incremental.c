/*
 * Parses a text that differs little from a parsed document.
 *
 * Both are walked together. A child of a container that has the same bytes in the other document has the
 * same values, possibly at another position: they are copied. A large container that begins in the same
 * way is walked in turn, and any other child is parsed. If the text is not valid, or much of it is
 * different, the whole text is parsed, so that the errors are the same.
 */
#include "json/internal.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "json/parse_error.h"

#include <stdlib.h>
#include <string.h>

enum {
	/* Smaller containers are parsed as a whole, which is as fast. */
	LEAST_WALKED = 256,
	/* How many children of the other document are compared with a child of the text. */
	MOST_COMPARED = 16,
};

struct nearing {
	struct json_doc *doc;
	const struct json_doc *like;
	size_t capacity; /* of doc->values */
	size_t behind;   /* the number of equal bytes at the end */
	size_t parses;   /* the number of children that may still be parsed */
};

/* The walk through one container, and its children in `like`. */
struct walk {
	uint32_t container; /* the index in doc->values */
	int depth;          /* the number of containers around it */
	bool is_lines;      /* the root of JSON Lines */
	bool changed;
	bool aligned; /* `next` was searched by its distance from the end */
	const struct json_value *oldest, *next, *end; /* children before `oldest` cannot follow */
	unsigned passed;                              /* the number from `oldest` to `next` */
};

static size_t walk_container(
	struct nearing *n, const struct json_value *like, size_t from, int depth);

static size_t item_length(const struct json_value *child)
{
	return child->end - json_item_start(child);
}

/* ---- between values ---- */

/* In JSON Lines, only the root has line feeds. */
static size_t skip_space(const struct json_doc *doc, size_t at, bool feeds)
{
	while (at < doc->len && json_is_space(doc->text[at]) && (feeds || doc->text[at] != '\n'))
		at++;
	return at;
}

/* Moves `*at` to the next child: 1; or to the end of the container: 0. -1: the text is not valid. */
static int find_next(const struct nearing *n, const struct walk *w, size_t *at, bool first)
{
	const struct json_doc *doc = n->doc;
	const struct json_value *container = &doc->values[w->container];
	bool feeds = !doc->lines || w->is_lines;
	*at = skip_space(doc, *at, !doc->lines);
	bool separated = !first && *at < doc->len && doc->text[*at] == (w->is_lines ? '\n' : ',');
	if (separated)
		++*at;
	if (separated || w->is_lines)
		*at = skip_space(doc, *at, feeds);
	if (*at == doc->len)
		return w->is_lines ? 0 : -1;
	if (!separated && !w->is_lines &&
		doc->text[*at] == (container->type == JSON_OBJECT ? '}' : ']'))
		return 0;
	return first || separated ? 1 : -1;
}

/* ---- children that are the same ---- */

/* Does the text have this child of `like` at byte `at`? A number must also end there. */
static bool is_same(const struct nearing *n, const struct json_value *child, size_t at)
{
	const struct json_doc *doc = n->doc;
	size_t len = item_length(child);
	if (len > doc->len - at ||
		memcmp(doc->text + at, n->like->text + json_item_start(child), len) != 0)
		return false;
	at += len;
	return child->type != JSON_NUMBER || at == doc->len || json_is_space(doc->text[at]) ||
		memchr(",]}", doc->text[at], 3);
}

/* The child of `like` that is as far from the end as byte `at`, if all that follows is the same; searched
 * once. NULL: none. */
static const struct json_value *find_aligned(const struct nearing *n, struct walk *w, size_t at)
{
	size_t from_end = n->doc->len - at;
	const struct json_value *child = w->oldest;
	if (w->aligned || from_end > n->behind)
		return NULL;
	w->aligned = true;
	while (child < w->end && n->like->len - json_item_start(child) > from_end)
		child += child->span;
	return child < w->end && n->like->len - json_item_start(child) == from_end ? child : NULL;
}

/* The child of `like` that the text has at byte `at`; NULL: none that can be found quickly. */
static const struct json_value *find_same(const struct nearing *n, struct walk *w, size_t at)
{
	if (w->next < w->end && is_same(n, w->next, at))
		return w->next;
	const struct json_value *aligned = find_aligned(n, w, at), *child = w->oldest;
	if (aligned && is_same(n, aligned, at))
		return aligned;
	for (int i = 0; i < MOST_COMPARED && child < w->end; i++, child += child->span)
		if (is_same(n, child, at))
			return child;
	return NULL;
}

static void copy_values(
	struct nearing *n, const struct json_value *from, const struct json_value *to, size_t moved)
{
	struct json_doc *doc = n->doc;
	size_t count = (size_t)(to - from);
	if (doc->count + count > n->capacity) {
		n->capacity = doc->count + count + doc->count / 2;
		doc->values = xreallocarray(doc->values, n->capacity, sizeof(*doc->values));
	}
	struct json_value *copy = doc->values + doc->count;
	memcpy(copy, from, count * sizeof(*copy));
	doc->count += count;
	/* Unsigned: if the value has moved towards the start, the offset wraps around. */
	for (size_t i = 0; i < count && moved; i++) {
		copy[i].start += (uint32_t)moved;
		copy[i].end += (uint32_t)moved;
		if (copy[i].key_end) {
			copy[i].key_start += (uint32_t)moved;
			copy[i].key_end += (uint32_t)moved;
		}
	}
}

static size_t copy_child(
	struct nearing *n, struct walk *w, const struct json_value *child, size_t at)
{
	copy_values(n, child, child + child->span, at - json_item_start(child));
	n->doc->values[w->container].count++;
	w->oldest = w->next = child + child->span;
	w->passed = 0;
	return at + item_length(child);
}

/* ---- children that are not ---- */

/* The end of the string at byte `at`, or of the text. */
static size_t skip_string(const struct json_doc *doc, size_t at)
{
	for (at++; at < doc->len && doc->text[at] != '"'; at++)
		at += doc->text[at] == '\\';
	return at < doc->len ? at + 1 : doc->len;
}

/* The end of the child at byte `at`, if it is valid. */
static size_t find_end(const struct json_doc *doc, size_t at)
{
	size_t start = at, depth = 0;
	while (at < doc->len) {
		char c = doc->text[at];
		bool closes = c == ']' || c == '}';
		if ((!depth && (closes || c == ',')) || (doc->lines && c == '\n'))
			break;
		depth += c == '[' || c == '{';
		depth -= closes;
		at = c == '"' ? skip_string(doc, at) : at + 1;
	}
	while (at > start && json_is_space(doc->text[at - 1]))
		at--;
	return at;
}

static size_t parse_child(struct nearing *n, const struct walk *w, size_t at)
{
	struct json_doc *doc = n->doc;
	size_t end = find_end(doc, at);
	struct json_doc child = { .text = doc->text + at, .len = end - at, .name = doc->name };
	if (!n->parses ||
		json_check_start(&child, utf8_valid_prefix(child.text, child.len), NULL) < 0)
		return 0;
	n->parses--;
	bool valid = json_parse_child(doc, &n->capacity, w->container, w->depth, at, end);
	return valid ? end : 0;
}

/* Is the child of `like` a large container that begins like the child at byte `at`? */
static bool begins_alike(const struct nearing *n, const struct json_value *child, size_t at)
{
	size_t len = child->start + 1 - json_item_start(child);
	return child->type >= JSON_ARRAY && child->end - child->start >= LEAST_WALKED &&
		len <= n->doc->len - at &&
		!memcmp(n->doc->text + at, n->like->text + json_item_start(child), len);
}

/* The child of `like` that may be an older version of the next one; NULL: none. */
static const struct json_value *take_next(struct walk *w)
{
	const struct json_value *child = w->next;
	if (child == w->end)
		return NULL;
	w->next += child->span;
	if (++w->passed > MOST_COMPARED / 2) {
		w->oldest += w->oldest->span;
		w->passed--;
	}
	return child;
}

/* Adds the child at byte `at`. Returns its end; 0: it is not valid, or too much is different. */
static size_t add_child(struct nearing *n, struct walk *w, size_t at)
{
	const struct json_value *same = find_same(n, w, at);
	if (same)
		return copy_child(n, w, same, at);
	const struct json_value *like = take_next(w);
	w->changed = true;
	if (!like || !begins_alike(n, like, at))
		return parse_child(n, w, at);
	n->doc->values[w->container].count++;
	return walk_container(n, like, at, w->depth + 1);
}

/* Adds the container at byte `from`, which begins like `like`. Returns as add_child(). */
static size_t walk_container(
	struct nearing *n, const struct json_value *like, size_t from, int depth)
{
	struct json_doc *doc = n->doc;
	struct walk w = { .container = (uint32_t)doc->count,
		.depth = depth,
		.is_lines = doc->lines && !depth,
		.oldest = like + 1,
		.next = like + 1,
		.end = like + like->span };
	int more;
	copy_values(n, like, like + 1, from - json_item_start(like));
	doc->values[w.container].count = 0;
	size_t at = doc->values[w.container].start + !w.is_lines;
	for (bool first = true; (more = find_next(n, &w, &at, first)) > 0; first = false)
		if (!(at = add_child(n, &w, at)))
			return 0;
	struct json_value *value = &doc->values[w.container];
	value->end = (uint32_t)(at + !w.is_lines);
	value->span = (uint32_t)(doc->count - w.container);
	if (more < 0 || (w.changed && value->type == JSON_OBJECT && json_has_duplicate(doc, value)))
		return 0;
	return value->end;
}

/* ---- */

static size_t count_equal_at_end(const struct json_doc *a, const struct json_doc *b)
{
	size_t most = a->len < b->len ? a->len : b->len, equal = 0;
	enum { STRIDE = 64 };
	while (equal + STRIDE <= most &&
		!memcmp(a->text + a->len - equal - STRIDE, b->text + b->len - equal - STRIDE,
			STRIDE))
		equal += STRIDE;
	while (equal < most && a->text[a->len - equal - 1] == b->text[b->len - equal - 1])
		equal++;
	return equal;
}

static bool parse_near(struct json_doc *doc, const struct json_doc *like)
{
	const struct json_value *root = like->values;
	struct nearing n = { .doc = doc, .like = like, .capacity = like->count + 64 };
	size_t head = doc->lines ? 0 : root->start + 1u;
	if (root->type < JSON_ARRAY || head > doc->len || memcmp(doc->text, like->text, head) != 0)
		return false;
	n.behind = count_equal_at_end(doc, like);
	n.parses = 32 + like->count / 16;
	doc->values = xreallocarray(NULL, n.capacity, sizeof(*doc->values));
	size_t end = walk_container(&n, root, root->start, 0);
	return end && skip_space(doc, end, true) == doc->len;
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
		if (parse_near(doc, like)) {
			doc->values = xreallocarray(doc->values, doc->count, sizeof(*doc->values));
			*out = doc;
			return 0;
		}
		json_doc_free(doc);
	}
	return json_parse(out, text, len, name, limits, err);
}
