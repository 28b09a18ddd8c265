/*
 * Matching the elements of lists without keys: by a unique member; else by equality (a longest
 * common subsequence, then elements that moved), and what is left by position.
 */
#include "merge/internal.h"

#include "base/hash.h"

#include <string.h>

/* With more differences than this, only elements that are unique are matched: the time and memory
 * of the search grow with the square. */
enum { MOST_DIFFERENCES = 1000 };

static void join(struct children *a, size_t i, struct children *b, size_t k)
{
	a->items[i].match[b->side] = (uint32_t)k;
	b->items[k].match[a->side] = (uint32_t)i;
}

static bool is_free(const struct children *list, enum side with, size_t at)
{
	return list->items[at].match[with] == NOWHERE;
}

/* ---- by a unique member ---- */

static bool have_scalar(const struct aligning *al, const struct text *name)
{
	for (enum side side = BASE; side < SIDES; side++) {
		const struct children *list = &al->lists[side];
		for (size_t i = 0; i < list->count; i++) {
			const struct json_value *value = list->items[i].value;
			const struct json_value *member = value->type == JSON_OBJECT
				? json_member_n(list->doc, value, name->bytes, name->len)
				: NULL;
			if (!member || (member->type != JSON_STRING && member->type != JSON_NUMBER))
				return false;
		}
	}
	return true;
}

/* How many members of the element `base` does `value` have with the same values? 0 if these are not
 * at least half of the others than one. */
static size_t count_kept(const struct json_doc *base_doc, const struct json_value *base,
	const struct json_doc *doc, const struct json_value *value)
{
	size_t kept = 0;
	if (base->type != JSON_OBJECT || value->type != JSON_OBJECT)
		return 0;
	JSON_EACH (member, base) {
		size_t len;
		const char *name = json_key(base_doc, member, &len);
		const struct json_value *now = json_member_n(doc, value, name, len);
		kept += now && json_equal(base_doc, member, doc, now);
	}
	return kept * 2 >= base->count - 1u ? kept : 0;
}

/* The number of items from `at` on without a match in `with`. */
static size_t count_free(const struct children *list, enum side with, size_t at)
{
	size_t count = 0;
	while (at + count < list->count && is_free(list, with, at + count))
		count++;
	return count;
}

/* Matches elements whose identifying member changed: they are between the same elements. */
static void match_renamed(struct children *base, struct children *side)
{
	enum side which = side->side, other = which == A ? B : A;
	for (size_t i = 0; i < base->count;) {
		size_t count = count_free(base, which, i);
		size_t k = i ? base->items[i - 1].match[which] + 1u : 0;
		bool same_end = i + count == base->count
			? k + count == side->count
			: base->items[i + count].match[which] == k + count;
		for (size_t n = 0; same_end && count_free(side, BASE, k) == count && n < count; n++)
			if (is_free(side, other, k + n) &&
				count_kept(base->doc, base->items[i + n].value, side->doc,
					side->items[k + n].value))
				join(base, i + n, side, k + n);
		i += count + 1;
	}
}

/* Sets the matches of the base to those of the sides. */
static void match_base(struct aligning *al)
{
	struct children *base = &al->lists[BASE];
	for (size_t i = 0; i < base->count; i++)
		memset(base->items[i].match, 0xff, sizeof(base->items[i].match));
	for (enum side side = A; side < SIDES; side++) {
		const struct children *list = &al->lists[side];
		for (size_t i = 0; i < list->count; i++)
			if (list->items[i].match[BASE] != NOWHERE)
				base->items[list->items[i].match[BASE]].match[side] = (uint32_t)i;
	}
}

/* What both match with an item of the base matches. */
static void match_sides(struct aligning *al)
{
	const struct children *base = &al->lists[BASE];
	for (size_t i = 0; i < base->count; i++) {
		const uint32_t *match = base->items[i].match;
		if (match[A] != NOWHERE && match[B] != NOWHERE)
			join(&al->lists[A], match[A], &al->lists[B], match[B]);
	}
}

static const struct text *match_by_member(struct aligning *al)
{
	static const struct text names[] = { { "id", 2 }, { "key", 3 }, { "name", 4 } };
	al->by = BY_KEYS;
	al->keys_count = 1;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		al->keys = &names[i];
		if (have_scalar(al, al->keys) && align_identify(al)) {
			align_match(al);
			match_base(al);
			for (enum side side = A; side < SIDES; side++)
				match_renamed(&al->lists[BASE], &al->lists[side]);
			match_sides(al);
			return al->keys;
		}
	}
	al->by = BY_CONTENT;
	al->keys = NULL;
	al->keys_count = 0;
	return NULL;
}

/* ---- by equality: what both have in the same order ---- */

static bool same(const struct children *a, size_t i, const struct children *b, size_t k)
{
	return a->items[i].hash == b->items[k].hash &&
		json_equal(a->doc, a->items[i].value, b->doc, b->items[k].value);
}

/* The search of a longest common subsequence of items [from, base_end) and [from, side_end). */
struct search {
	struct children *base, *side;
	size_t from;
	long base_count, side_count;
	long limit, depth;
	long **trace; /* the furthest points of the diagonals for each number of differences */
};

/* Follows the path back from its end. */
static void join_path(const struct search *s)
{
	long x = s->base_count, y = s->side_count;
	for (long depth = s->depth; depth >= 0; depth--) {
		const long *before = depth ? s->trace[depth - 1] + (depth - 1) : NULL;
		long d = x - y;
		bool down =
			before && (d == -depth || (d != depth && before[d - 1] < before[d + 1]));
		long start = !before ? 0 : down ? before[d + 1] : before[d - 1] + 1;
		for (; x > start; x--, y--)
			join(s->base, s->from + (size_t)x - 1, s->side, s->from + (size_t)y - 1);
		if (down)
			y--;
		else
			x--;
	}
}

/* The furthest point of diagonal `d`. */
static long extend(const struct search *s, const long *middle, long d)
{
	long x = d == -s->depth || (d != s->depth && middle[d - 1] < middle[d + 1])
		? middle[d + 1]
		: middle[d - 1] + 1;
	while (x < s->base_count && x - d < s->side_count && x - d >= 0 &&
		same(s->base, s->from + (size_t)x, s->side, s->from + (size_t)(x - d)))
		x++;
	return x;
}

/*
 * Myers' greedy search ("An O(ND) Difference Algorithm and Its Variations", 1986). False if there
 * are too many differences.
 */
static bool match_by_search(struct arena *arena, struct search *s)
{
	long all = s->base_count + s->side_count;
	s->limit = all < MOST_DIFFERENCES ? all : MOST_DIFFERENCES;
	s->trace = arena_zero(arena, (size_t)s->limit + 1, sizeof(*s->trace));
	long *reach = arena_zero(arena, (size_t)s->limit * 2 + 3, sizeof(*reach));
	long *middle = reach + s->limit + 1;
	for (s->depth = 0; s->depth <= s->limit; s->depth++) {
		for (long d = -s->depth; d <= s->depth; d += 2) {
			middle[d] = extend(s, middle, d);
			if (d == s->base_count - s->side_count && middle[d] >= s->base_count) {
				join_path(s);
				return true;
			}
		}
		size_t width = (size_t)s->depth * 2 + 1;
		s->trace[s->depth] = arena_array(arena, width, sizeof(long));
		memcpy(s->trace[s->depth], middle - s->depth, width * sizeof(long));
	}
	return false;
}

/* ---- by equality: unique elements ---- */

/* For each item of `base` without a match, the unmatched item of `side` that equals it, if both are
 * the only ones; else NOWHERE. */
static uint32_t *find_unique(struct aligning *al, struct children *base, struct children *side)
{
	struct merging *m = al->m;
	size_t size = hash_size(base->count + side->count);
	uint32_t *found = arena_array(&m->arena, base->count, sizeof(*found));
	/* Slots of items + 1: those of `side` follow those of `base`. */
	uint32_t *table = arena_zero(&m->arena, size, sizeof(*table));
	uint32_t *times[2] = { arena_zero(&m->arena, base->count, sizeof(uint32_t)),
		arena_zero(&m->arena, base->count, sizeof(uint32_t)) };
	memset(found, 0xff, base->count * sizeof(*found));
	for (size_t i = 0; i < base->count + side->count; i++) {
		struct children *list = i < base->count ? base : side;
		size_t k = i < base->count ? i : i - base->count;
		if (!is_free(list, list == base ? side->side : BASE, k))
			continue;
		size_t slot = (size_t)list->items[k].hash & (size - 1);
		while (table[slot] && !same(base, table[slot] - 1, list, k))
			slot = (slot + 1) & (size - 1);
		if (list == base && !table[slot])
			table[slot] = (uint32_t)k + 1;
		if (!table[slot])
			continue;
		times[list == side][table[slot] - 1]++;
		if (list == side)
			found[table[slot] - 1] = (uint32_t)k;
	}
	for (size_t i = 0; i < base->count; i++)
		if (times[0][i] != 1 || times[1][i] != 1)
			found[i] = NOWHERE;
	return found;
}

/* Matches unique items in the same order: a longest increasing subsequence ("patience diff"). */
static void match_unique(struct aligning *al, struct children *base, struct children *side)
{
	struct merging *m = al->m;
	uint32_t *found = find_unique(al, base, side);
	uint32_t *ends = arena_array(&m->arena, base->count, sizeof(*ends));
	uint32_t *previous = arena_array(&m->arena, base->count, sizeof(*previous));
	size_t length = 0;
	for (uint32_t i = 0; i < base->count; i++) {
		size_t low = 0, high = length;
		if (found[i] == NOWHERE)
			continue;
		while (low < high) {
			size_t middle = (low + high) / 2;
			if (found[ends[middle]] < found[i])
				low = middle + 1;
			else
				high = middle;
		}
		previous[i] = low ? ends[low - 1] : NOWHERE;
		ends[low] = i;
		length += low == length;
	}
	for (uint32_t i = length ? ends[length - 1] : NOWHERE; i != NOWHERE; i = previous[i])
		join(base, i, side, found[i]);
}

/* Matches what is left of unique strings and containers in any order: they have moved. */
static void match_moved(struct aligning *al, struct children *base, struct children *side)
{
	const uint32_t *found = find_unique(al, base, side);
	for (size_t i = 0; i < base->count; i++)
		if (found[i] != NOWHERE && base->items[i].value->type >= JSON_STRING) {
			join(base, i, side, found[i]);
			base->items[i].moved[side->side] = true;
			side->items[found[i]].moved[BASE] = true;
		}
}

static bool has_moved(const struct children *list, enum side with, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (list->items[i].moved[with])
			return true;
	return false;
}

static void match_in_order(struct aligning *al, struct children *base, struct children *side)
{
	size_t from = 0, base_end = base->count, side_end = side->count;
	while (from < base_end && from < side_end && same(base, from, side, from)) {
		join(base, from, side, from);
		from++;
	}
	while (base_end > from && side_end > from && same(base, base_end - 1, side, side_end - 1))
		join(base, --base_end, side, --side_end);
	struct search search = { .base = base,
		.side = side,
		.from = from,
		.base_count = (long)(base_end - from),
		.side_count = (long)(side_end - from) };
	/* The search needs much memory for a moment. */
	struct arena arena = ARENA_INIT;
	if (search.base_count && search.side_count && !match_by_search(&arena, &search))
		match_unique(al, base, side);
	arena_release(&arena);
}

/* ---- what is left in a range that both sides changed ---- */

/* A range of each version, [from, to), between elements that are the same in all versions. */
struct item_range {
	size_t from[SIDES], to[SIDES];
};

/* Matches elements that both sides have added, each with one of the other side. */
static void match_added(struct aligning *al, const struct item_range *range)
{
	struct children *a = &al->lists[A], *b = &al->lists[B];
	struct merging *m = al->m;
	size_t size = hash_size(range->to[A] - range->from[A]);
	/* Indexes of A's added items + 1, by hash; equal items are chained. */
	uint32_t *table = arena_zero(&m->arena, size, sizeof(*table));
	uint32_t *next = arena_zero(&m->arena, range->to[A] - range->from[A], sizeof(*next));
	for (size_t i = range->to[A]; i-- > range->from[A];) {
		if (!is_free(a, BASE, i))
			continue;
		size_t slot = (size_t)a->items[i].hash & (size - 1);
		while (table[slot] && !same(a, table[slot] - 1, a, i))
			slot = (slot + 1) & (size - 1);
		next[i - range->from[A]] = table[slot];
		table[slot] = (uint32_t)i + 1;
	}
	for (size_t k = range->from[B]; k < range->to[B]; k++) {
		if (!is_free(b, BASE, k))
			continue;
		size_t slot = (size_t)b->items[k].hash & (size - 1);
		while (table[slot] && !same(a, table[slot] - 1, b, k))
			slot = (slot + 1) & (size - 1);
		uint32_t found = table[slot];
		/* The last one stays in the table, to end the search; it is matched once. */
		if (!found || !is_free(a, B, found - 1))
			continue;
		join(a, found - 1, b, k);
		if (next[found - 1 - range->from[A]])
			table[slot] = next[found - 1 - range->from[A]];
	}
}

/* The unmatched items from `at` on, up to the next one with a match in order, or `end`. */
static size_t skip_gap(const struct children *list, enum side with, size_t at, size_t end)
{
	while (at < end && is_free(list, with, at))
		at++;
	return at;
}

/* Matches the items of a gap by position: `base` has as many as `side`. An item that the other side
 * did not change can always be matched; other items only if all versions have the same count. */
static void match_gap(struct children *base, size_t from, struct children *side, size_t at,
	size_t count, bool same_counts)
{
	enum side other = side->side == A ? B : A;
	for (size_t i = 0; i < count; i++)
		if (same_counts || !is_free(base, other, from + i))
			join(base, from + i, side, at + i);
}

static bool is_added_by_both(const struct children *side, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (!is_free(side, side->side == A ? B : A, i))
			return true;
	return false;
}

static void match_by_position(struct aligning *al, const struct item_range *range,
	struct children *side, bool same_counts)
{
	struct children *base = &al->lists[BASE];
	enum side which = side->side;
	size_t i = range->from[BASE], k = range->from[which];
	if (has_moved(base, which, i, range->to[BASE]) ||
		has_moved(side, BASE, k, range->to[which]))
		return;
	while (i < range->to[BASE] && k < range->to[which]) {
		size_t i_end = skip_gap(base, which, i, range->to[BASE]);
		size_t k_end = skip_gap(side, BASE, k, range->to[which]);
		if (i_end - i == k_end - k && !is_added_by_both(side, k, k_end))
			match_gap(base, i, side, k, k_end - k, same_counts);
		i = i_end + 1;
		k = k_end + 1;
	}
}

/*
 * With a schema, a range never is a conflict. So that an element that one or both sides changed is
 * merged, and does not occur once for each side, each object of the base that is left is matched with
 * the most similar one that is left, in the same order.
 */
static void match_similar(
	struct aligning *al, const struct item_range *range, struct children *side)
{
	enum { MOST_COMPARISONS = 1 << 20 };
	struct children *base = &al->lists[BASE];
	enum side which = side->side, other = which == A ? B : A;
	size_t k = range->from[which];
	if ((range->to[BASE] - range->from[BASE]) * (range->to[which] - k) > MOST_COMPARISONS)
		return;
	for (size_t i = range->from[BASE]; i < range->to[BASE]; i++) {
		size_t best = 0, found = 0;
		/* What follows an element that has moved follows it in the base only. */
		if (!is_free(base, which, i)) {
			k = base->items[i].moved[which] ? k : base->items[i].match[which] + 1u;
			continue;
		}
		for (size_t n = k; n < range->to[which] && is_free(side, BASE, n); n++) {
			size_t kept = is_free(side, other, n)
				? count_kept(base->doc, base->items[i].value, side->doc,
					  side->items[n].value)
				: 0;
			if (kept > best) {
				best = kept;
				found = n;
			}
		}
		if (!best)
			continue;
		join(base, i, side, found);
		k = found + 1;
	}
}

static void match_range(struct aligning *al, const struct item_range *range)
{
	size_t count = range->to[BASE] - range->from[BASE];
	bool same_counts =
		count == range->to[A] - range->from[A] && count == range->to[B] - range->from[B];
	match_added(al, range);
	match_by_position(al, range, &al->lists[A], same_counts);
	match_by_position(al, range, &al->lists[B], same_counts);
	if (!al->m->request->schema || al->spot->place->rules.append_only)
		return;
	match_similar(al, range, &al->lists[A]);
	match_similar(al, range, &al->lists[B]);
}

/* The ranges lie between items that all versions have, in the same order. */
static void match_ranges(struct aligning *al)
{
	const struct children *base = &al->lists[BASE];
	struct item_range range = { { 0 }, { 0 } };
	for (size_t i = 0; i <= base->count; i++) {
		bool ends = i == base->count;
		const uint32_t *match = ends ? NULL : base->items[i].match;
		if (!ends &&
			(match[A] == NOWHERE || match[B] == NOWHERE ||
				has_moved(base, A, i, i + 1) || has_moved(base, B, i, i + 1)))
			continue;
		range.to[BASE] = i;
		for (enum side side = A; side < SIDES; side++)
			range.to[side] = ends ? al->lists[side].count : match[side];
		match_range(al, &range);
		for (enum side side = BASE; side < SIDES; side++)
			range.from[side] = range.to[side] + 1;
	}
}

/* ---- */

static void match_by_content(struct aligning *al)
{
	struct children *base = &al->lists[BASE];
	for (enum side side = BASE; side < SIDES; side++)
		for (size_t i = 0; i < al->lists[side].count; i++) {
			struct item *item = &al->lists[side].items[i];
			item->hash = json_hash(al->lists[side].doc, item->value);
			memset(item->match, 0xff, sizeof(item->match));
		}
	for (enum side side = A; side < SIDES; side++)
		match_in_order(al, base, &al->lists[side]);
	for (enum side side = A; side < SIDES; side++)
		match_moved(al, base, &al->lists[side]);
	match_ranges(al);
	match_sides(al);
}

const struct text *pair_elements(struct aligning *al)
{
	const struct text *name = match_by_member(al);
	if (!name)
		match_by_content(al);
	return name;
}
