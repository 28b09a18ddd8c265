/*
 * Arrays whose elements have no names: what both sides have in common with the base stays, and what
 * lies between is merged stretch by stretch, as diff3 does with lines.
 */
#include "merge/internal.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* With more differences than these the stretch counts as changed as a whole: time and memory grow
 * with their square. */
enum { MOST_DIFFERENCES = 1000 };

struct element {
	const struct json_value *value;
	uint64_t hash;
};

struct row {
	const struct json_doc *doc;
	struct element *elements;
	size_t count;
};

struct sequence {
	struct merging *m;
	const struct spot *spot;
	struct row rows[SIDES];
	uint32_t *like[SIDES]; /* the base's elements' like in A, and in B; NOWHERE: none */
};

enum { NOWHERE = UINT32_MAX };

static struct row row_of(
	struct merging *m, const struct json_doc *doc, const struct json_value *array)
{
	struct row row = { .doc = doc };
	if (!array)
		return row;
	row.elements = arena_array(&m->arena, array->count, sizeof(*row.elements));
	JSON_EACH (element, array)
		row.elements[row.count++] = (struct element){ element, json_hash(doc, element) };
	return row;
}

static bool same(const struct row *a, size_t i, const struct row *b, size_t k)
{
	return a->elements[i].hash == b->elements[k].hash &&
		json_equal(a->doc, a->elements[i].value, b->doc, b->elements[k].value);
}

/*
 * Finds a longest common subsequence of what lies between the common start and the common end, by
 * Myers' greedy search ("An O(ND) Difference Algorithm and Its Variations", 1986): each number of
 * differences tried keeps the furthest point of each diagonal, and the way back is read from
 * those.
 */
static void match_middle(struct merging *m, const struct row *base, size_t from, size_t base_end,
	const struct row *side, size_t side_end, uint32_t *like)
{
	long n = (long)(base_end - from), k_most = (long)(side_end - from);
	long depth;
	if (n <= 0 || k_most <= 0)
		return;
	long limit = n + k_most < MOST_DIFFERENCES ? n + k_most : MOST_DIFFERENCES;
	long **trace = arena_zero(&m->arena, (size_t)limit + 1, sizeof(*trace));
	long *reach = arena_zero(&m->arena, (size_t)limit * 2 + 3, sizeof(*reach));
	long *middle = reach + limit + 1;
	for (depth = 0; depth <= limit; depth++) {
		for (long d = -depth; d <= depth; d += 2) {
			long x = d == -depth || (d != depth && middle[d - 1] < middle[d + 1])
				? middle[d + 1]
				: middle[d - 1] + 1;
			while (x < n && x - d < k_most && x - d >= 0 &&
				same(base, from + (size_t)x, side, from + (size_t)(x - d)))
				x++;
			middle[d] = x;
			if (d == n - k_most && x >= n)
				goto found;
		}
		size_t width = (size_t)depth * 2 + 1;
		trace[depth] = arena_array(&m->arena, width, sizeof(long));
		memcpy(trace[depth], middle - depth, width * sizeof(long));
	}
	return;
found:;
	long x = n, y = k_most;
	for (; depth > 0; depth--) {
		const long *before = trace[depth - 1] + (depth - 1);
		long d = x - y;
		bool down = d == -depth || (d != depth && before[d - 1] < before[d + 1]);
		long start = down ? before[d + 1] : before[d - 1] + 1;
		for (; x > start; x--, y--)
			like[from + (size_t)x - 1] = (uint32_t)(from + (size_t)y - 1);
		if (down)
			y--;
		else
			x--;
	}
	for (; x > 0; x--, y--)
		like[from + (size_t)x - 1] = (uint32_t)(from + (size_t)y - 1);
}

/* For each element of the base, its like in `side`. */
static uint32_t *match(struct sequence *s, enum side which)
{
	const struct row *base = &s->rows[BASE], *side = &s->rows[which];
	uint32_t *like = arena_array(&s->m->arena, base->count, sizeof(*like));
	size_t from = 0, base_end = base->count, side_end = side->count;
	memset(like, 0xff, base->count * sizeof(*like));
	while (from < base_end && from < side_end && same(base, from, side, from)) {
		like[from] = (uint32_t)from;
		from++;
	}
	while (base_end > from && side_end > from && same(base, base_end - 1, side, side_end - 1))
		like[--base_end] = (uint32_t)--side_end;
	match_middle(s->m, base, from, base_end, side, side_end, like);
	return like;
}

/* A stretch of each version, [from, to). */
struct stretch {
	size_t from[SIDES], to[SIDES];
};

static bool stretch_is_same(
	const struct sequence *s, const struct stretch *t, enum side x, enum side y)
{
	size_t count = t->to[x] - t->from[x];
	if (count != t->to[y] - t->from[y])
		return false;
	for (size_t i = 0; i < count; i++)
		if (!same(&s->rows[x], t->from[x] + i, &s->rows[y], t->from[y] + i))
			return false;
	return true;
}

static void take_stretch(
	struct sequence *s, const struct stretch *t, enum side side, struct nodes *out)
{
	for (size_t i = t->from[side]; i < t->to[side]; i++) {
		struct triple row = { { NULL } };
		row.at[side] = s->rows[side].elements[i].value;
		take(s->m, out, &row, side);
	}
}

/* A's elements of a stretch, to be found by what they say. */
struct found {
	uint32_t *table; /* numbers of elements + 1, by hash; 0: empty */
	size_t size;
};

static struct found index_of(struct sequence *s, const struct stretch *t)
{
	const struct row *row = &s->rows[A];
	struct found found = { .size = 4 };
	while (found.size < (t->to[A] - t->from[A]) * 2)
		found.size *= 2;
	found.table = arena_zero(&s->m->arena, found.size, sizeof(*found.table));
	for (size_t i = t->from[A]; i < t->to[A]; i++) {
		size_t slot = (size_t)row->elements[i].hash & (found.size - 1);
		while (found.table[slot] && !same(row, found.table[slot] - 1, row, i))
			slot = (slot + 1) & (found.size - 1);
		found.table[slot] = (uint32_t)i + 1;
	}
	return found;
}

/* Is B's element `expected` among them? */
static bool is_among(const struct sequence *s, const struct found *found, size_t expected)
{
	const struct row *b = &s->rows[B];
	size_t slot = (size_t)b->elements[expected].hash & (found->size - 1);
	while (found->table[slot] && !same(&s->rows[A], found->table[slot] - 1, b, expected))
		slot = (slot + 1) & (found->size - 1);
	return found->table[slot] != 0;
}

/* Both have changed the stretch, each in its way. */
static void merge_changed(struct sequence *s, const struct stretch *t, struct nodes *out)
{
	struct merging *m = s->m;
	if (m->request->schema) {
		/* No element is lost: what both have counts once. */
		struct found found = index_of(s, t);
		take_stretch(s, t, A, out);
		for (size_t i = t->from[B]; i < t->to[B]; i++)
			if (!is_among(s, &found, i)) {
				struct triple row = { { NULL, NULL,
					s->rows[B].elements[i].value } };
				take(m, out, &row, B);
			}
		return;
	}
	struct node *node = node_add(m, out, NODE_CONFLICT);
	for (enum side side = A; side < SIDES; side++)
		take_stretch(s, t, side, &node->choices[side]);
	m->conflicts++;
}

static void merge_stretch(struct sequence *s, const struct stretch *t, struct nodes *out)
{
	if (stretch_is_same(s, t, A, B) || stretch_is_same(s, t, BASE, B))
		take_stretch(s, t, A, out);
	else if (stretch_is_same(s, t, BASE, A))
		take_stretch(s, t, B, out);
	else
		merge_changed(s, t, out);
}

void merge_sequence(struct merging *m, const struct spot *spot, struct nodes *out)
{
	struct sequence s = { .m = m, .spot = spot };
	struct stretch t = { { 0 }, { 0 } };
	for (enum side side = BASE; side < SIDES; side++)
		s.rows[side] = row_of(m, m->docs[side], spot->at.at[side]);
	s.like[A] = match(&s, A);
	s.like[B] = match(&s, B);
	struct node *node = node_add_mixed(m, spot, out);
	for (size_t i = 0; i < s.rows[BASE].count; i++) {
		if (s.like[A][i] == NOWHERE || s.like[B][i] == NOWHERE)
			continue;
		t.to[BASE] = i;
		t.to[A] = s.like[A][i];
		t.to[B] = s.like[B][i];
		merge_stretch(&s, &t, &node->inner);
		struct triple row = { { NULL, s.rows[A].elements[t.to[A]].value, NULL } };
		take(m, &node->inner, &row, A);
		for (enum side side = BASE; side < SIDES; side++)
			t.from[side] = t.to[side] + 1;
	}
	for (enum side side = BASE; side < SIDES; side++)
		t.to[side] = s.rows[side].count;
	merge_stretch(&s, &t, &node->inner);
}
