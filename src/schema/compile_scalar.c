/* The keywords for single values: type, enum, const, numbers, strings. */
#include "schema/compile.h"
#include "format/format.h"

#include "base/nearest.h"
#include "json/number.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	uint8_t bits;
} type_names[] = { { "null", TYPE_NULL }, { "boolean", TYPE_BOOLEAN }, { "integer", TYPE_INTEGER },
	{ "number", TYPE_NUMBER }, { "string", TYPE_STRING }, { "array", TYPE_ARRAY },
	{ "object", TYPE_OBJECT } };

/* The type with this name; 0 if there is none. */
static uint8_t type_of(const char *name)
{
	for (size_t i = 0; i < sizeof(type_names) / sizeof(*type_names); i++)
		if (!strcmp(name, type_names[i].name))
			return type_names[i].bits;
	return 0;
}

static int refuse_type(struct compiling *c, const struct json_value *value, const char *name)
{
	struct nearest nearest = NEAREST_INIT(name);
	for (size_t i = 0; i < sizeof(type_names) / sizeof(*type_names); i++)
		nearest_try(&nearest, type_names[i].name);
	return set_refuse(c->doc, value, c->err,
		"\"type\" must be null, boolean, integer, number, string, array or object%s%s%s",
		nearest.word ? "; did you mean \"" : "", nearest.word ? nearest.word : "",
		nearest.word ? "\"?" : "");
}

/* Adds the type with the name `value`; `*seen` are the types so far. */
static int add_type(struct compiling *c, const struct json_value *value, uint8_t *seen)
{
	char *name = json_strdup(c->doc, value);
	uint8_t bits = name ? type_of(name) : 0;
	int rc = bits ? 0 : refuse_type(c, value, name ? name : "");
	free(name);
	if (rc < 0)
		return rc;
	if (*seen & bits)
		return set_refuse(c->doc, value, c->err, "\"type\" names this type twice");
	*seen |= bits;
	c->schema->types = *seen;
	if (*seen & TYPE_NUMBER)
		c->schema->types &= (uint8_t)~TYPE_INTEGER;
	return 0;
}

int compile_general(struct compiling *c)
{
	const struct json_value *type = compiling_keyword(c, "type");
	uint8_t seen = 0;
	int rc = 0;
	c->schema->enumeration = compiling_keyword(c, "enum");
	c->schema->constant = compiling_keyword(c, "const");
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

int compile_limits(struct compiling *c)
{
	struct limits limits = { 0 };
	bool found = false;
	int rc = compiling_number_keyword(c, "multipleOf", &limits.multiple_of, &found);
	if (!rc && found &&
		json_number_compare(limits.multiple_of.bytes, limits.multiple_of.len, "0", 1) <= 0)
		return set_refuse(c->doc, compiling_keyword(c, "multipleOf"), c->err,
			"\"multipleOf\" must be greater than 0");
	if (!rc)
		rc = compiling_number_keyword(c, "maximum", &limits.maximum, &found);
	if (!rc)
		rc = compiling_number_keyword(
			c, "exclusiveMaximum", &limits.exclusive_maximum, &found);
	if (!rc)
		rc = compiling_number_keyword(c, "minimum", &limits.minimum, &found);
	if (!rc)
		rc = compiling_number_keyword(
			c, "exclusiveMinimum", &limits.exclusive_minimum, &found);
	if (!rc && found) {
		c->schema->limits = arena_alloc(&c->set->arena, sizeof(limits));
		*c->schema->limits = limits;
	}
	return rc;
}

int compile_string(struct compiling *c)
{
	struct string_rules rules = { .length = { -1, -1 } };
	const struct json_value *pattern = compiling_keyword(c, "pattern");
	bool found = false;
	int rc = compiling_range_keywords(c, "minLength", "maxLength", &rules.length, &found);
	if (!rc && pattern) {
		if (pattern->type != JSON_STRING)
			return set_refuse(c->doc, pattern, c->err,
				"\"pattern\" must be a regular expression, as a string");
		struct text text = compiling_text(c, pattern);
		rules.pattern_source = arena_strndup(&c->set->arena, text.bytes, text.len);
		rc = compiling_pattern(c, pattern, text, &rules.pattern);
		found = true;
	}
	if (!rc && found) {
		c->schema->string = arena_alloc(&c->set->arena, sizeof(rules));
		*c->schema->string = rules;
	}
	return rc;
}

int compile_format(struct compiling *c)
{
	const struct json_value *format = compiling_keyword(c, "format");
	if (!format)
		return 0;
	if (format->type != JSON_STRING)
		return set_refuse(c->doc, format, c->err, "\"format\" must be a string");
	c->schema->format_name = compiling_text(c, format);
	c->schema->format =
		schema_format_find(c->schema->format_name.bytes, c->schema->format_name.len);
	c->schema->asserts_format = c->resource->dialect.format_assertion;
	return 0;
}
