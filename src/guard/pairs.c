#include "guard/pairs.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

struct keyed {
	const char *key; /* for comparing; after the first byte, the name of the part in pointers */
	size_t len;
	const struct json_value *value;
};

/* The parts of one version: all of them, or those of a list that are not skipped. */
struct side {
	struct keyed *in_order, *sorted;
	size_t count;
};

struct keys {
	const struct pair_key *names;
	size_t count;
};

static int compare(const void *a_, const void *b_)
{
	const struct keyed *a = a_, *b = b_;
	int order = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);
	return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* The first byte distinguishes a string from a number with the same text. */
static void add_key(const struct json_doc *doc, const struct json_value *value, struct buf *key)
{
	size_t len = 0;
	const char *text = json_string(doc, value, &len);
	if (!text) {
		key->data[0] = 'x';
		text = json_raw(doc, value, &len);
	}
	buf_add(key, text, len);
}

static void key_of(const struct json_doc *doc, const struct json_value *value,
	const struct keys *keys, struct buf *key)
{
	buf_reset(key);
	buf_addch(key, 's');
	for (size_t i = 0; i < keys->count; i++) {
		const struct pair_key *name = &keys->names[i];
		const struct json_value *member = json_member_n(doc, value, name->bytes, name->len);
		if (i)
			buf_addch(key, ',');
		buf_add(key, name->bytes, name->len);
		buf_addch(key, '=');
		if (member)
			add_key(doc, member, key);
	}
	if (!keys->count && value->key_end) {
		size_t len;
		const char *name = json_key(doc, value, &len);
		buf_add(key, name, len);
	} else if (!keys->count) {
		add_key(doc, value, key);
	}
}

/* Finds the keys of `parts`, and sorts the parts by them. */
static struct side side_of(const struct json_doc *doc, const struct json_value *const *parts,
	size_t count, const struct keys *keys, struct arena *arena)
{
	struct side side = { 0 };
	struct buf key = BUF_INIT;
	if (!count)
		return side;
	side.in_order = arena_array(arena, count, sizeof(*side.in_order));
	side.sorted = arena_array(arena, count, sizeof(*side.sorted));
	for (size_t i = 0; i < count; i++) {
		key_of(doc, parts[i], keys, &key);
		side.in_order[side.count++] =
			(struct keyed){ arena_strndup(arena, key.data, key.len), key.len,
				parts[i] };
	}
	memcpy(side.sorted, side.in_order, count * sizeof(*side.sorted));
	qsort(side.sorted, count, sizeof(*side.sorted), compare);
	buf_release(&key);
	return side;
}

static const struct json_value *find(const struct side *side, const struct keyed *wanted)
{
	const struct keyed *found = side->count
		? bsearch(wanted, side->sorted, side->count, sizeof(*wanted), compare)
		: NULL;
	return found ? found->value : NULL;
}

/* The children of a container, in an array from the arena. */
static const struct json_value **parts_of(
	const struct json_value *container, size_t *count, struct arena *arena)
{
	*count = 0;
	const struct json_value **parts =
		arena_array(arena, container ? container->count + 1 : 1, sizeof(*parts));
	JSON_EACH (part, container)
		parts[(*count)++] = part;
	return parts;
}

/* One of the two versions of a list or object. */
struct version_of {
	const struct json_doc *doc;
	const struct json_value **parts;
	size_t count;
	size_t first,
		end;      /* parts before `first` and from `end` have the same text on both sides */
	struct side side; /* the parts in between */
	struct side rest; /* the other parts, when they are first needed */
	bool has_rest;
};

static void skip_same(struct version_of *old, struct version_of *now)
{
	size_t least = old->count < now->count ? old->count : now->count, first = 0, last = 0;
	while (first < least &&
		json_same_text(old->doc, old->parts[first], now->doc, now->parts[first]))
		first++;
	while (last < least - first &&
		json_same_text(old->doc, old->parts[old->count - 1 - last], now->doc,
			now->parts[now->count - 1 - last]))
		last++;
	old->first = now->first = first;
	old->end = old->count - last;
	now->end = now->count - last;
}

/* The part with this key. It is a skipped one only if there are two parts with this key, or if the
 * other one was added or removed. */
static const struct json_value *find_in(struct version_of *version, const struct keyed *wanted,
	const struct keys *keys, struct arena *arena)
{
	const struct json_value *found = find(&version->side, wanted);
	size_t skipped = version->count - (version->end - version->first);
	if (found || !skipped)
		return found;
	if (!version->has_rest) {
		const struct json_value **rest = arena_array(arena, skipped, sizeof(*rest));
		size_t count = 0;
		for (size_t i = 0; i < version->count; i++)
			if (i < version->first || i >= version->end)
				rest[count++] = version->parts[i];
		version->rest = side_of(version->doc, rest, count, keys, arena);
		version->has_rest = true;
	}
	return find(&version->rest, wanted);
}

static void pair_up(const struct pairing *pairing, const struct keys *keys, bool changed_only,
	pair_fn *each, void *data)
{
	struct arena arena = ARENA_INIT;
	struct version_of old = { .doc = pairing->old_doc }, now = { .doc = pairing->new_doc };
	old.parts = parts_of(pairing->old, &old.count, &arena);
	now.parts = parts_of(pairing->now, &now.count, &arena);
	old.end = old.count;
	now.end = now.count;
	if (changed_only)
		skip_same(&old, &now);
	old.side = side_of(old.doc, old.parts + old.first, old.end - old.first, keys, &arena);
	now.side = side_of(now.doc, now.parts + now.first, now.end - now.first, keys, &arena);
	for (size_t i = 0; i < old.side.count; i++) {
		const struct keyed *part = &old.side.in_order[i];
		each(part->value, find_in(&now, part, keys, &arena), part->key + 1, data);
	}
	for (size_t i = 0; i < now.side.count; i++) {
		const struct keyed *part = &now.side.in_order[i];
		if (!find_in(&old, part, keys, &arena))
			each(NULL, part->value, part->key + 1, data);
	}
	arena_release(&arena);
}

static const struct json_value *if_type(const struct json_value *value, enum json_type type)
{
	return value && value->type == type ? value : NULL;
}

void pairs_of_members(const struct pairing *pairing, pair_fn *each, void *data)
{
	struct pairing objects = { pairing->old_doc, pairing->new_doc,
		if_type(pairing->old, JSON_OBJECT), if_type(pairing->now, JSON_OBJECT) };
	pair_up(&objects, &(struct keys){ NULL, 0 }, false, each, data);
}

static void pair_elements(const struct pairing *pairing, const struct keys *keys, bool changed_only,
	pair_fn *each, void *data)
{
	struct pairing arrays = { pairing->old_doc, pairing->new_doc,
		if_type(pairing->old, JSON_ARRAY), if_type(pairing->now, JSON_ARRAY) };
	pair_up(&arrays, keys, changed_only, each, data);
}

void pairs_of_elements(const struct pairing *pairing, const struct pair_key *keys, size_t count,
	pair_fn *each, void *data)
{
	pair_elements(pairing, &(struct keys){ keys, count }, false, each, data);
}

void pairs_of_changed_elements(const struct pairing *pairing, const struct pair_key *keys,
	size_t count, pair_fn *each, void *data)
{
	pair_elements(pairing, &(struct keys){ keys, count }, true, each, data);
}
