/* From a schema's text to nodes: every keyword is checked and put into its place. */
#include "schema/annotation.h"
#include "schema/format.h"
#include "schema/node.h"
#include "json/number.h"

#include "base/alloc.h"
#include "base/nearest.h"

#include <stdlib.h>
#include <string.h>

/* What is compiled just now. */
struct compiling {
	struct schema_set *set;
	struct resource *resource;
	const struct json_doc *doc;
	const struct json_value *source; /* the schema */
	struct schema *schema;
	struct error *err;
};

static const struct schema *node_for(struct schema_set *set, struct resource *resource,
	const struct json_value *value, struct error *err);

uint32_t schema_hash(const char *bytes, size_t len)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 16777619u;
	return hash;
}

const struct property *schema_property(
	const struct object_rules *rules, const char *name, size_t len)
{
	if (!rules->table_size)
		return NULL;
	size_t slot = schema_hash(name, len) & (rules->table_size - 1);
	for (; rules->table[slot]; slot = (slot + 1) & (rules->table_size - 1)) {
		const struct property *property = &rules->properties[rules->table[slot] - 1];
		if (property->name.len == len && !memcmp(property->name.bytes, name, len))
			return property;
	}
	return NULL;
}

/* ---- reading keywords ---- */

static const struct json_value *keyword(const struct compiling *c, const char *name)
{
	return json_member(c->doc, c->source, name);
}

static bool is_modern(const struct compiling *c)
{
	return c->resource->dialect.draft == DRAFT_2020_12;
}

static struct text text_of(const struct compiling *c, const struct json_value *string)
{
	struct text text;
	text.bytes = json_string(c->doc, string, &text.len);
	return text;
}

static struct text name_of(const struct compiling *c, const struct json_value *member)
{
	struct text text;
	text.bytes = json_key(c->doc, member, &text.len);
	return text;
}

static int compile_schema(struct compiling *c, const char *name, const struct json_value *value,
	const struct schema **out)
{
	if (value->type != JSON_OBJECT && value->type != JSON_TRUE && value->type != JSON_FALSE)
		return set_refuse(c->doc, value, c->err,
			"\"%s\" must be a schema: an object, true or false", name);
	*out = node_for(c->set, c->resource, value, c->err);
	return *out ? 0 : ERR_INVALID;
}

static int schema_keyword(struct compiling *c, const char *name, const struct schema **out)
{
	const struct json_value *value = keyword(c, name);
	return value ? compile_schema(c, name, value, out) : 0;
}

static int compile_list(
	struct compiling *c, const char *name, const struct json_value *value, struct list *list)
{
	if (value->type != JSON_ARRAY || !value->count)
		return set_refuse(c->doc, value, c->err,
			"\"%s\" must be a list of at least one schema", name);
	list->items = arena_array(&c->set->arena, value->count, sizeof(*list->items));
	int rc = 0;
	JSON_EACH (element, value)
		if (!rc)
			rc = compile_schema(c, name, element, &list->items[list->count++]);
	return rc;
}

static int list_keyword(struct compiling *c, const char *name, struct list *list)
{
	const struct json_value *value = keyword(c, name);
	return value ? compile_list(c, name, value, list) : 0;
}

static int number_keyword(struct compiling *c, const char *name, struct text *out, bool *found)
{
	const struct json_value *value = keyword(c, name);
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
	const struct json_value *value = keyword(c, name);
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

static int range_keywords(
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

/* A name that is twice among `names`; bytes NULL: none. */
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

/* A list of strings, all different: "required" and its kin. */
static int compile_names(struct compiling *c, const char *name, const struct json_value *value,
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
		texts[(*count)++] = text_of(c, element);
	}
	struct text twice = find_twice(texts, *count);
	if (twice.bytes)
		return set_refuse(c->doc, value, c->err, "\"%s\" names %.*s twice", name,
			(int)twice.len, twice.bytes);
	*out = texts;
	return 0;
}

static int compile_pattern(struct compiling *c, const struct json_value *at, struct text text,
	const struct pattern **out)
{
	struct pattern *pattern;
	struct error why = ERROR_INIT;
	if (pattern_compile(&pattern, text.bytes, text.len, &why) < 0)
		return set_refuse(c->doc, at, c->err,
			"\"%.*s\" is no regular expression of ECMA-262: %s", (int)text.len,
			text.bytes, why.text);
	GROW(c->set->patterns, c->set->patterns_count, c->set->patterns_capacity);
	c->set->patterns[c->set->patterns_count++] = pattern;
	*out = pattern;
	return 0;
}

/* ---- groups of keywords ---- */

static const struct {
	const char *name;
	uint8_t bits;
} type_names[] = { { "null", TYPE_NULL }, { "boolean", TYPE_BOOLEAN }, { "integer", TYPE_INTEGER },
	{ "number", TYPE_NUMBER }, { "string", TYPE_STRING }, { "array", TYPE_ARRAY },
	{ "object", TYPE_OBJECT } };

/* Adds the type that `value` names; `*seen` are those that were named before. */
static int add_type(struct compiling *c, const struct json_value *value, uint8_t *seen)
{
	char *name = json_strdup(c->doc, value);
	struct nearest nearest = NEAREST_INIT(name ? name : "");
	uint8_t bits = 0;
	for (size_t i = 0; name && i < sizeof(type_names) / sizeof(*type_names); i++) {
		nearest_try(&nearest, type_names[i].name);
		if (!strcmp(name, type_names[i].name))
			bits = type_names[i].bits;
	}
	free(name);
	if (!bits)
		return set_refuse(c->doc, value, c->err,
			"\"type\" must be null, boolean, integer, number, string, array or "
			"object%s%s%s",
			nearest.word ? "; did you mean \"" : "", nearest.word ? nearest.word : "",
			nearest.word ? "\"?" : "");
	if (*seen & bits)
		return set_refuse(c->doc, value, c->err, "\"type\" names this type twice");
	*seen |= bits;
	c->schema->types = *seen;
	if (*seen & TYPE_NUMBER)
		c->schema->types &= (uint8_t)~TYPE_INTEGER;
	return 0;
}

static int compile_general(struct compiling *c)
{
	const struct json_value *type = keyword(c, "type");
	uint8_t seen = 0;
	int rc = 0;
	c->schema->enumeration = keyword(c, "enum");
	c->schema->constant = keyword(c, "const");
	if (c->schema->enumeration && c->schema->enumeration->type != JSON_ARRAY)
		return set_refuse(c->doc, c->schema->enumeration, c->err,
			"\"enum\" must be a list of values");
	if (type && type->type == JSON_ARRAY && !type->count)
		return set_refuse(c->doc, type, c->err, "\"type\" must name at least one type");
	if (type && type->type == JSON_ARRAY) {
		JSON_EACH (element, type)
			if (!rc)
				rc = add_type(c, element, &seen);
	} else if (type) {
		rc = add_type(c, type, &seen);
	}
	return rc;
}

static int compile_limits(struct compiling *c)
{
	struct limits limits = { 0 };
	bool found = false;
	int rc = number_keyword(c, "multipleOf", &limits.multiple_of, &found);
	if (!rc && found &&
		json_number_compare(limits.multiple_of.bytes, limits.multiple_of.len, "0", 1) <= 0)
		return set_refuse(c->doc, keyword(c, "multipleOf"), c->err,
			"\"multipleOf\" must be more than 0");
	if (!rc)
		rc = number_keyword(c, "maximum", &limits.maximum, &found);
	if (!rc)
		rc = number_keyword(c, "exclusiveMaximum", &limits.exclusive_maximum, &found);
	if (!rc)
		rc = number_keyword(c, "minimum", &limits.minimum, &found);
	if (!rc)
		rc = number_keyword(c, "exclusiveMinimum", &limits.exclusive_minimum, &found);
	if (!rc && found) {
		c->schema->limits = arena_alloc(&c->set->arena, sizeof(limits));
		*c->schema->limits = limits;
	}
	return rc;
}

static int compile_string(struct compiling *c)
{
	struct string_rules rules = { .length = { -1, -1 } };
	const struct json_value *pattern = keyword(c, "pattern");
	bool found = false;
	int rc = range_keywords(c, "minLength", "maxLength", &rules.length, &found);
	if (!rc && pattern) {
		if (pattern->type != JSON_STRING)
			return set_refuse(c->doc, pattern, c->err,
				"\"pattern\" must be a regular expression, as a string");
		struct text text = text_of(c, pattern);
		rules.pattern_source = arena_strndup(&c->set->arena, text.bytes, text.len);
		rc = compile_pattern(c, pattern, text, &rules.pattern);
		found = true;
	}
	if (!rc && found) {
		c->schema->string = arena_alloc(&c->set->arena, sizeof(rules));
		*c->schema->string = rules;
	}
	return rc;
}

/* "prefixItems" and "items" in 2020-12; "items" (schema or list) and "additionalItems" in draft-07.
 */
static int compile_items(struct compiling *c, struct array_rules *rules)
{
	const struct json_value *items = keyword(c, "items");
	rules->prefix_keyword = "prefixItems";
	rules->items_keyword = "items";
	if (is_modern(c)) {
		int rc = list_keyword(c, "prefixItems", &rules->prefix);
		return rc < 0 ? rc : schema_keyword(c, "items", &rules->items);
	}
	if (!items || items->type != JSON_ARRAY)
		return schema_keyword(c, "items", &rules->items);
	rules->prefix_keyword = "items";
	rules->items_keyword = "additionalItems";
	int rc = items->count ? compile_list(c, "items", items, &rules->prefix) : 0;
	return rc < 0 ? rc : schema_keyword(c, "additionalItems", &rules->items);
}

static int compile_array(struct compiling *c)
{
	struct array_rules rules = { .size = { -1, -1 }, .contained = { -1, -1 } };
	const struct dialect *dialect = &c->resource->dialect;
	bool found = false;
	int rc = 0;
	if (dialect->validation) {
		const struct json_value *unique = keyword(c, "uniqueItems");
		rc = range_keywords(c, "minItems", "maxItems", &rules.size, &found);
		if (!rc && is_modern(c))
			rc = range_keywords(
				c, "minContains", "maxContains", &rules.contained, &found);
		if (!rc && unique && unique->type != JSON_TRUE && unique->type != JSON_FALSE)
			rc = set_refuse(
				c->doc, unique, c->err, "\"uniqueItems\" must be true or false");
		rules.unique = unique && unique->type == JSON_TRUE;
	}
	if (!rc && dialect->applicator) {
		rc = compile_items(c, &rules);
		if (!rc)
			rc = schema_keyword(c, "contains", &rules.contains);
	}
	if (!rc && dialect->unevaluated)
		rc = schema_keyword(c, "unevaluatedItems", &rules.unevaluated);
	if (!rc)
		rc = annotations_map_keys(c->doc, c->source, &c->set->arena, &rules.map_keys,
			&rules.map_keys_count, c->err);
	found = found || rules.unique || rules.prefix.count || rules.items || rules.contains ||
		rules.unevaluated || rules.map_keys_count;
	if (!rc && found) {
		c->schema->array = arena_alloc(&c->set->arena, sizeof(rules));
		*c->schema->array = rules;
	}
	return rc;
}

static void add_to_table(struct object_rules *rules, size_t number)
{
	const struct text *name = &rules->properties[number].name;
	size_t slot = schema_hash(name->bytes, name->len) & (rules->table_size - 1);
	while (rules->table[slot])
		slot = (slot + 1) & (rules->table_size - 1);
	rules->table[slot] = (uint32_t)number + 1;
}

/* "properties" and "required" in one table: a member is looked up once for both. */
static int compile_properties(struct compiling *c, struct object_rules *rules)
{
	const struct dialect *dialect = &c->resource->dialect;
	const struct json_value *properties = dialect->applicator ? keyword(c, "properties") : NULL;
	const struct json_value *required = dialect->validation ? keyword(c, "required") : NULL;
	const struct text *names = NULL;
	size_t names_count = 0;
	int rc = 0;
	if (properties && properties->type != JSON_OBJECT)
		return set_refuse(
			c->doc, properties, c->err, "\"properties\" must be an object of schemas");
	if (required)
		rc = compile_names(c, "required", required, &names, &names_count);
	size_t most = (properties ? properties->count : 0) + names_count;
	if (rc < 0 || !most)
		return rc;
	rules->properties = arena_zero(&c->set->arena, most, sizeof(*rules->properties));
	rules->table_size = 4;
	while (rules->table_size < most * 2)
		rules->table_size *= 2;
	rules->table = arena_zero(&c->set->arena, rules->table_size, sizeof(*rules->table));
	JSON_EACH (member, properties) {
		struct property *property = &rules->properties[rules->count];
		*property = (struct property){ .name = name_of(c, member), .required = -1 };
		rc = compile_schema(c, "properties", member, &property->schema);
		if (rc < 0)
			return rc;
		add_to_table(rules, rules->count++);
	}
	for (size_t i = 0; i < names_count; i++) {
		struct property *property = (struct property *)(uintptr_t)schema_property(
			rules, names[i].bytes, names[i].len);
		if (!property) {
			property = &rules->properties[rules->count];
			*property = (struct property){ .name = names[i] };
			add_to_table(rules, rules->count++);
		}
		property->required = (int)rules->required_count++;
	}
	return 0;
}

static int compile_pattern_properties(struct compiling *c, struct object_rules *rules)
{
	const struct json_value *patterns = keyword(c, "patternProperties");
	if (!patterns)
		return 0;
	if (patterns->type != JSON_OBJECT)
		return set_refuse(c->doc, patterns, c->err,
			"\"patternProperties\" must be an object of schemas");
	rules->patterns = arena_array(&c->set->arena, patterns->count, sizeof(*rules->patterns));
	JSON_EACH (member, patterns) {
		struct pattern_property *property = &rules->patterns[rules->patterns_count];
		struct text name = name_of(c, member);
		property->source = arena_strndup(&c->set->arena, name.bytes, name.len);
		int rc = compile_pattern(c, member, name, &property->pattern);
		if (!rc)
			rc = compile_schema(c, "patternProperties", member, &property->schema);
		if (rc < 0)
			return rc;
		rules->patterns_count++;
	}
	return 0;
}

/* One of the keywords for dependencies: `names` and `schemas` say what it may hold. */
static int compile_dependencies(
	struct compiling *c, const char *name, bool names, bool schemas, struct object_rules *rules)
{
	const struct json_value *value = keyword(c, name);
	if (!value)
		return 0;
	if (value->type != JSON_OBJECT)
		return set_refuse(c->doc, value, c->err, "\"%s\" must be an object", name);
	struct dependency *all =
		arena_zero(&c->set->arena, rules->dependencies_count + value->count, sizeof(*all));
	if (rules->dependencies_count)
		memcpy(all, rules->dependencies, rules->dependencies_count * sizeof(*all));
	rules->dependencies = all;
	JSON_EACH (member, value) {
		struct dependency *dependency = &all[rules->dependencies_count++];
		*dependency = (struct dependency){ .name = name_of(c, member), .keyword = name };
		int rc = names && (member->type == JSON_ARRAY || !schemas)
			? compile_names(c, name, member, &dependency->required,
				  &dependency->required_count)
			: compile_schema(c, name, member, &dependency->schema);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int compile_object(struct compiling *c)
{
	struct object_rules rules = { .size = { -1, -1 } };
	const struct dialect *dialect = &c->resource->dialect;
	bool found = false;
	int rc = 0;
	if (dialect->validation)
		rc = range_keywords(c, "minProperties", "maxProperties", &rules.size, &found);
	if (!rc)
		rc = compile_properties(c, &rules);
	if (!rc && dialect->applicator) {
		rc = compile_pattern_properties(c, &rules);
		if (!rc)
			rc = schema_keyword(c, "additionalProperties", &rules.additional);
		if (!rc)
			rc = schema_keyword(c, "propertyNames", &rules.names);
		if (!rc && !is_modern(c))
			rc = compile_dependencies(c, "dependencies", true, true, &rules);
		if (!rc && is_modern(c))
			rc = compile_dependencies(c, "dependentSchemas", false, true, &rules);
	}
	if (!rc && dialect->validation && is_modern(c))
		rc = compile_dependencies(c, "dependentRequired", true, false, &rules);
	if (!rc && dialect->unevaluated)
		rc = schema_keyword(c, "unevaluatedProperties", &rules.unevaluated);
	found = found || rules.count || rules.patterns_count || rules.additional || rules.names ||
		rules.dependencies_count || rules.unevaluated;
	if (!rc && found) {
		c->schema->object = arena_alloc(&c->set->arena, sizeof(rules));
		*c->schema->object = rules;
	}
	return rc;
}

static int compile_logic(struct compiling *c)
{
	struct schema *s = c->schema;
	int rc = list_keyword(c, "allOf", &s->all_of);
	if (!rc)
		rc = list_keyword(c, "anyOf", &s->any_of);
	if (!rc)
		rc = list_keyword(c, "oneOf", &s->one_of);
	if (!rc)
		rc = schema_keyword(c, "not", &s->not_);
	if (!rc)
		rc = schema_keyword(c, "if", &s->if_);
	if (!rc)
		rc = schema_keyword(c, "then", &s->then_);
	if (!rc)
		rc = schema_keyword(c, "else", &s->else_);
	return rc;
}

static int compile_format(struct compiling *c)
{
	const struct json_value *format = keyword(c, "format");
	if (!format)
		return 0;
	if (format->type != JSON_STRING)
		return set_refuse(c->doc, format, c->err, "\"format\" must be a string");
	c->schema->format_name = text_of(c, format);
	c->schema->format =
		schema_format_find(c->schema->format_name.bytes, c->schema->format_name.len);
	c->schema->asserts_format = c->resource->dialect.format_assertion;
	return 0;
}

/* ---- references ---- */

static int compile_reference(struct compiling *c, const char *name, const struct schema **out,
	const struct json_value **target)
{
	const struct json_value *ref = keyword(c, name);
	struct resource *to;
	struct error why = ERROR_INIT;
	if (!ref)
		return 0;
	if (ref->type != JSON_STRING)
		return set_refuse(
			c->doc, ref, c->err, "\"%s\" must be a URI reference, as a string", name);
	struct text text = text_of(c, ref);
	if (set_resolve(c->set, c->resource, text.bytes, text.len, &to, target, &why) < 0)
		return set_refuse(c->doc, ref, c->err,
			"the reference \"%.*s\" cannot be followed: %s", (int)text.len, text.bytes,
			why.text);
	if ((*target)->type != JSON_OBJECT && (*target)->type != JSON_TRUE &&
		(*target)->type != JSON_FALSE)
		return set_refuse(c->doc, ref, c->err,
			"the reference \"%.*s\" leads to %s, which is no schema", (int)text.len,
			text.bytes, json_type_name((*target)->type));
	*out = node_for(c->set, to, *target, c->err);
	return *out ? 0 : ERR_INVALID;
}

/* "$dynamicRef" looks outward only where it lands on a "$dynamicAnchor" of the fragment's name. */
static int compile_dynamic_reference(struct compiling *c)
{
	const struct json_value *target = NULL;
	int rc = compile_reference(c, "$dynamicRef", &c->schema->dynamic_ref, &target);
	if (rc < 0 || !target)
		return rc;
	struct text ref = text_of(c, keyword(c, "$dynamicRef"));
	const char *hash = memchr(ref.bytes, '#', ref.len);
	const struct known *known = set_known(c->set, target);
	if (!hash || !known)
		return 0;
	size_t len = ref.len - (size_t)(hash + 1 - ref.bytes);
	for (const struct anchor *anchor = known->resource->anchors; anchor; anchor = anchor->next)
		if (anchor->dynamic && anchor->value == target && strlen(anchor->name) == len &&
			!memcmp(anchor->name, hash + 1, len)) {
			c->schema->dynamic_name = anchor->name;
			c->set->dynamic = true;
		}
	return 0;
}

/* ---- one schema ---- */

static bool asks_only_for_types(const struct schema *s)
{
	return s->types && !s->enumeration && !s->constant && !s->limits && !s->string &&
		!s->array && !s->object && !s->all_of.count && !s->any_of.count &&
		!s->one_of.count && !s->not_ && !s->if_ && !s->ref && !s->dynamic_ref &&
		s->format < 0;
}

static int compile_keywords(struct schema_set *set, struct schema *schema, struct error *err)
{
	struct compiling compiling = {
		.set = set,
		.resource = (struct resource *)(uintptr_t)schema->resource,
		.doc = schema->resource->doc,
		.source = schema->source,
		.schema = schema,
		.err = err,
	};
	struct compiling *c = &compiling;
	const struct dialect *dialect = &c->resource->dialect;
	const struct json_value *target;
	int rc = compile_reference(c, "$ref", &c->schema->ref, &target);
	/* draft-07, 8.3: what stands beside "$ref" is ignored. */
	if (rc < 0 || (!is_modern(c) && c->schema->ref))
		return rc;
	if (is_modern(c))
		rc = compile_dynamic_reference(c);
	if (!rc && dialect->validation)
		rc = compile_general(c);
	if (!rc && dialect->validation)
		rc = compile_limits(c);
	if (!rc && dialect->validation)
		rc = compile_string(c);
	if (!rc)
		rc = compile_array(c);
	if (!rc)
		rc = compile_object(c);
	if (!rc && dialect->applicator)
		rc = compile_logic(c);
	if (!rc)
		rc = compile_format(c);
	if (!rc)
		rc = annotations_compile(c->set, c->doc, c->source, c->schema, c->err);
	c->schema->only_types = asks_only_for_types(c->schema);
	return rc;
}

/*
 * The node of a subschema. Its keywords are not read here but when the queue comes to it: read one
 * inside the other, they would nest as deep as references lead.
 */
static const struct schema *node_for(struct schema_set *set, struct resource *resource,
	const struct json_value *value, struct error *err)
{
	/* A schema inside a place that only a reference leads to has not been looked at yet. */
	if (set_scan(set, resource, value, err) < 0)
		return NULL;
	struct known *known = set_known(set, value);
	if (known->schema)
		return known->schema;
	struct schema *schema = arena_zero(&set->arena, 1, sizeof(*schema));
	*schema = (struct schema){ .resource = known->resource, .source = value, .format = -1 };
	known->schema = schema;
	schema->is_boolean = value->type != JSON_OBJECT;
	schema->boolean = value->type == JSON_TRUE;
	if (!schema->is_boolean) {
		GROW(set->queue, set->queue_count, set->queue_capacity);
		set->queue[set->queue_count++] = schema;
	}
	return schema;
}

int schema_compile_inner(struct schema_set *set, const struct resource *resource,
	const struct json_value *value, const struct schema **out, struct error *err)
{
	if (value->type != JSON_OBJECT && value->type != JSON_TRUE && value->type != JSON_FALSE)
		return set_refuse(resource->doc, value, err,
			"a schema is wanted here: an object, true or false");
	*out = node_for(set, (struct resource *)(uintptr_t)resource, value, err);
	return *out ? 0 : ERR_INVALID;
}

/* Dynamic anchors may be reached from anywhere: all of them are wanted. */
static int add_dynamic_anchors(struct schema_set *set, struct error *err)
{
	for (struct resource *r = set->resources; r; r = r->next)
		for (struct anchor *anchor = r->anchors; anchor; anchor = anchor->next) {
			if (!anchor->dynamic || anchor->schema)
				continue;
			anchor->schema = node_for(set, r, anchor->value, err);
			if (!anchor->schema)
				return ERR_INVALID;
		}
	return 0;
}

/* Forgets the nodes of a schema that did not compile. */
static void drop_queue(struct schema_set *set)
{
	for (size_t i = 0; i < set->queue_count; i++)
		set_known(set, set->queue[i]->source)->schema = NULL;
	for (struct resource *r = set->resources; r; r = r->next)
		for (struct anchor *anchor = r->anchors; anchor; anchor = anchor->next)
			if (anchor->schema)
				anchor->schema = set_known(set, anchor->value)->schema;
}

static int compile_resource(struct schema_set *set, const struct schema **out,
	struct resource *resource, const struct json_value *value, struct error *err)
{
	const struct schema *schema = node_for(set, resource, value, err);
	int rc = schema ? 0 : ERR_INVALID;
	for (size_t i = 0; !rc && i < set->queue_count; i++) {
		rc = compile_keywords(set, set->queue[i], err);
		if (!rc && set->dynamic && i + 1 == set->queue_count)
			rc = add_dynamic_anchors(set, err);
	}
	for (size_t i = 0; !rc && i < set->queue_count; i++)
		rc = schema_check_reach(set->queue[i], err);
	if (rc < 0)
		drop_queue(set);
	else
		*out = schema;
	set->queue_count = 0;
	return rc;
}

int schema_compile(struct schema_set *set, const struct schema **out, struct buf *text,
	const char *name, const char *uri, struct error *err)
{
	int rc = schema_set_add(set, text, name, uri, err);
	if (rc < 0)
		return rc;
	return compile_resource(set, out, set->added, set->added->root, err);
}

int schema_compile_uri(
	struct schema_set *set, const struct schema **out, const char *uri, struct error *err)
{
	static const struct resource none = { .uri = "" };
	struct resource *to;
	const struct json_value *value;
	int rc = set_resolve(set, &none, uri, strlen(uri), &to, &value, err);
	return rc < 0 ? rc : compile_resource(set, out, to, value, err);
}
