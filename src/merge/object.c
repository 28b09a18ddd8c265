#include "merge/internal.h"

/* Makes the spot of one member. False if the schema does not know the member. */
static bool member_spot(struct spot *spot, struct schema_place *place, struct merging *m,
	const struct spot *object, const struct triple *row)
{
	enum side has = row->at[A] ? A : B;
	*spot = (struct spot){ .up = object, .place = place, .at = *row };
	spot->name.bytes = json_key(m->docs[has], row->at[has], &spot->name.len);
	return schema_place_member(place, object->place, spot->name.bytes, spot->name.len);
}

void merge_object(struct merging *m, const struct spot *spot, struct nodes *out)
{
	struct alignment alignment;
	align(&alignment, m, spot, BY_NAME);
	struct node *node = node_add_mixed(m, spot, out);
	take_first(m, spot, alignment.before, &node->inner);
	for (size_t i = 0; i < alignment.count; i++) {
		struct spot member;
		struct schema_place place;
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
		if (from == SIDES)
			from = newer;
		if (row->at[from])
			take(m, &node->inner, row, from);
	}
	take_last(m, spot, alignment.after, &node->inner);
}
