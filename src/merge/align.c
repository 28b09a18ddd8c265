#include "merge/internal.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <string.h>

/* ---- the identity of a child ---- */

static void identify(const struct aligning *al, const struct json_doc *doc, struct item *item)
{
	size_t len;
	item->hash = 1;
	item->number = item->times = 0;
	item->keyless = false;
	if (al->by == BY_NAME) {
		const char *name = json_key(doc, item->value, &len);
		item->hash = hash_bytes(name, len);
		return;
	}
	for (size_t i = 0; al->by == BY_KEYS && i < al->keys_count; i++) {
		const struct text *key = &al->keys[i];
		const struct json_value *value =
			json_member_n(doc, item->value, key->bytes, key->len);
		if (!value)
			item->keyless = true;
		else
			item->hash = hash_mix(item->hash, json_hash(doc, value));
	}
	if (al->by == BY_CONTENT || item->keyless)
		item->hash = json_hash(doc, item->value);
}

static bool same_name(const struct json_doc *a_doc, const struct json_value *a,
	const struct json_doc *b_doc, const struct json_value *b)
{
	size_t a_len, b_len;
	const char *a_name = json_key(a_doc, a, &a_len), *b_name = json_key(b_doc, b, &b_len);
	return a_len == b_len && !memcmp(a_name, b_name, a_len);
}

static bool same_identity(const struct aligning *al, const struct json_doc *a_doc,
	const struct item *a, const struct json_doc *b_doc, const struct item *b)
{
	if (a->hash != b->hash || a->keyless != b->keyless)
		return false;
	if (al->by == BY_NAME)
		return same_name(a_doc, a->value, b_doc, b->value);
	if (al->by == BY_CONTENT || a->keyless)
		return json_equal(a_doc, a->value, b_doc, b->value);
	for (size_t i = 0; i < al->keys_count; i++) {
		const struct text *key = &al->keys[i];
		if (!json_equal(a_doc, json_member_n(a_doc, a->value, key->bytes, key->len), b_doc,
			    json_member_n(b_doc, b->value, key->bytes, key->len)))
			return false;
	}
	return true;
}

/* ---- tables ---- */

/* The slot of the item of `list` that is the same as `expected` of `doc`, or its empty slot. */
static size_t find_slot(const struct aligning *al, const struct children *list,
	const struct json_doc *doc, const struct item *expected)
{
	size_t slot = (size_t)hash_mix(expected->hash, expected->number) & (list->size - 1);
	for (; list->table[slot]; slot = (slot + 1) & (list->size - 1)) {
		const struct item *item = &list->items[list->table[slot] - 1];
		if (item->number == expected->number &&
			same_identity(al, list->doc, item, doc, expected))
			break;
	}
	return slot;
}

static bool build_table(const struct aligning *al, struct children *list)
{
	list->size = hash_size(list->count);
	list->table = arena_zero(&al->m->arena, list->size, sizeof(*list->table));
	bool unique = true;
	for (uint32_t i = 0; i < list->count; i++) {
		struct item *item = &list->items[i];
		identify(al, list->doc, item);
		size_t slot = find_slot(al, list, list->doc, item);
		unique = unique && !item->keyless && !list->table[slot];
		if (list->table[slot]) {
			item->number = ++list->items[list->table[slot] - 1].times;
			slot = find_slot(al, list, list->doc, item);
		}
		list->table[slot] = i + 1;
	}
	return unique;
}

static void match(const struct aligning *al, struct children *list, const struct children *with)
{
	for (size_t i = 0; i < list->count; i++) {
		struct item *item = &list->items[i];
		uint32_t found =
			with->count ? with->table[find_slot(al, with, list->doc, item)] : 0;
		item->match[with->side] = found ? found - 1 : NOWHERE;
	}
}

/* ---- children that are the same at both ends ---- */

static size_t child_start(const struct json_value *child)
{
	return child->key_end ? child->key_start : child->start;
}

static bool same_text(const struct json_doc *a_doc, const struct json_value *a,
	const struct json_doc *b_doc, const struct json_value *b)
{
	size_t a_start = child_start(a), b_start = child_start(b), len = a->end - a_start, all;
	return len == b->end - b_start &&
		!memcmp(json_text(a_doc, &all) + a_start, json_text(b_doc, &all) + b_start, len);
}

/* Does one child have the same text in all versions that have the container? */
static bool row_is_same(const struct aligning *al, const struct triple *row)
{
	const struct children *lists = al->lists;
	const struct json_value *a = row->at[A], *base = row->at[BASE];
	return same_text(lists[A].doc, a, lists[B].doc, row->at[B]) &&
		(!base || same_text(lists[A].doc, a, lists[BASE].doc, base));
}

/* How many children may be taken without comparing identities. */
static size_t most_same(const struct aligning *al)
{
	const struct triple *t = &al->spot->at;
	size_t most = t->at[A]->count < t->at[B]->count ? t->at[A]->count : t->at[B]->count;
	if (t->at[BASE])
		return t->at[BASE]->count < most ? t->at[BASE]->count : most;
	return al->m->request->schema ? 0 : most; /* equal values may have to be added up */
}

/* Fills the lists with the children that are not the same at the start and at the end. */
void align_start(struct aligning *al, struct alignment *out)
{
	const struct triple *containers = &al->spot->at;
	struct triple row;
	size_t most = most_same(al);
	for (enum side side = BASE; side < SIDES; side++) {
		al->lists[side].side = side;
		al->lists[side].doc = al->m->docs[side];
		row.at[side] = containers->at[side] ? containers->at[side] + 1 : NULL;
	}
	while (out->before < most && row_is_same(al, &row)) {
		out->before++;
		for (enum side side = BASE; side < SIDES; side++)
			if (row.at[side])
				row.at[side] += row.at[side]->span;
	}
	for (enum side side = BASE; side < SIDES; side++) {
		struct children *list = &al->lists[side];
		size_t left = containers->at[side] ? containers->at[side]->count - out->before : 0;
		list->items = arena_zero(&al->m->arena, left, sizeof(*list->items));
		for (; left; left--, row.at[side] += row.at[side]->span)
			list->items[list->count++].value = row.at[side];
	}
	for (; out->before + out->after < most; out->after++) {
		for (enum side side = BASE; side < SIDES; side++)
			row.at[side] = containers->at[side]
				? al->lists[side].items[al->lists[side].count - 1].value
				: NULL;
		if (!row_is_same(al, &row))
			break;
		for (enum side side = BASE; side < SIDES; side++)
			al->lists[side].count -= containers->at[side] != NULL;
	}
}

/* ---- the order ---- */

/* Does this version keep the order that the children have in the base? */
static bool keeps_order(const struct children *list)
{
	uint32_t last = 0;
	for (size_t i = 0; i < list->count; i++) {
		uint32_t base = list->items[i].match[BASE];
		if (base == NOWHERE)
			continue;
		if (base < last)
			return false;
		last = base;
	}
	return true;
}

static struct triple row_of(const struct aligning *al, const struct item *item, enum side side)
{
	enum side other = side == A ? B : A;
	struct triple row = { { NULL } };
	row.at[side] = item->value;
	if (item->match[BASE] != NOWHERE)
		row.at[BASE] = al->lists[BASE].items[item->match[BASE]].value;
	if (item->match[other] != NOWHERE)
		row.at[other] = al->lists[other].items[item->match[other]].value;
	return row;
}

/* Of two elements added in one location, does `b` come first? In a list that only grows, the one that
 * is published does: lines must not be inserted before it. Else, the one with the earlier time does,
 * if both have one; then the one with the smaller key. */
static bool comes_first(const struct aligning *al, const struct schema_place *place,
	enum side b_side, const struct item *a, const struct item *b)
{
	struct merging *m = al->m;
	enum side a_side = b_side == A ? B : A;
	if (al->first != BASE)
		return b_side == al->first;
	if (a->keyless || b->keyless)
		return false;
	struct triple both = { { NULL } };
	both.at[a_side] = a->value;
	both.at[b_side] = b->value;
	int order = compare_clocks(m, place, &both);
	for (size_t i = 0; !order && i < al->keys_count; i++) {
		const struct text *key = &al->keys[i];
		struct triple keys = { { NULL,
			json_member_n(m->docs[A], both.at[A], key->bytes, key->len),
			json_member_n(m->docs[B], both.at[B], key->bytes, key->len) } };
		order = compare_raw(m, &keys);
	}
	return b_side == A ? order < 0 : order > 0;
}

/* Where a child is among those of the base: after `low` of them, and before the one with the number
 * `high`, the first being 1; both are its own number if the base has it. */
struct bounds {
	uint32_t low, high;
};

static struct bounds *find_bounds(const struct aligning *al, const struct children *list)
{
	struct bounds *bounds = arena_array(&al->m->arena, list->count, sizeof(*bounds));
	uint32_t low = 0, high = (uint32_t)al->lists[BASE].count + 1;
	for (size_t i = 0; i < list->count; i++) {
		uint32_t base = list->items[i].match[BASE];
		low = base == NOWHERE ? low : base + 1;
		bounds[i].low = low;
	}
	for (size_t i = list->count; i--;) {
		uint32_t base = list->items[i].match[BASE];
		high = base == NOWHERE ? high : base + 1;
		bounds[i].high = high;
	}
	return bounds;
}

/* Does `a` belong before `b`? Not if one is within the bounds of the other. */
static bool is_before(const struct bounds *a, const struct bounds *b)
{
	return a->low <= b->low && a->high <= b->high && (a->low < b->low || a->high < b->high);
}

/*
 * The rows in the order of `spine`. A child that only the other version has follows the child that
 * it follows there, in order with those that the spine has added in the same location.
 */
static void put_in_order(struct aligning *al, const struct children *spine,
	const struct children *other, struct alignment *out)
{
	struct merging *m = al->m;
	struct schema_place place;
	schema_place_items(&place, al->spot->place);
	out->rows = arena_array(&m->arena, spine->count + other->count, sizeof(*out->rows));
	/* `own`: the children that only the other has, by the child of the spine that they follow.
	 */
	uint32_t *own = arena_array(&m->arena, other->count, sizeof(*own));
	uint32_t *start = arena_zero(&m->arena, spine->count + 2, sizeof(*start));
	uint32_t *anchor = arena_array(&m->arena, other->count, sizeof(*anchor));
	uint32_t after = 0; /* 0: the start; else the spine's child + 1 */
	for (size_t i = 0; i < other->count; i++) {
		uint32_t at = other->items[i].match[spine->side];
		if (at != NOWHERE)
			after = at + 1;
		anchor[i] = at == NOWHERE ? after : NOWHERE;
		if (at == NOWHERE)
			start[after + 1]++;
	}
	for (size_t i = 1; i < spine->count + 2; i++)
		start[i] += start[i - 1];
	uint32_t *fill = arena_array(&m->arena, spine->count + 1, sizeof(*fill));
	memcpy(fill, start, (spine->count + 1) * sizeof(*fill));
	for (uint32_t i = 0; i < other->count; i++)
		if (anchor[i] != NOWHERE)
			own[fill[anchor[i]]++] = i;

	/* Without keys, two elements that replace neighbours stay in the order of these. */
	bool by_base = al->by != BY_KEYS && al->first == BASE;
	struct bounds *spines = by_base ? find_bounds(al, spine) : NULL;
	struct bounds *others = by_base ? find_bounds(al, other) : NULL;
	size_t next = 0; /* index in the spine */
	for (size_t at = 0; at <= spine->count; at++) {
		if (at > 0 && at - 1 == next)
			out->rows[out->count++] = row_of(al, &spine->items[next++], spine->side);
		for (size_t i = start[at]; i < start[at + 1]; i++) {
			const struct item *added = &other->items[own[i]];
			while (next < spine->count &&
				spine->items[next].match[other->side] == NOWHERE &&
				!(by_base ? is_before(&others[own[i]], &spines[next])
					  : comes_first(al, &place, other->side,
						    &spine->items[next], added)))
				out->rows[out->count++] =
					row_of(al, &spine->items[next++], spine->side);
			out->rows[out->count++] = row_of(al, added, other->side);
		}
	}
}

/* ---- */

bool align_identify(struct aligning *al)
{
	bool unique = true;
	for (enum side side = BASE; side < SIDES; side++)
		unique = build_table(al, &al->lists[side]) && unique;
	return unique;
}

/* Members that occur more than once are matched by their order: as often in each version? */
static bool have_same_times(const struct aligning *al)
{
	for (enum side side = BASE; side < SIDES; side++) {
		const struct children *list = &al->lists[side];
		for (size_t i = 0; i < list->count; i++) {
			const struct item *item = &list->items[i];
			for (enum side with = BASE; item->times && with < SIDES; with++) {
				const struct children *other = &al->lists[with];
				uint32_t found =
					other->table[find_slot(al, other, list->doc, item)];
				if (!found || other->items[found - 1].times != item->times)
					return false;
			}
		}
	}
	return true;
}

void align_match(struct aligning *al)
{
	for (enum side side = A; side < SIDES; side++) {
		match(al, &al->lists[side], &al->lists[BASE]);
		match(al, &al->lists[side], &al->lists[side == A ? B : A]);
	}
}

void align_rows(struct aligning *al, struct alignment *out)
{
	struct children *spine = &al->lists[A], *other = &al->lists[B];
	if (al->spot->place->rules.append_only)
		al->first = published_side(al->m, al->spot);
	if (!keeps_order(other) && keeps_order(spine)) {
		spine = &al->lists[B];
		other = &al->lists[A];
	}
	put_in_order(al, spine, other, out);
}

bool align_orders_differ(const struct aligning *al)
{
	uint32_t last = 0;
	bool differ = false;
	if (keeps_order(&al->lists[A]) || keeps_order(&al->lists[B]))
		return false;
	for (size_t i = 0; i < al->lists[A].count && !differ; i++) {
		const uint32_t *match = al->lists[A].items[i].match;
		if (match[BASE] == NOWHERE || match[B] == NOWHERE)
			continue;
		differ = match[B] < last;
		last = match[B];
	}
	return differ;
}

void align(struct alignment *out, struct merging *m, const struct spot *spot, enum identity by)
{
	struct aligning al = { .m = m,
		.spot = spot,
		.by = by,
		.keys = spot->place->keys,
		.keys_count = spot->place->keys_count };
	*out = (struct alignment){ 0 };
	align_start(&al, out);
	align_identify(&al);
	align_match(&al);
	if (m->duplicates && by == BY_NAME && !have_same_times(&al))
		m->is_ambiguous = true;
	align_rows(&al, out);
}
