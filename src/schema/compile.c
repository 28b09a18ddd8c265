/* Compiles the text of a schema to nodes: references, keywords that combine schemas, and the queue
 * of schemas to compile. Groups of other keywords are in compile_*.c. */
#include "schema/annotation.h"
#include "schema/compile.h"

#include "base/alloc.h"

#include <string.h>

static int compile_logic(struct compiling *c)
{
	struct schema *s = c->schema;
	int rc = compiling_list_keyword(c, "allOf", &s->all_of);
	if (!rc)
		rc = compiling_list_keyword(c, "anyOf", &s->any_of);
	if (!rc)
		rc = compiling_list_keyword(c, "oneOf", &s->one_of);
	if (!rc)
		rc = compiling_schema_keyword(c, "not", &s->not_);
	if (!rc)
		rc = compiling_schema_keyword(c, "if", &s->if_);
	if (!rc)
		rc = compiling_schema_keyword(c, "then", &s->then_);
	if (!rc)
		rc = compiling_schema_keyword(c, "else", &s->else_);
	return rc;
}

/* ---- references ---- */

static int compile_reference(struct compiling *c, const char *name, const struct schema **out,
	const struct json_value **target)
{
	const struct json_value *ref = compiling_keyword(c, name);
	struct resource *to;
	struct error why = ERROR_INIT;
	if (!ref)
		return 0;
	if (ref->type != JSON_STRING)
		return set_refuse(
			c->doc, ref, c->err, "\"%s\" must be a URI reference, as a string", name);
	struct text text = compiling_text(c, ref);
	if (set_resolve(c->set, c->resource, text.bytes, text.len, &to, target, &why) < 0)
		return set_refuse(c->doc, ref, c->err,
			"the reference \"" TEXT_FMT "\" cannot be followed: %s", TEXT_ARG(text),
			why.text);
	if ((*target)->type != JSON_OBJECT && (*target)->type != JSON_TRUE &&
		(*target)->type != JSON_FALSE)
		return set_refuse(c->doc, ref, c->err,
			"the reference \"" TEXT_FMT "\" leads to %s, which is not a schema",
			TEXT_ARG(text), json_type_name((*target)->type));
	*out = compile_node(c->set, to, *target, c->err);
	return *out ? 0 : ERR_INVALID;
}

/* A dynamic reference is resolved dynamically only if it leads to a dynamic anchor with the name of
 * its fragment. */
static void find_dynamic_anchor(
	struct compiling *c, const struct json_value *target, const char *name, size_t len)
{
	const struct known *known = set_known(c->set, target);
	if (!known)
		return;
	for (const struct anchor *anchor = known->resource->anchors; anchor; anchor = anchor->next)
		if (anchor->dynamic && anchor->value == target && strlen(anchor->name) == len &&
			!memcmp(anchor->name, name, len)) {
			c->schema->dynamic_name = anchor->name;
			c->set->dynamic = true;
		}
}

static int compile_dynamic_reference(struct compiling *c)
{
	const struct json_value *target = NULL;
	c->schema->dynamic_keyword = "$dynamicRef";
	int rc = compile_reference(c, "$dynamicRef", &c->schema->dynamic_ref, &target);
	if (rc < 0 || !target)
		return rc;
	struct text ref = compiling_text(c, compiling_keyword(c, "$dynamicRef"));
	const char *hash = memchr(ref.bytes, '#', ref.len);
	if (hash)
		find_dynamic_anchor(c, target, hash + 1, ref.len - (size_t)(hash + 1 - ref.bytes));
	return 0;
}

/* 2019-09, 8.2.4.2: the only value is "#". */
static int compile_recursive_reference(struct compiling *c)
{
	const struct json_value *ref = compiling_keyword(c, "$recursiveRef"), *target = NULL;
	c->schema->dynamic_keyword = "$recursiveRef";
	if (ref && !json_string_is(c->doc, ref, "#"))
		return set_refuse(c->doc, ref, c->err,
			"\"$recursiveRef\" must be \"#\"; use \"$ref\" for other references");
	int rc = compile_reference(c, "$recursiveRef", &c->schema->dynamic_ref, &target);
	if (!rc && target)
		find_dynamic_anchor(c, target, "", 0);
	return rc;
}

/* ---- one schema ---- */

static bool asks_only_for_types(const struct schema *s)
{
	return s->types && !s->enumeration && !s->constant && !s->limits && !s->string &&
		!s->array && !s->object && !s->all_of.count && !s->any_of.count &&
		!s->one_of.count && !s->not_ && !s->if_ && !s->ref && !s->dynamic_ref &&
		s->format < 0 && !s->is_time;
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
	/* draft-07, 8.3: keywords next to "$ref" are ignored. */
	if (rc < 0 || (dialect->draft == DRAFT_7 && c->schema->ref))
		return rc;
	if (dialect->draft == DRAFT_2020_12)
		rc = compile_dynamic_reference(c);
	else if (dialect->draft == DRAFT_2019_09)
		rc = compile_recursive_reference(c);
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
		rc = annotations_time(c->doc, c->source, &c->schema->is_time, c->err);
	if (!rc)
		rc = annotations_compile(c->set, c->doc, c->source, c->schema, c->err);
	c->schema->only_types = asks_only_for_types(c->schema);
	return rc;
}

const struct schema *compile_node(struct schema_set *set, struct resource *resource,
	const struct json_value *value, struct error *err)
{
	/* A schema that only a reference leads to was not examined yet. */
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
			"expected a schema here: an object, true or false");
	*out = compile_node(set, (struct resource *)(uintptr_t)resource, value, err);
	return *out ? 0 : ERR_INVALID;
}

/* Dynamic anchors may be reached from any schema, so all of them are compiled. */
static int add_dynamic_anchors(struct schema_set *set, struct error *err)
{
	for (struct resource *r = set->resources; r; r = r->next)
		for (struct anchor *anchor = r->anchors; anchor; anchor = anchor->next) {
			if (!anchor->dynamic || anchor->schema)
				continue;
			anchor->schema = compile_node(set, r, anchor->value, err);
			if (!anchor->schema)
				return ERR_INVALID;
		}
	return 0;
}

/* Removes the nodes of a schema that did not compile. */
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
	const struct schema *schema = compile_node(set, resource, value, err);
	int rc = schema ? 0 : ERR_INVALID;
	for (size_t i = 0; !rc && i < set->queue_count; i++) {
		rc = compile_keywords(set, set->queue[i], err);
		if (!rc && set->dynamic && i + 1 == set->queue_count)
			rc = add_dynamic_anchors(set, err);
	}
	for (size_t i = 0; !rc && i < set->queue_count; i++)
		rc = schema_check_reach(set->queue[i], err);
	for (size_t i = 0; !rc && set->has_remove_after && i < set->queue_count; i++)
		rc = schema_check_removals(set->queue[i], err);
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
	struct resource *to;
	const struct json_value *value;
	int rc = set_resolve(set, &default_referrer, uri, strlen(uri), &to, &value, err);
	return rc < 0 ? rc : compile_resource(set, out, to, value, err);
}
