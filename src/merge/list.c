/* Lists whose elements can be told apart: by keys, or, in a set, by what they are. */
#include "merge/internal.h"

#include "json/edit.h"
#include "json/write.h"

#include <string.h>

/* ---- two different things under one key ---- */

/* Is there a member that never changes, and is not the same in both? */
static bool are_two_things(struct merging *m, const struct spot *element)
{
	const struct triple *t = &element->at;
	if (t->at[BASE] || t->at[A]->type != JSON_OBJECT || t->at[B]->type != JSON_OBJECT)
		return false;
	JSON_EACH (member, t->at[A]) {
		struct schema_place place;
		size_t len;
		const char *name = json_key(m->docs[A], member, &len);
		struct triple values = { { NULL, member,
			json_member_n(m->docs[B], t->at[B], name, len) } };
		schema_place_member(&place, element->place, name, len);
		if (place.rules.immutable && values.at[B] && !same_value(m, &values, A, B))
			return true;
	}
	return false;
}

/*
 * The text of `side`'s element under a key of its own, made from what it says: whoever merges, in
 * whatever order, makes the same.
 */
static struct merge_text under_new_key(
	struct merging *m, const struct spot *element, enum side side)
{
	const struct text *key = &element->up->place->keys[0];
	const struct json_doc *doc = m->docs[side];
	struct buf text = BUF_INIT, fresh = BUF_INIT, note = BUF_INIT, was = BUF_INIT;
	struct json_doc *alone;
	size_t len;
	const char *bytes = json_raw(doc, element->at.at[side], &len);
	struct merge_text made = { arena_strndup(&m->arena, bytes, len), len };
	if (json_parse(&alone, bytes, len, "element", NULL, NULL) < 0)
		return made;
	const struct json_value *root = json_root(alone);
	bytes = json_string(alone, json_member_n(alone, root, key->bytes, key->len), &len);
	buf_add(&was, bytes, len);
	json_quote(&note, bytes, len);
	buf_addf(&was, "-%08x", (unsigned)(json_hash(alone, root) & 0xffffffff));
	json_quote(&fresh, was.data, was.len);
	struct json_edit *edit = json_edit_new(alone);
	json_edit_set_n(edit, root, key->bytes, key->len, fresh.data, fresh.len);
	buf_reset(&was);
	buf_addstr(&was, "original_");
	buf_add(&was, key->bytes, key->len);
	json_edit_set_n(edit, root, was.data, was.len, note.data, note.len);
	if (!json_edit_write(edit, &text, NULL))
		made = (struct merge_text){ arena_strndup(&m->arena, text.data, text.len),
			text.len };
	say(m, element, "two different elements had this key; the later one is now %s", fresh.data);
	json_edit_free(edit);
	json_doc_free(alone);
	buf_release(&text);
	buf_release(&fresh);
	buf_release(&note);
	buf_release(&was);
	return made;
}

/* Both sides have added an element with this key: the earlier keeps it. */
static void keep_both(struct merging *m, const struct spot *element, struct nodes *out)
{
	int order = compare_clocks(m, element->place, &element->at);
	if (!order)
		order = compare_raw(m, &element->at);
	enum side earlier = order <= 0 ? A : B, later = earlier == A ? B : A;
	take(m, out, &element->at, earlier);
	struct node *node = node_add(m, out, NODE_TEXT);
	node->text = under_new_key(m, element, later);
}

/* ---- */

static bool has_one_string_key(const struct merging *m, const struct spot *element)
{
	const struct schema_place *list = element->up->place;
	return list->keys_count == 1 &&
		json_member_n(m->docs[A], element->at.at[A], list->keys[0].bytes, list->keys[0].len)
			->type == JSON_STRING;
}

void merge_list(struct merging *m, const struct spot *spot, struct nodes *out)
{
	const struct schema_place *list = spot->place;
	if (list->rules.list_type != LIST_SET && !list->keys_count) {
		merge_sequence(m, spot, out);
		return;
	}
	struct schema_place items;
	struct alignment alignment;
	schema_place_items(&items, list);
	align(&alignment, m, spot, list->keys_count ? BY_KEYS : BY_CONTENT);
	struct node *node = node_add_mixed(m, spot, out);
	take_first(m, spot, alignment.before, &node->inner);
	for (size_t i = 0; i < alignment.count; i++) {
		struct spot element = { .up = spot,
			.place = &items,
			.at = alignment.rows[i],
			.index = alignment.before + i,
			.keyed = list->keys_count };
		bool both = element.at.at[A] && element.at.at[B];
		if (both && are_two_things(m, &element) && has_one_string_key(m, &element))
			keep_both(m, &element, &node->inner);
		else
			merge_child(m, &element, &node->inner);
	}
	take_last(m, spot, alignment.behind, &node->inner);
}
