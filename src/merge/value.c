#include "merge/internal.h"

#include <string.h>

/* ---- small things ---- */

static const char *raw(const struct merging *m, const struct triple *t, enum side side, size_t *len)
{
	return json_raw(m->docs[side], t->at[side], len);
}

bool same_bytes(const struct merging *m, const struct triple *t, enum side x, enum side y)
{
	size_t x_len, y_len;
	const char *x_text = raw(m, t, x, &x_len), *y_text = raw(m, t, y, &y_len);
	return x_len == y_len && !memcmp(x_text, y_text, x_len);
}

bool same_value(const struct merging *m, const struct triple *t, enum side x, enum side y)
{
	return same_bytes(m, t, x, y) || json_equal(m->docs[x], t->at[x], m->docs[y], t->at[y]);
}

struct node *node_add(struct merging *m, struct nodes *out, enum node_kind kind)
{
	struct node *node = arena_zero(&m->arena, 1, sizeof(*node));
	node->kind = kind;
	if (out->last)
		out->last->next = node;
	else
		out->first = node;
	out->last = node;
	return node;
}

struct node *node_add_mixed(struct merging *m, const struct spot *spot, struct nodes *out)
{
	struct node *node = node_add(m, out, NODE_MIXED);
	size_t len;
	const char *others = raw(m, &spot->at, B, &len);
	node->side = A;
	node->first = node->last = node->replaces = spot->at.at[A];
	node->on_one_line = spot->at.at[B]->count && !memchr(others, '\n', len);
	return node;
}

static void take_run(struct merging *m, struct nodes *out, const struct json_value *first,
	const struct json_value *last)
{
	struct node *before = out->last;
	if (before && before->kind == NODE_RUN && before->side == A &&
		before->last + before->last->span == first) {
		before->last = last;
		return;
	}
	struct node *node = node_add(m, out, NODE_RUN);
	node->side = A;
	node->first = node->replaces = first;
	node->last = last;
}

void take(struct merging *m, struct nodes *out, const struct triple *t, enum side side)
{
	if (side == A) {
		take_run(m, out, t->at[A], t->at[A]);
		return;
	}
	struct node *node = node_add(m, out, NODE_RUN);
	node->side = side;
	node->first = node->last = t->at[side];
	node->replaces = t->at[A];
}

void take_first(struct merging *m, const struct spot *spot, size_t count, struct nodes *out)
{
	const struct json_value *last = NULL;
	size_t at = 0;
	JSON_EACH (child, spot->at.at[A])
		if (++at <= count)
			last = child;
	if (last)
		take_run(m, out, spot->at.at[A] + 1, last);
}

void take_last(struct merging *m, const struct spot *spot, size_t count, struct nodes *out)
{
	const struct json_value *first = NULL, *last = NULL;
	size_t skip = spot->at.at[A]->count - count, at = 0;
	JSON_EACH (child, spot->at.at[A]) {
		if (at++ == skip)
			first = child;
		last = child;
	}
	if (first)
		take_run(m, out, first, last);
}

/* ---- rules ---- */

static void add_conflict(struct merging *m, const struct spot *spot, struct nodes *out)
{
	const struct triple *t = &spot->at;
	struct node *node = node_add(m, out, NODE_CONFLICT);
	node->replaces = t->at[A];
	for (enum side side = BASE; side < SIDES; side++)
		if (t->at[side])
			take(m, &node->choices[side], t, side);
	m->conflicts++;
}

/* Equal values are added up too: two servers that each counted one more make two more.
 */
static bool adds_up(const struct spot *spot)
{
	return spot->place->rules.merge == MERGE_SUM && spot->at.at[A]->type == JSON_NUMBER;
}

/* Both sides have changed a value that is merged as a whole. */
static void merge_whole(struct merging *m, const struct spot *spot, struct nodes *out)
{
	const struct triple *t = &spot->at;
	if (same_value(m, t, A, B) && !adds_up(spot)) {
		take(m, out, t, A);
	} else if (t->at[BASE] && same_value(m, t, BASE, A)) {
		take(m, out, t, B);
	} else if (t->at[BASE] && same_value(m, t, BASE, B)) {
		take(m, out, t, A);
	} else {
		struct merge_text text;
		int chosen = choose(m, spot, &text);
		if (chosen == CHOSEN_NONE) {
			add_conflict(m, spot, out);
		} else if (chosen == CHOSEN_TEXT) {
			struct node *node = node_add(m, out, NODE_TEXT);
			node->text = text;
			node->replaces = t->at[A];
		} else {
			take(m, out, t, (enum side)chosen);
		}
	}
}

/* A record with a time: the newer one is kept. */
static void merge_latest(struct merging *m, const struct spot *spot, struct nodes *out)
{
	const struct triple *t = &spot->at;
	if (same_value(m, t, A, B)) {
		take(m, out, t, A);
		return;
	}
	enum side newer = t->at[BASE] && same_value(m, t, BASE, A) ? B
		: t->at[BASE] && same_value(m, t, BASE, B)         ? A
								   : SIDES;
	if (newer != SIDES) {
		take(m, out, t, newer);
		return;
	}
	newer = choose_newer(m, spot);
	report_newer(m, spot, newer);
	merge_record(m, spot, newer, out);
}

void merge_value(struct merging *m, const struct spot *spot, struct nodes *out)
{
	const struct triple *t = &spot->at;
	const struct annotations *rules = &spot->place->rules;
	if (t->at[BASE] && same_bytes(m, t, BASE, B)) {
		take(m, out, t, A);
		return;
	}
	if (t->at[BASE] && same_bytes(m, t, BASE, A)) {
		take(m, out, t, B);
		return;
	}
	enum json_type type = t->at[A]->type;
	/* A change that both made alike may contain values that have to be added up. */
	if (same_bytes(m, t, A, B) && (!spot->up || !m->request->schema)) {
		take(m, out, t, A);
		return;
	}
	bool whole = type != t->at[B]->type || rules->merge || rules->immutable;
	if (!whole || rules->merge == MERGE_LATEST) {
		/* A base of another type has no children to compare with. */
		struct spot inside = *spot;
		if (inside.at.at[BASE] && inside.at.at[BASE]->type != type)
			inside.at.at[BASE] = NULL;
		bool objects = type == JSON_OBJECT && t->at[B]->type == JSON_OBJECT;
		if (objects && rules->merge == MERGE_LATEST) {
			merge_latest(m, &inside, out);
			return;
		}
		if (objects && !whole && rules->map_type != MAP_ATOMIC) {
			merge_object(m, &inside, out);
			return;
		}
		if (type == JSON_ARRAY && !whole && rules->list_type != LIST_ATOMIC) {
			merge_list(m, &inside, out);
			return;
		}
	}
	merge_whole(m, spot, out);
}

/* Was a tombstone removed, and left a tombstone of the same time by the side that has changed it? Then
 * the record does not return. If it has an archive, the removal may not differ from that. */
static bool is_past_tombstone(const struct merging *m, const struct spot *spot, enum side has)
{
	const struct annotations *rules = &spot->place->rules;
	const struct triple *t = &spot->at;
	int64_t before, after;
	return !rules->archive.bytes &&
		annotations_is_tombstone(rules, m->docs[BASE], t->at[BASE]) &&
		annotations_is_tombstone(rules, m->docs[has], t->at[has]) &&
		annotations_removal_time(rules, m->docs[BASE], t->at[BASE], &before) &&
		annotations_removal_time(rules, m->docs[has], t->at[has], &after) &&
		before == after;
}

void merge_child(struct merging *m, const struct spot *spot, struct nodes *out)
{
	const struct triple *t = &spot->at;
	if (t->at[A] && t->at[B]) {
		merge_value(m, spot, out);
		return;
	}
	enum side has = t->at[A] ? A : B;
	if (!t->at[BASE]) {
		take(m, out, t, has);
	} else if (!same_value(m, t, BASE, has)) {
		if (is_past_tombstone(m, spot, has)) {
			report_removed(m, spot, has);
		} else if (m->request->schema) {
			report_kept(m, spot, has);
			take(m, out, t, has);
		} else {
			add_conflict(m, spot, out);
		}
	}
}
