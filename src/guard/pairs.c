#include "guard/pairs.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

struct keyed {
	const char *key; /* compared; behind its first byte it is what a pointer calls the part */
	size_t len;
	const struct json_value *value;
};

struct side {
	struct keyed *in_order, *sorted;
	size_t count;
};

static int compare(const void *a_, const void *b_)
{
	const struct keyed *a = a_, *b = b_;
	int order = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);
	return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* A string and a number that read alike are two keys: that is what the first byte is for. */
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
	const struct pair_key *keys, size_t count, struct buf *key)
{
	buf_reset(key);
	buf_addch(key, 's');
	for (size_t i = 0; i < count; i++) {
		const struct json_value *member =
			json_member_n(doc, value, keys[i].bytes, keys[i].len);
		if (i)
			buf_addch(key, ',');
		buf_add(key, keys[i].bytes, keys[i].len);
		buf_addch(key, '=');
		if (member)
			add_key(doc, member, key);
	}
	if (!count && value->key_end) {
		size_t len;
		const char *name = json_key(doc, value, &len);
		buf_add(key, name, len);
	} else if (!count) {
		add_key(doc, value, key);
	}
}

static struct side side_of(const struct json_doc *doc, const struct json_value *container,
	const struct pair_key *keys, size_t count, struct arena *arena)
{
	struct side side = { 0 };
	struct buf key = BUF_INIT;
	if (!container)
		return side;
	side.in_order = arena_array(arena, container->count, sizeof(*side.in_order));
	side.sorted = arena_array(arena, container->count, sizeof(*side.sorted));
	JSON_EACH (part, container) {
		key_of(doc, part, keys, count, &key);
		side.in_order[side.count++] =
			(struct keyed){ arena_strndup(arena, key.data, key.len), key.len, part };
	}
	if (side.count) {
		memcpy(side.sorted, side.in_order, side.count * sizeof(*side.sorted));
		qsort(side.sorted, side.count, sizeof(*side.sorted), compare);
	}
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

static void pair_up(const struct pairing *pairing, const struct pair_key *keys, size_t count,
	pair_fn *each, void *data)
{
	struct arena arena = ARENA_INIT;
	struct side old = side_of(pairing->old_doc, pairing->old, keys, count, &arena);
	struct side now = side_of(pairing->new_doc, pairing->now, keys, count, &arena);
	for (size_t i = 0; i < old.count; i++)
		each(old.in_order[i].value, find(&now, &old.in_order[i]), old.in_order[i].key + 1,
			data);
	for (size_t i = 0; i < now.count; i++)
		if (!find(&old, &now.in_order[i]))
			each(NULL, now.in_order[i].value, now.in_order[i].key + 1, data);
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
	pair_up(&objects, NULL, 0, each, data);
}

void pairs_of_elements(const struct pairing *pairing, const struct pair_key *keys, size_t count,
	pair_fn *each, void *data)
{
	struct pairing arrays = { pairing->old_doc, pairing->new_doc,
		if_type(pairing->old, JSON_ARRAY), if_type(pairing->now, JSON_ARRAY) };
	pair_up(&arrays, keys, count, each, data);
}
