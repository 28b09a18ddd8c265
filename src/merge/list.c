/* Lists whose elements have an identity: by keys or, in a set, by content. */
#include "merge/internal.h"

#include "json/edit.h"
#include "json/write.h"

#include <string.h>

/* ---- two different elements with one key ---- */

/* Do the two differ in a member with x-immutable? */
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

/* Does one of the sides already have an element with this key? */
static bool has_key(const struct merging *m, const struct spot *list, const struct buf *expected)
{
	const struct text *key = &list->place->keys[0];
	for (enum side side = A; side < SIDES; side++)
		JSON_EACH (element, list->at.at[side]) {
			size_t len;
			const char *name = json_string(m->docs[side],
				json_member_n(m->docs[side], element, key->bytes, key->len), &len);
			if (name && len == expected->len && !memcmp(name, expected->data, len))
				return true;
		}
	return false;
}

/* The text of `side`'s element with the key `fresh`, and its old key in original_KEY. */
static struct merge_text with_key(struct merging *m, const struct spot *element, enum side side,
	const struct json_value *old_key, const struct buf *fresh)
{
	const struct text *key = &element->up->place->keys[0];
	struct buf text = BUF_INIT, name = BUF_INIT, quoted = BUF_INIT;
	struct merge_text made = { NULL, 0 };
	struct json_doc *alone;
	size_t len;
	const char *bytes = json_raw(m->docs[side], element->at.at[side], &len);
	if (json_parse(&alone, bytes, len, "element", NULL, NULL) < 0)
		return made;
	struct json_edit *edit = json_edit_new(alone);
	json_quote(&quoted, fresh->data, fresh->len);
	json_edit_set_n(edit, json_root(alone), key->bytes, key->len, quoted.data, quoted.len);
	buf_addstr(&name, "original_");
	buf_add(&name, key->bytes, key->len);
	bytes = json_raw(m->docs[side], old_key, &len);
	json_edit_set_n(edit, json_root(alone), name.data, name.len, bytes, len);
	if (!json_edit_write(edit, &text, NULL))
		made = (struct merge_text){ arena_strndup(&m->arena, text.data, text.len),
			text.len };
	json_edit_free(edit);
	json_doc_free(alone);
	buf_release(&text);
	buf_release(&name);
	buf_release(&quoted);
	return made;
}

/* Adds `side`'s element under a key that is computed from its content, so that every clone makes
 * the same one, in any order. If the two were merged before, the element is already there. */
static void add_under_new_key(
	struct merging *m, const struct spot *element, enum side side, struct nodes *out)
{
	const struct text *key = &element->up->place->keys[0];
	const struct json_doc *doc = m->docs[side];
	const struct json_value *value = element->at.at[side];
	const struct json_value *old_key = json_member_n(doc, value, key->bytes, key->len);
	struct buf fresh = BUF_INIT;
	size_t len;
	const char *bytes = json_string(doc, old_key, &len);
	buf_add(&fresh, bytes, len);
	buf_addf(&fresh, "-%08x", (unsigned)(json_hash(doc, value) & 0xffffffff));
	if (!has_key(m, element->up, &fresh)) {
		struct merge_text text = with_key(m, element, side, old_key, &fresh);
		if (text.bytes)
			node_add(m, out, NODE_TEXT)->text = text;
		report(m, element, "two different elements had this key; the later one is now %s",
			fresh.data);
	}
	buf_release(&fresh);
}

/* Both sides have added an element with this key: the one with the earlier time keeps it. */
static void keep_both(struct merging *m, const struct spot *element, struct nodes *out)
{
	int order = compare_clocks(m, element->place, &element->at);
	if (!order)
		order = compare_raw(m, &element->at);
	enum side earlier = order <= 0 ? A : B, later = earlier == A ? B : A;
	take(m, out, &element->at, earlier);
	add_under_new_key(m, element, later, out);
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
			.keys = list->keys_count ? list->keys : NULL,
			.keys_count = list->keys_count,
			.index = alignment.before + i,
			.published_index = NOWHERE };
		bool both = element.at.at[A] && element.at.at[B];
		if (both && are_two_things(m, &element) && has_one_string_key(m, &element))
			keep_both(m, &element, &node->inner);
		else
			merge_child(m, &element, &node->inner);
	}
	take_last(m, spot, alignment.after, &node->inner);
}
