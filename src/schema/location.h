/*
 * What a schema says about one place of a document, gathered from all that applies there: the
 * schema itself, what its "$ref" leads to, and each of "allOf". What depends on the value
 * ("anyOf", "if") does not count: what holds for a place must hold for two versions alike.
 *
 *	struct schema_place root, jobs, job;
 *	schema_place_init(&root, schema);
 *	schema_place_member(&jobs, &root, "jobs", 4);
 *	schema_place_items(&job, &jobs);
 */
#ifndef SCHEMA_LOCATION_H
#define SCHEMA_LOCATION_H

#include "schema/annotation.h"

/* More than what one schema may lead to (reach.c). */
enum { PLACE_MOST_SCHEMAS = 128 };

struct schema_place {
	/* Outermost first; those beyond the limit do not count. Borrowed from the set. */
	const struct schema *schemas[PLACE_MOST_SCHEMAS];
	size_t count;
	struct annotations rules; /* of each the first that is given */
	const struct text *keys;  /* x-list-map-keys */
	size_t keys_count;
};

/* The place that `schema` describes; NULL: one of which nothing is known. */
void schema_place_init(struct schema_place *place, const struct schema *schema);

/* The place of member `name` of the object at `parent`. False if the schema does not know it:
 * neither by name nor by pattern. */
bool schema_place_member(struct schema_place *place, const struct schema_place *parent,
	const char *name, size_t len);

/* The place of the elements of the array at `parent`. */
void schema_place_items(struct schema_place *place, const struct schema_place *parent);

/* The least number that may stand at `place`; bytes NULL: there is none. */
struct text schema_place_minimum(const struct schema_place *place);

#endif
