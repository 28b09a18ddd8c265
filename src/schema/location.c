#include "schema/location.h"

static void add_rules(struct annotations *rules, const struct annotations *more)
{
	if (!rules->merge)
		rules->merge = more->merge;
	if (!rules->list_type)
		rules->list_type = more->list_type;
	if (!rules->map_type)
		rules->map_type = more->map_type;
	if (!rules->merge_clock.bytes)
		rules->merge_clock = more->merge_clock;
	if (!rules->transitions) {
		rules->transitions = more->transitions;
		rules->transitions_count = more->transitions_count;
	}
	if (!rules->remove_when)
		rules->remove_when = more->remove_when;
	if (!rules->archive.bytes)
		rules->archive = more->archive;
	if (!rules->remove_after.bytes) {
		rules->remove_after = more->remove_after;
		rules->remove_after_seconds = more->remove_after_seconds;
	}
	if (!rules->owner.bytes)
		rules->owner = more->owner;
	rules->immutable |= more->immutable;
	rules->increasing |= more->increasing;
	rules->append_only |= more->append_only;
}

/* Adds `schema` and the schemas that it leads to, each of them once. */
static void add(struct schema_place *place, const struct schema *schema)
{
	for (size_t i = 0; i < place->count; i++)
		if (place->schemas[i] == schema)
			return;
	if (place->count == PLACE_MOST_SCHEMAS)
		return;
	place->schemas[place->count++] = schema;
	if (schema->annotations)
		add_rules(&place->rules, schema->annotations);
	if (schema->array && schema->array->map_keys_count && !place->keys_count) {
		place->keys = schema->array->map_keys;
		place->keys_count = schema->array->map_keys_count;
	}
	if (schema->ref)
		add(place, schema->ref);
	for (size_t i = 0; i < schema->all_of.count; i++)
		add(place, schema->all_of.items[i]);
}

void schema_place_init(struct schema_place *place, const struct schema *schema)
{
	*place = (struct schema_place){ 0 };
	if (schema)
		add(place, schema);
}

bool schema_place_member(
	struct schema_place *place, const struct schema_place *parent, const char *name, size_t len)
{
	bool known = false;
	*place = (struct schema_place){ 0 };
	for (size_t i = 0; i < parent->count; i++) {
		const struct object_rules *rules = parent->schemas[i]->object;
		if (!rules)
			continue;
		const struct property *property = schema_property(rules, name, len);
		bool matched = property && property->schema;
		if (matched)
			add(place, property->schema);
		for (size_t k = 0; k < rules->patterns_count; k++)
			if (pattern_matches(rules->patterns[k].pattern, name, len, NULL) > 0) {
				add(place, rules->patterns[k].schema);
				matched = true;
			}
		if (!matched && rules->additional)
			add(place, rules->additional);
		known |= matched || property;
	}
	return known;
}

void schema_place_items(struct schema_place *place, const struct schema_place *parent)
{
	*place = (struct schema_place){ 0 };
	for (size_t i = 0; i < parent->count; i++) {
		const struct array_rules *rules = parent->schemas[i]->array;
		if (rules && rules->items)
			add(place, rules->items);
	}
}

int schema_check_removals(const struct schema *schema, struct error *err)
{
	struct schema_place list, element;
	schema_place_init(&list, schema);
	schema_place_items(&element, &list);
	if (!list.rules.append_only || !element.rules.remove_after.bytes)
		return 0;
	const struct json_doc *doc = schema->resource->doc;
	const struct json_value *keyword = json_member(doc, schema->source, "x-append-only");
	return set_refuse(doc, keyword ? keyword : schema->source, err,
		"a list with \"x-append-only\" cannot have elements with \"x-remove-after\": its "
		"elements are never changed or removed");
}

/* Appends the keys of an element: "id=a,kind=b". False if it does not have all of them. */
static bool add_keys(const struct schema_place *list, const struct json_doc *doc,
	const struct json_value *element, struct buf *out)
{
	for (size_t i = 0; i < list->keys_count; i++) {
		const struct text *key = &list->keys[i];
		const struct json_value *member = json_member_n(doc, element, key->bytes, key->len);
		size_t len = 0;
		const char *text = json_string(doc, member, &len);
		if (!member)
			return false;
		if (!text)
			text = json_raw(doc, member, &len);
		buf_addf(out, "%s" TEXT_FMT "=", i ? "," : "", TEXT_ARG(*key));
		buf_add(out, text, len);
	}
	return list->keys_count > 0;
}

/* The child of `container` that has `value` in it, and its index. */
static const struct json_value *child_with(
	const struct json_value *container, const struct json_value *value, size_t *index)
{
	*index = 0;
	JSON_EACH (child, container) {
		if (value < child + child->span)
			return child;
		++*index;
	}
	return value;
}

void schema_pointer_of(const struct schema *schema, const struct json_doc *doc,
	const struct json_value *value, struct buf *out)
{
	struct schema_place place, inner;
	schema_place_init(&place, schema);
	for (const struct json_value *at = json_root(doc), *child; at != value; at = child) {
		struct buf name = BUF_INIT;
		size_t index, len;
		child = child_with(at, value, &index);
		if (at->type == JSON_OBJECT) {
			const char *member = json_key(doc, child, &len);
			buf_add(&name, member, len);
			schema_place_member(&inner, &place, name.data, name.len);
		} else {
			if (!add_keys(&place, doc, child, &name)) {
				buf_reset(&name);
				buf_addf(&name, "%zu", index);
			}
			schema_place_items(&inner, &place);
		}
		json_pointer_add(out, name.data, name.len);
		place = inner;
		buf_release(&name);
	}
}

static bool is_unlimited(const struct range *range)
{
	return range->least < 0 && range->most < 0;
}

bool schema_checks_each_element(const struct schema *schema)
{
	const struct array_rules *array = schema->array;
	if (schema->is_boolean || schema->enumeration || schema->constant || schema->ref ||
		schema->dynamic_ref || schema->not_ || schema->if_ || schema->all_of.count ||
		schema->any_of.count || schema->one_of.count)
		return false;
	return !array ||
		(is_unlimited(&array->size) && !array->unique && !array->prefix.count &&
			!array->contains && !array->unevaluated);
}

struct text schema_place_minimum(const struct schema_place *place)
{
	for (size_t i = 0; i < place->count; i++)
		if (place->schemas[i]->limits && place->schemas[i]->limits->minimum.bytes)
			return place->schemas[i]->limits->minimum;
	return (struct text){ NULL, 0 };
}
