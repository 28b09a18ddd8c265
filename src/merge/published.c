/* Published values: the file at the tip of the shared branch, as last fetched. */
#include "merge/internal.h"

static void load_published(struct merging *m)
{
	const struct merge_request *request = m->request;
	const struct json_limits limits = { .size = UINT32_MAX, .lines = request->lines };
	struct buf text = BUF_INIT;
	m->published_loaded = true;
	/* A published version that is not JSON counts as none. */
	if (request->published && request->published(request->published_data, &text) >= 0)
		json_parse_buf(&m->published, &text, request->name, &limits, NULL);
	buf_release(&text);
}

/* Does this published element have the keys of the element at `spot`? */
static bool has_keys(struct merging *m, const struct json_value *element, const struct spot *spot,
	enum side side)
{
	for (size_t i = 0; i < spot->keys_count; i++) {
		const struct text *key = &spot->keys[i];
		const struct json_value *published =
			json_member_n(m->published, element, key->bytes, key->len);
		const struct json_value *own =
			json_member_n(m->docs[side], spot->at.at[side], key->bytes, key->len);
		if (!published || !own || !json_equal(m->published, published, m->docs[side], own))
			return false;
	}
	return true;
}

/* The element of `array` at `spot`; NULL if there is none. */
static const struct json_value *element_at(
	struct merging *m, const struct json_value *array, const struct spot *spot)
{
	enum side has = spot->at.at[A] ? A : B;
	if (array->type != JSON_ARRAY)
		return NULL;
	if (!spot->keys)
		return spot->published_index == NOWHERE
			? NULL
			: json_element(array, spot->published_index);
	/* Elements are looked up in nearly the order in which they are stored. */
	const struct json_value *start = m->last_list == array ? m->last_found : json_first(array);
	const struct json_value *element = start;
	for (size_t left = array->count; left; left--) {
		if (has_keys(m, element, spot, has)) {
			m->last_list = array;
			m->last_found = element;
			return element;
		}
		element += element->span;
		if (element == array + array->span)
			element = json_first(array);
	}
	return NULL;
}

const struct json_value *published_at(struct merging *m, const struct spot *spot)
{
	if (!m->published_loaded)
		load_published(m);
	if (!m->published || !spot->up)
		return m->published ? json_root(m->published) : NULL;
	const struct json_value *up = published_at(m, spot->up);
	if (!up)
		return NULL;
	return spot->name.bytes ? json_member_n(m->published, up, spot->name.bytes, spot->name.len)
				: element_at(m, up, spot);
}

/* Does the list of `side` begin with the elements of `published`? */
static bool begins_with(const struct merging *m, const struct json_value *list, enum side side,
	const struct json_value *published)
{
	const struct json_value *own = list + 1;
	if (list->count < published->count)
		return false;
	JSON_EACH (element, published) {
		if (!json_same_text(m->published, element, m->docs[side], own))
			return false;
		own += own->span;
	}
	return true;
}

enum side published_side(struct merging *m, const struct spot *spot)
{
	const struct json_value *published = published_at(m, spot);
	if (!published || published->type != JSON_ARRAY)
		return BASE;
	bool a = begins_with(m, spot->at.at[A], A, published);
	bool b = begins_with(m, spot->at.at[B], B, published);
	return a == b ? BASE : a ? A : B;
}
