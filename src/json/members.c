#include "json/internal.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* By length first, which is fast; any order would do. */
static int compare_names(const struct json_name *a, const struct json_name *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->text, b->text, a->len);
}

static int by_name(const void *left, const void *right)
{
	const struct json_name *a = left, *b = right;
	int order = compare_names(a, b);
	if (order)
		return order;
	return a->member < b->member ? -1 : a->member > b->member;
}

void json_names_init(
	struct json_names *names, const struct json_doc *doc, const struct json_value *object)
{
	size_t escaped = 0;
	JSON_EACH (member, object)
		if (member->key_escaped)
			escaped += member->key_end - member->key_start;
	*names = (struct json_names){ 0 };
	names->sorted = xreallocarray(NULL, object->count, sizeof(*names->sorted));
	names->decoded = xmalloc(escaped);
	char *room = names->decoded;
	JSON_EACH (member, object) {
		struct json_name *name = &names->sorted[names->count++];
		const char *raw = doc->text + member->key_start;
		size_t len = member->key_end - member->key_start;
		*name = (struct json_name){ .text = raw + 1, .len = len - 2, .member = member };
		if (member->key_escaped) {
			name->text = room;
			name->len = json_unescape(raw, len, room);
			room += len;
		}
	}
	qsort(names->sorted, names->count, sizeof(*names->sorted), by_name);
}

void json_names_release(struct json_names *names)
{
	free(names->sorted);
	free(names->decoded);
}

bool json_name_is(const struct json_name *a, const struct json_name *b)
{
	return !compare_names(a, b);
}
