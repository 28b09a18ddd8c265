/* Reads one keyword, and checks the type of its value. */
#include "schema/compile.h"

#include "base/alloc.h"
#include "json/number.h"

#include <stdlib.h>
#include <string.h>

const struct json_value *compiling_keyword(const struct compiling *c, const char *name)
{
	return json_member(c->doc, c->source, name);
}

bool compiling_since(const struct compiling *c, enum draft draft)
{
	return c->resource->dialect.draft >= draft;
}

struct text compiling_text(const struct compiling *c, const struct json_value *string)
{
	struct text text;
	text.bytes = json_string(c->doc, string, &text.len);
	return text;
}

struct text compiling_name(const struct compiling *c, const struct json_value *member)
{
	struct text text;
	text.bytes = json_key(c->doc, member, &text.len);
	return text;
}

int compiling_schema(struct compiling *c, const char *name, const struct json_value *value,
	const struct schema **out)
{
	if (value->type != JSON_OBJECT && value->type != JSON_TRUE && value->type != JSON_FALSE)
		return set_refuse(c->doc, value, c->err,
			"\"%s\" must be a schema: an object, true or false", name);
	*out = compile_node(c->set, c->resource, value, c->err);
	return *out ? 0 : ERR_INVALID;
}

int compiling_schema_keyword(struct compiling *c, const char *name, const struct schema **out)
{
	const struct json_value *value = compiling_keyword(c, name);
	return value ? compiling_schema(c, name, value, out) : 0;
}

int compiling_list(
	struct compiling *c, const char *name, const struct json_value *value, struct list *list)
{
	if (value->type != JSON_ARRAY || !value->count)
		return set_refuse(c->doc, value, c->err,
			"\"%s\" must be a list of at least one schema", name);
	list->items = arena_array(&c->set->arena, value->count, sizeof(*list->items));
	int rc = 0;
	JSON_EACH (element, value)
		if (!rc)
			rc = compiling_schema(c, name, element, &list->items[list->count++]);
	return rc;
}

int compiling_list_keyword(struct compiling *c, const char *name, struct list *list)
{
	const struct json_value *value = compiling_keyword(c, name);
	return value ? compiling_list(c, name, value, list) : 0;
}

int compiling_number_keyword(struct compiling *c, const char *name, struct text *out, bool *found)
{
	const struct json_value *value = compiling_keyword(c, name);
	if (!value)
		return 0;
	if (value->type != JSON_NUMBER)
		return set_refuse(c->doc, value, c->err, "\"%s\" must be a number", name);
	out->bytes = json_raw(c->doc, value, &out->len);
	*found = true;
	return 0;
}

static int count_keyword(struct compiling *c, const char *name, int64_t *out, bool *found)
{
	const struct json_value *value = compiling_keyword(c, name);
	size_t len;
	if (!value)
		return 0;
	const char *text = json_raw(c->doc, value, &len);
	bool whole = value->type == JSON_NUMBER && json_number_is_integer(text, len);
	if (!whole || json_number_compare(text, len, "0", 1) < 0)
		return set_refuse(c->doc, value, c->err,
			"\"%s\" must be a whole number, not less than 0", name);
	if (!json_int64(c->doc, value, out))
		*out = INT64_MAX; /* more than anything can have */
	*found = true;
	return 0;
}

int compiling_range_keywords(
	struct compiling *c, const char *least, const char *most, struct range *range, bool *found)
{
	int rc = count_keyword(c, least, &range->least, found);
	return rc < 0 ? rc : count_keyword(c, most, &range->most, found);
}

static int compare_texts(const void *a, const void *b)
{
	const struct text *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = len ? memcmp(x->bytes, y->bytes, len) : 0;
	return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* A name that occurs twice in `names`; bytes NULL: none. */
static struct text find_twice(const struct text *names, size_t count)
{
	struct text *sorted = xreallocarray(NULL, count, sizeof(*sorted)), found = { 0 };
	memcpy(sorted, names, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_texts);
	for (size_t i = 1; i < count && !found.bytes; i++)
		if (!compare_texts(&sorted[i - 1], &sorted[i]))
			found = sorted[i];
	free(sorted);
	return found;
}

int compiling_names(struct compiling *c, const char *name, const struct json_value *value,
	const struct text **out, size_t *count)
{
	if (value->type != JSON_ARRAY)
		return set_refuse(c->doc, value, c->err, "\"%s\" must be a list of names", name);
	*count = 0;
	if (!value->count)
		return 0;
	struct text *texts = arena_array(&c->set->arena, value->count, sizeof(*texts));
	JSON_EACH (element, value) {
		if (element->type != JSON_STRING)
			return set_refuse(
				c->doc, element, c->err, "\"%s\" must be a list of strings", name);
		texts[(*count)++] = compiling_text(c, element);
	}
	struct text twice = find_twice(texts, *count);
	if (twice.bytes)
		return set_refuse(c->doc, value, c->err, "\"%s\" names " TEXT_FMT " twice", name,
			TEXT_ARG(twice));
	*out = texts;
	return 0;
}

int compiling_pattern(struct compiling *c, const struct json_value *at, struct text text,
	const struct pattern **out)
{
	struct pattern *pattern;
	struct error why = ERROR_INIT;
	if (pattern_compile(&pattern, text.bytes, text.len, &why) < 0)
		return set_refuse(c->doc, at, c->err,
			"\"" TEXT_FMT "\" is not a valid regular expression (ECMA-262): %s",
			TEXT_ARG(text), why.text);
	GROW(c->set->patterns, c->set->patterns_count, c->set->patterns_capacity);
	c->set->patterns[c->set->patterns_count++] = pattern;
	*out = pattern;
	return 0;
}
