/*
 * The schemas and annotations for one location in a document: the schema itself, the target of its
 * "$ref", and each schema of "allOf". Schemas that depend on the value ("anyOf", "if") are not
 * included, because the result must be the same for two versions of the document.
 *
 *	struct schema_place root, jobs, job;
 *	schema_place_init(&root, schema);
 *	schema_place_member(&jobs, &root, "jobs", 4);
 *	schema_place_items(&job, &jobs);
 */
#ifndef SCHEMA_LOCATION_H
#define SCHEMA_LOCATION_H

#include "schema/annotation.h"

/* More than one schema may lead to (endless.c). */
enum { PLACE_MOST_SCHEMAS = 128 };

struct schema_place {
	/* The outermost first; those beyond the limit are ignored. Borrowed from the set. */
	const struct schema *schemas[PLACE_MOST_SCHEMAS];
	size_t count;
	struct annotations rules; /* of each annotation, the first one */
	const struct text *keys;  /* x-list-map-keys */
	size_t keys_count;
};

/* The location that `schema` describes; if NULL, one without schemas. */
void schema_place_init(struct schema_place *place, const struct schema *schema);

/* The location of member `name` of the object at `parent`. False if the schema has no property for
 * it, neither by name nor by pattern. */
bool schema_place_member(struct schema_place *place, const struct schema_place *parent,
	const char *name, size_t len);

/* The location of the elements of the array at `parent`. */
void schema_place_items(struct schema_place *place, const struct schema_place *parent);

/*
 * Appends the pointer from the root of `doc` to `value` for people: like json_pointer_of(), but with
 * the keys of an element ("/id=a/status") if its list has x-list-map-keys and it has all of them.
 * `schema` is that of the document.
 */
void schema_pointer_of(const struct schema *schema, const struct json_doc *doc,
	const struct json_value *value, struct buf *out);

/*
 * Is a list valid by `schema` exactly if each of its elements is valid by itself, and no two have the
 * same x-list-map-keys? Then a list that was valid needs no other check than that of the elements that
 * are added. False if that is not certain.
 */
bool schema_checks_each_element(const struct schema *schema);

/* The minimum of the number at `place`; bytes NULL: there is none. */
struct text schema_place_minimum(const struct schema_place *place);

#endif
