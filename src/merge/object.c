#include "merge/internal.h"

#include <string.h>

/* Makes the spot of one member. False if the schema does not know the member. */
static bool member_spot(struct spot *spot, struct schema_place *place, struct merging *m,
	const struct spot *object, const struct triple *row)
{
	enum side has = row->at[A] ? A : B;
	*spot = (struct spot){ .up = object, .place = place, .at = *row };
	spot->name.bytes = json_key(m->docs[has], row->at[has], &spot->name.len);
	return schema_place_member(place, object->place, spot->name.bytes, spot->name.len);
}

/*
 * ---- members that moved ----
 *
 * One side puts a member into a new object while the other changes it: the change belongs into the
 * new object. This is the case if the new object has the unchanged member exactly once.
 */

struct move {
	struct move *next;
	size_t row;                   /* that of the member */
	size_t into;                  /* that of the new object */
	const struct json_value *old; /* the member in there */
};

/* The side that removed this member while the other changed it; SIDES: none. */
static enum side removed_by(const struct merging *m, const struct triple *row)
{
	enum side has = row->at[A] ? A : B;
	bool changed =
		row->at[BASE] && !(row->at[A] && row->at[B]) && !same_value(m, row, BASE, has);
	return !changed ? SIDES : has == A ? B : A;
}

/* Counts the members in `within` that have the name and the value of the base's. */
static size_t count_copies(const struct merging *m, const struct triple *row, enum side side,
	const struct json_value *within, const struct json_value **found)
{
	size_t count = 0, len, other_len;
	const char *name = json_key(m->docs[BASE], row->at[BASE], &len);
	for (const struct json_value *value = within + 1; value < within + within->span; value++) {
		struct triple pair = { { row->at[BASE], NULL, NULL } };
		pair.at[side] = value;
		if (!value->key_end)
			continue;
		const char *other = json_key(m->docs[side], value, &other_len);
		if (len == other_len && !memcmp(name, other, len) &&
			same_value(m, &pair, BASE, side)) {
			count++;
			*found = value;
		}
	}
	return count;
}

/* Finds the only new object of the side that has the member. */
static bool find_move(const struct merging *m, const struct alignment *alignment, struct move *move)
{
	const struct triple *row = &alignment->rows[move->row];
	enum side side = removed_by(m, row);
	size_t copies = 0;
	for (size_t i = 0; i < alignment->count && side != SIDES; i++) {
		const struct triple *other = &alignment->rows[i];
		bool added = other->at[side] && !other->at[BASE] && !other->at[side == A ? B : A];
		size_t here = added ? count_copies(m, row, side, other->at[side], &move->old) : 0;
		if (here)
			move->into = i;
		copies += here;
	}
	return copies == 1;
}

/* Searches a limited number of members: each search reads all new objects. */
static struct move *find_moves(struct merging *m, const struct alignment *alignment)
{
	enum { MOST_SEARCHES = 100 };
	struct move *moves = NULL;
	size_t searches = 0;
	for (size_t i = 0; i < alignment->count && searches < MOST_SEARCHES; i++) {
		struct move move = { .next = moves, .row = i };
		if (removed_by(m, &alignment->rows[i]) == SIDES)
			continue;
		searches++;
		if (!find_move(m, alignment, &move))
			continue;
		moves = arena_array(&m->arena, 1, sizeof(*moves));
		*moves = move;
	}
	return moves;
}

static bool has_moved(const struct move *moves, size_t row)
{
	while (moves && moves->row != row)
		moves = moves->next;
	return moves != NULL;
}

/* The next move into the new object of `row` from `at` of its text on; NULL if there is none. */
static const struct move *next_move(const struct move *moves, size_t row, size_t at)
{
	const struct move *next = NULL;
	for (; moves; moves = moves->next)
		if (moves->into == row && moves->old->start >= at &&
			(!next || moves->old->start < next->old->start))
			next = moves;
	return next;
}

/* Adds a new object with the changed values of the members that moved into it. */
static bool add_with_moves(struct merging *m, const struct alignment *alignment,
	const struct move *moves, size_t into, struct nodes *out)
{
	const struct triple *row = &alignment->rows[into];
	enum side side = row->at[A] ? A : B, other = side == A ? B : A;
	const struct json_value *value = row->at[side];
	const struct move *move = next_move(moves, into, 0);
	struct buf text = BUF_INIT;
	size_t at = value->start, all, len;
	const char *bytes = json_text(m->docs[side], &all);
	if (!move)
		return false;
	for (; move; move = next_move(moves, into, at)) {
		const struct json_value *changed = alignment->rows[move->row].at[other];
		buf_add(&text, bytes + at, move->old->start - at);
		const char *own = json_raw(m->docs[other], changed, &len);
		buf_add(&text, own, len);
		at = move->old->end;
	}
	buf_add(&text, bytes + at, value->end - at);
	struct node *node = node_add(m, out, NODE_TEXT);
	node->side = side;
	node->first = value;
	node->replaces = row->at[A];
	node->text = (struct merge_text){ arena_strndup(&m->arena, text.data, text.len), text.len };
	buf_release(&text);
	return true;
}

/* ---- */

void merge_object(struct merging *m, const struct spot *spot, struct nodes *out)
{
	struct alignment alignment;
	align(&alignment, m, spot, BY_NAME);
	const struct move *moves = find_moves(m, &alignment);
	struct node *node = node_add_mixed(m, spot, out);
	take_first(m, spot, alignment.before, &node->inner);
	for (size_t i = 0; i < alignment.count; i++) {
		struct spot member;
		struct schema_place place;
		if (has_moved(moves, i) ||
			(moves && add_with_moves(m, &alignment, moves, i, &node->inner)))
			continue;
		member_spot(&member, &place, m, spot, &alignment.rows[i]);
		merge_child(m, &member, &node->inner);
	}
	take_last(m, spot, alignment.after, &node->inner);
}

/* The only side that has changed this member; SIDES: neither, or both. */
static enum side changed_alone(const struct merging *m, const struct triple *t)
{
	bool changed[SIDES];
	for (enum side side = A; side < SIDES; side++)
		changed[side] = !t->at[side] != !t->at[BASE] ||
			(t->at[side] && !same_value(m, t, BASE, side));
	return changed[A] == changed[B] ? SIDES : changed[A] ? A : B;
}

static bool is_same_change(const struct merging *m, const struct triple *t)
{
	return t->at[A] && t->at[B] ? same_value(m, t, A, B) : t->at[A] == t->at[B];
}

void merge_record(struct merging *m, const struct spot *spot, enum side newer, struct nodes *out)
{
	struct alignment alignment;
	align(&alignment, m, spot, BY_NAME);
	struct node *node = node_add_mixed(m, spot, out);
	take_first(m, spot, alignment.before, &node->inner);
	for (size_t i = 0; i < alignment.count; i++) {
		const struct triple *row = &alignment.rows[i];
		struct spot member;
		struct schema_place place;
		bool known = member_spot(&member, &place, m, spot, row);
		enum side from = known ? SIDES : changed_alone(m, row);
		if (!known && from == SIDES && !is_same_change(m, row))
			report_discarded(m, &member, newer, newer == A ? B : A, "newer");
		if (from == SIDES)
			from = newer;
		if (row->at[from])
			take(m, &node->inner, row, from);
	}
	take_last(m, spot, alignment.after, &node->inner);
}
