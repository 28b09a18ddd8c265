/* Lists whose elements have no keys: the elements are matched (pair.c) and merged one by one. */
#include "merge/internal.h"

struct sequence {
	struct merging *m;
	const struct spot *spot;
	struct schema_place place; /* of the elements */
	struct aligning al;
	struct alignment alignment;
	const struct text *name; /* the member that identifies the elements; NULL: none */
	struct nodes *out;
	size_t written;
};

/* What a row is. Only KEPT separates the ranges that can conflict as a whole. */
enum row_kind {
	KEPT,
	REMOVED, /* one side removed it and the other left it alone */
	ADDED_A,
	ADDED_B,
	ADDED_BOTH
};

static enum row_kind kind_of(const struct sequence *s, const struct triple *row)
{
	enum side has = row->at[A] ? A : B;
	bool both = row->at[A] && row->at[B];
	if (row->at[BASE])
		return !both && same_value(s->m, row, BASE, has) ? REMOVED : KEPT;
	if (both)
		return s->name ? KEPT : ADDED_BOTH;
	return has == A ? ADDED_A : ADDED_B;
}

/* The index of a value among the items; NOWHERE if it is NULL. */
static uint32_t index_of(const struct children *list, const struct json_value *value)
{
	size_t low = 0, high = value ? list->count : 0;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (list->items[middle].value < value)
			low = middle + 1;
		else
			high = middle;
	}
	return value ? (uint32_t)low : NOWHERE;
}

/* The index in the published list: known if it is the same in both sides. */
static uint32_t published_index(const struct sequence *s, const struct triple *row)
{
	uint32_t a = index_of(&s->al.lists[A], row->at[A]);
	bool same = a != NOWHERE && a == index_of(&s->al.lists[B], row->at[B]);
	return same ? a + (uint32_t)s->alignment.before : NOWHERE;
}

static void merge_row(struct sequence *s, const struct triple *row)
{
	struct spot element = { .up = s->spot,
		.place = &s->place,
		.at = *row,
		.keys = s->name,
		.keys_count = s->name != NULL,
		.index = s->alignment.before + s->written,
		.published_index = published_index(s, row) };
	const struct node *before = s->out->last;
	enum row_kind kind = kind_of(s, row);
	/* Equal elements that both sides added count once, even if they contain sums. */
	if (kind == ADDED_BOTH)
		take(s->m, s->out, row, A);
	else
		merge_child(s->m, &element, s->out);
	s->written += kind != REMOVED || s->out->last != before;
}

/* Rows [from, to) of one range, and the items of the base that it replaces. */
struct span_of_rows {
	size_t from, to;
	size_t base_from, base_to;
	bool conflicts;
};

static uint32_t base_index(const struct sequence *s, size_t row)
{
	return index_of(&s->al.lists[BASE], s->alignment.rows[row].at[BASE]);
}

/* Has the base items that neither side has? Without an identity, an added element may replace one.
 */
static bool both_removed(const struct sequence *s, const struct span_of_rows *span)
{
	const struct children *base = &s->al.lists[BASE];
	for (size_t i = span->base_from; i < span->base_to && !s->name; i++)
		if (base->items[i].match[A] == NOWHERE && base->items[i].match[B] == NOWHERE)
			return true;
	return false;
}

/* Leaves out rows that merge without a conflict at both ends of the span. */
static void trim(const struct sequence *s, struct span_of_rows *span)
{
	const struct triple *rows = s->alignment.rows;
	while (span->from < span->to) {
		enum row_kind kind = kind_of(s, &rows[span->from]);
		if (kind != REMOVED && kind != ADDED_BOTH)
			break;
		if (kind == REMOVED)
			span->base_from = base_index(s, span->from) + 1u;
		span->from++;
	}
	while (span->from < span->to) {
		enum row_kind kind = kind_of(s, &rows[span->to - 1]);
		if (kind != REMOVED && kind != ADDED_BOTH)
			break;
		if (kind == REMOVED)
			span->base_to = base_index(s, span->to - 1);
		span->to--;
	}
}

/* The rows from `from` on up to the next one that is kept. */
static struct span_of_rows find_span(const struct sequence *s, size_t from, size_t base_from)
{
	const struct alignment *alignment = &s->alignment;
	struct span_of_rows span = { .from = from, .to = from, .base_from = base_from };
	bool added[SIDES] = { false };
	while (span.to < alignment->count) {
		enum row_kind kind = kind_of(s, &alignment->rows[span.to]);
		if (kind == KEPT)
			break;
		added[A] = added[A] || kind == ADDED_A;
		added[B] = added[B] || kind == ADDED_B;
		span.to++;
	}
	if (!added[A] && !added[B])
		return span;
	size_t next = span.to;
	while (next < alignment->count && !alignment->rows[next].at[BASE])
		next++;
	span.base_to = next < alignment->count ? base_index(s, next) : s->al.lists[BASE].count;
	/* Lines that both sides appended have an order: by key. */
	if (s->name && !s->spot->up && s->m->request->lines)
		return span;
	span.conflicts =
		(added[A] && added[B]) || ((added[A] || added[B]) && both_removed(s, &span));
	return span;
}

static void add_conflict(struct sequence *s, const struct span_of_rows *span)
{
	struct merging *m = s->m;
	struct node *node = node_add(m, s->out, NODE_CONFLICT);
	const struct children *base = &s->al.lists[BASE];
	for (size_t i = span->base_from; i < span->base_to; i++) {
		struct triple row = { { base->items[i].value, NULL, NULL } };
		take(m, &node->choices[BASE], &row, BASE);
	}
	for (enum side side = A; side < SIDES; side++)
		for (size_t i = span->from; i < span->to; i++) {
			struct triple row = { { NULL } };
			row.at[side] = s->alignment.rows[i].at[side];
			if (row.at[side])
				take(m, &node->choices[side], &row, side);
		}
	m->conflicts++;
}

static void merge_rows(struct sequence *s, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		merge_row(s, &s->alignment.rows[i]);
}

/* Without a schema, nothing decides the order of elements that both sides added in one location. */
static void merge_with_conflicts(struct sequence *s)
{
	const struct alignment *alignment = &s->alignment;
	size_t base_next = 0;
	for (size_t i = 0; i < alignment->count;) {
		struct span_of_rows span = find_span(s, i, base_next);
		size_t end = span.to;
		if (span.conflicts) {
			trim(s, &span);
			merge_rows(s, i, span.from);
			add_conflict(s, &span);
			i = span.to;
		}
		merge_rows(s, i, end < alignment->count ? end + 1 : end);
		if (end < alignment->count && alignment->rows[end].at[BASE])
			base_next = base_index(s, end) + 1u;
		i = end + 1;
	}
}

/* Both sides changed the order in different ways, and no rule decides. */
static void add_whole_conflict(struct sequence *s)
{
	struct node *node = node_add(s->m, s->out, NODE_CONFLICT);
	for (enum side side = BASE; side < SIDES; side++)
		for (size_t i = 0; i < s->al.lists[side].count; i++) {
			struct triple row = { { NULL } };
			row.at[side] = s->al.lists[side].items[i].value;
			take(s->m, &node->choices[side], &row, side);
		}
	s->m->conflicts++;
}

void merge_sequence(struct merging *m, const struct spot *spot, struct nodes *out)
{
	struct sequence s = { .m = m, .spot = spot, .al = { .m = m, .spot = spot } };
	struct node *node = node_add_mixed(m, spot, out);
	s.out = &node->inner;
	schema_place_items(&s.place, spot->place);
	align_start(&s.al, &s.alignment);
	s.name = pair_elements(&s.al);
	take_first(m, spot, s.alignment.before, s.out);
	bool orders_differ = align_orders_differ(&s.al);
	if (orders_differ && !m->request->schema) {
		add_whole_conflict(&s);
	} else {
		if (orders_differ)
			report(m, spot, "both sides have changed the order of the elements");
		align_rows(&s.al, &s.alignment);
		if (m->request->schema)
			merge_rows(&s, 0, s.alignment.count);
		else
			merge_with_conflicts(&s);
	}
	take_last(m, spot, s.alignment.after, s.out);
}
