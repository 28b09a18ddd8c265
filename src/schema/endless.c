/* Finds endless schemas: "$ref" and "allOf" apply to the same value, so a cycle of them is endless
 * for any document, and a long chain of them needs deep recursion wherever a schema is used. */
#include "schema/node.h"

enum { MOST_REACH = 100 };

/* The schema at which the chain is too long, or NULL. `level` is its length so far. */
static const struct schema *find_too_far(struct schema *schema, int level)
{
	const struct schema *found = NULL;
	int longest = 0;
	if (level + schema->reach > MOST_REACH)
		return schema;
	if (schema->reach)
		return NULL;
	for (size_t i = 0; i <= schema->all_of.count && !found; i++) {
		bool is_ref = i == schema->all_of.count;
		struct schema *next =
			(struct schema *)(uintptr_t)(is_ref ? schema->ref
							    : schema->all_of.items[i]);
		if (!next)
			continue;
		found = find_too_far(next, level + 1);
		longest = next->reach > longest ? next->reach : longest;
	}
	if (!found)
		schema->reach = longest + 1;
	return found;
}

int schema_check_reach(struct schema *schema, struct error *err)
{
	const struct schema *far = find_too_far(schema, 0);
	if (!far)
		return 0;
	return set_refuse(far->resource->doc, far->source, err,
		"\"$ref\" and \"allOf\" form a cycle here, or a chain of more than %d schemas",
		MOST_REACH);
}
