/* What other servers have seen: the file at the upstream's tip. */
#include "merge/internal.h"

static void ask(struct merging *m)
{
	const struct merge_request *request = m->request;
	const struct json_limits limits = { .size = UINT32_MAX };
	struct buf text = BUF_INIT;
	m->asked = true;
	/* One that is broken there tells nothing. */
	if (request->published && request->published(request->published_data, &text) >= 0)
		json_parse_buf(&m->published, &text, request->name, &limits, NULL);
	buf_release(&text);
}

/* The element of `array` that has the keys of `spot`; NULL if there is none. */
static const struct json_value *element_at(
	struct merging *m, const struct json_value *array, const struct spot *spot)
{
	const struct schema_place *list = spot->up->place;
	enum side has = spot->at.at[A] ? A : B;
	if (!spot->keyed || array->type != JSON_ARRAY)
		return NULL;
	JSON_EACH (element, array) {
		bool same = true;
		for (size_t i = 0; i < list->keys_count && same; i++) {
			const struct text *key = &list->keys[i];
			const struct json_value *theirs =
				json_member_n(m->published, element, key->bytes, key->len);
			const struct json_value *ours =
				json_member_n(m->docs[has], spot->at.at[has], key->bytes, key->len);
			same = theirs && ours &&
				json_equal(m->published, theirs, m->docs[has], ours);
		}
		if (same)
			return element;
	}
	return NULL;
}

const struct json_value *published_at(struct merging *m, const struct spot *spot)
{
	if (!m->asked)
		ask(m);
	if (!m->published || !spot->up)
		return m->published ? json_root(m->published) : NULL;
	const struct json_value *up = published_at(m, spot->up);
	if (!up)
		return NULL;
	return spot->name.bytes ? json_member_n(m->published, up, spot->name.bytes, spot->name.len)
				: element_at(m, up, spot);
}
