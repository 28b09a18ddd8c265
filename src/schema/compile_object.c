/* The keywords of objects, and the hash table of properties by name. */
#include "schema/compile.h"

#include "base/hash.h"

#include <string.h>

const struct property *schema_property(
	const struct object_rules *rules, const char *name, size_t len)
{
	if (!rules->table_size)
		return NULL;
	size_t slot = (size_t)hash_bytes(name, len) & (rules->table_size - 1);
	for (; rules->table[slot]; slot = (slot + 1) & (rules->table_size - 1)) {
		const struct property *property = &rules->properties[rules->table[slot] - 1];
		if (property->name.len == len && !memcmp(property->name.bytes, name, len))
			return property;
	}
	return NULL;
}

static void add_to_table(struct object_rules *rules, size_t number)
{
	const struct text *name = &rules->properties[number].name;
	size_t slot = (size_t)hash_bytes(name->bytes, name->len) & (rules->table_size - 1);
	while (rules->table[slot])
		slot = (slot + 1) & (rules->table_size - 1);
	rules->table[slot] = (uint32_t)number + 1;
}

/* "properties" and "required" in one table: a member is looked up once for both. */
static int compile_properties(struct compiling *c, struct object_rules *rules)
{
	const struct dialect *dialect = &c->resource->dialect;
	const struct json_value *properties =
		dialect->applicator ? compiling_keyword(c, "properties") : NULL;
	const struct json_value *required =
		dialect->validation ? compiling_keyword(c, "required") : NULL;
	const struct text *names = NULL;
	size_t names_count = 0;
	int rc = 0;
	if (properties && properties->type != JSON_OBJECT)
		return set_refuse(
			c->doc, properties, c->err, "\"properties\" must be an object of schemas");
	if (required)
		rc = compiling_names(c, "required", required, &names, &names_count);
	size_t most = (properties ? properties->count : 0) + names_count;
	if (rc < 0 || !most)
		return rc;
	rules->properties = arena_zero(&c->set->arena, most, sizeof(*rules->properties));
	rules->table_size = hash_size(most);
	rules->table = arena_zero(&c->set->arena, rules->table_size, sizeof(*rules->table));
	JSON_EACH (member, properties) {
		struct property *property = &rules->properties[rules->count];
		*property = (struct property){ .name = compiling_name(c, member), .required = -1 };
		rc = compiling_schema(c, "properties", member, &property->schema);
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
	const struct json_value *patterns = compiling_keyword(c, "patternProperties");
	if (!patterns)
		return 0;
	if (patterns->type != JSON_OBJECT)
		return set_refuse(c->doc, patterns, c->err,
			"\"patternProperties\" must be an object of schemas");
	rules->patterns = arena_array(&c->set->arena, patterns->count, sizeof(*rules->patterns));
	JSON_EACH (member, patterns) {
		struct pattern_property *property = &rules->patterns[rules->patterns_count];
		struct text name = compiling_name(c, member);
		property->source = arena_strndup(&c->set->arena, name.bytes, name.len);
		int rc = compiling_pattern(c, member, name, &property->pattern);
		if (!rc)
			rc = compiling_schema(c, "patternProperties", member, &property->schema);
		if (rc < 0)
			return rc;
		rules->patterns_count++;
	}
	return 0;
}

/* One of the keywords for dependencies; `names` and `schemas`: whether it may have these. */
static int compile_dependencies(
	struct compiling *c, const char *name, bool names, bool schemas, struct object_rules *rules)
{
	const struct json_value *value = compiling_keyword(c, name);
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
		*dependency =
			(struct dependency){ .name = compiling_name(c, member), .keyword = name };
		int rc = names && (member->type == JSON_ARRAY || !schemas)
			? compiling_names(c, name, member, &dependency->required,
				  &dependency->required_count)
			: compiling_schema(c, name, member, &dependency->schema);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int compile_object(struct compiling *c)
{
	struct object_rules rules = { .size = { -1, -1 } };
	const struct dialect *dialect = &c->resource->dialect;
	bool found = false;
	int rc = 0;
	if (dialect->validation)
		rc = compiling_range_keywords(
			c, "minProperties", "maxProperties", &rules.size, &found);
	if (!rc)
		rc = compile_properties(c, &rules);
	if (!rc && dialect->applicator) {
		rc = compile_pattern_properties(c, &rules);
		if (!rc)
			rc = compiling_schema_keyword(c, "additionalProperties", &rules.additional);
		if (!rc)
			rc = compiling_schema_keyword(c, "propertyNames", &rules.names);
		if (!rc && !compiling_since(c, DRAFT_2019_09))
			rc = compile_dependencies(c, "dependencies", true, true, &rules);
		if (!rc && compiling_since(c, DRAFT_2019_09))
			rc = compile_dependencies(c, "dependentSchemas", false, true, &rules);
	}
	if (!rc && dialect->validation && compiling_since(c, DRAFT_2019_09))
		rc = compile_dependencies(c, "dependentRequired", true, false, &rules);
	if (!rc && dialect->unevaluated)
		rc = compiling_schema_keyword(c, "unevaluatedProperties", &rules.unevaluated);
	found = found || rules.count || rules.patterns_count || rules.additional || rules.names ||
		rules.dependencies_count || rules.unevaluated;
	if (!rc && found) {
		c->schema->object = arena_alloc(&c->set->arena, sizeof(rules));
		*c->schema->object = rules;
	}
	return rc;
}
