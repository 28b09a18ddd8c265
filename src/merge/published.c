/* Published values: the file at the tip of the shared branch, as last fetched. */
#include "merge/internal.h"

static void load_published(struct merging *m)
{
	const struct merge_request *request = m->request;
	const struct json_limits limits = { .size = UINT32_MAX };
	struct buf text = BUF_INIT;
	m->published_loaded = true;
	/* A published version that is not JSON counts as none. */
	if (request->published && request->published(request->published_data, &text) >= 0)
		json_parse_buf(&m->published, &text, request->name, &limits, NULL);
	buf_release(&text);
}

/* Does this published element have the keys of `value`? */
static bool has_keys(struct merging *m, const struct json_value *element,
	const struct schema_place *list, const struct json_doc *doc, const struct json_value *value)
{
	for (size_t i = 0; i < list->keys_count; i++) {
		const struct text *key = &list->keys[i];
		const struct json_value *theirs =
			json_member_n(m->published, element, key->bytes, key->len);
		const struct json_value *ours = json_member_n(doc, value, key->bytes, key->len);
		if (!theirs || !ours || !json_equal(m->published, theirs, doc, ours))
			return false;
	}
	return true;
}

/* The element of `array` that has the keys of `spot`; NULL if there is none. */
static const struct json_value *element_at(
	struct merging *m, const struct json_value *array, const struct spot *spot)
{
	const struct schema_place *list = spot->up->place;
	enum side has = spot->at.at[A] ? A : B;
	if (!spot->keyed || array->type != JSON_ARRAY)
		return NULL;
	/* Elements are looked up in nearly the order in which they are stored. */
	const struct json_value *start =
		m->last_found && m->last_found > array && m->last_found < array + array->span
		? m->last_found
		: json_first(array);
	const struct json_value *element = start;
	for (size_t left = array->count; left; left--) {
		if (has_keys(m, element, list, m->docs[has], spot->at.at[has])) {
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
