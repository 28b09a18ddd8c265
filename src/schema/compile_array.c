/* The keywords of arrays. */
#include "schema/annotation.h"
#include "schema/compile.h"

/* "prefixItems" and "items" in 2020-12; "items" (schema or list) and "additionalItems" in the drafts
 * before it. */
static int compile_items(struct compiling *c, struct array_rules *rules)
{
	const struct json_value *items = compiling_keyword(c, "items");
	rules->prefix_keyword = "prefixItems";
	rules->items_keyword = "items";
	if (compiling_since(c, DRAFT_2020_12)) {
		int rc = compiling_list_keyword(c, "prefixItems", &rules->prefix);
		return rc < 0 ? rc : compiling_schema_keyword(c, "items", &rules->items);
	}
	if (!items || items->type != JSON_ARRAY)
		return compiling_schema_keyword(c, "items", &rules->items);
	rules->prefix_keyword = "items";
	rules->items_keyword = "additionalItems";
	int rc = items->count ? compiling_list(c, "items", items, &rules->prefix) : 0;
	return rc < 0 ? rc : compiling_schema_keyword(c, "additionalItems", &rules->items);
}

int compile_array(struct compiling *c)
{
	struct array_rules rules = { .size = { -1, -1 }, .contained = { -1, -1 } };
	const struct dialect *dialect = &c->resource->dialect;
	rules.contains_evaluates = compiling_since(c, DRAFT_2020_12);
	bool found = false;
	int rc = 0;
	if (dialect->validation) {
		const struct json_value *unique = compiling_keyword(c, "uniqueItems");
		rc = compiling_range_keywords(c, "minItems", "maxItems", &rules.size, &found);
		if (!rc && compiling_since(c, DRAFT_2019_09))
			rc = compiling_range_keywords(
				c, "minContains", "maxContains", &rules.contained, &found);
		if (!rc && unique && unique->type != JSON_TRUE && unique->type != JSON_FALSE)
			rc = set_refuse(
				c->doc, unique, c->err, "\"uniqueItems\" must be true or false");
		rules.unique = unique && unique->type == JSON_TRUE;
	}
	if (!rc && dialect->applicator) {
		rc = compile_items(c, &rules);
		if (!rc)
			rc = compiling_schema_keyword(c, "contains", &rules.contains);
	}
	if (!rc && dialect->unevaluated)
		rc = compiling_schema_keyword(c, "unevaluatedItems", &rules.unevaluated);
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
