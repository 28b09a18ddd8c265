/*
 * JSON Schema, draft 2020-12 and draft-07: schemas known to each other, compiled for speed.
 *
 * A set holds every schema that a reference may lead to, and what was compiled from them. A schema
 * is compiled once: names become tables, patterns become PCRE2 programs, references become pointers;
 * validating (schema/validate.h) never looks at the schema's text again, except to say where a
 * rule stands. The draft is chosen by "$schema", 2020-12 without one. References resolve inside the
 * schema, among the set's schemas, the drafts' own metaschemas, and in folders given for a URI
 * prefix; nothing is ever fetched.
 *
 *	struct schema_set *set = schema_set_new();
 *	const struct schema *schema;
 *	rc = schema_compile(set, &schema, &text, "jobs.schema.json", NULL, err);
 *	...
 *	schema_set_free(set);
 *
 * Sources: https://json-schema.org/draft/2020-12/json-schema-core and -validation;
 * https://json-schema.org/draft-07/json-schema-core and -validation.
 */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include "base/buf.h"
#include "base/error.h"
#include "json/document.h"

struct schema;     /* one subschema, compiled; lives as long as its set */
struct schema_set; /* used by one thread at a time while compiling; validating needs no lock */

struct schema_set *schema_set_new(void);
/* Frees the set with all schemas in it. NULL is fine. */
void schema_set_free(struct schema_set *set);

/* References that start with `prefix` are read from files below `folder`: what follows the prefix
 * is the file's name there. The longest prefix that fits wins. Both are copied. */
void schema_set_map(struct schema_set *set, const char *prefix, const char *directory);

/*
 * Makes a schema known under `uri` (NULL: under its "$id" alone) without compiling it. `text` is
 * taken over and fresh afterwards, also on failure; `name` is what errors call it.
 */
int schema_set_add(struct schema_set *set, struct buf *text, const char *name, const char *uri,
	struct error *err);

/*
 * Compiles a schema, as schema_set_add() and then for use; `*out` is borrowed from the set.
 * ERR_INVALID if it is no JSON, no schema, or refers to what is not known, with name:line:column
 * and what would be right.
 */
int schema_compile(struct schema_set *set, const struct schema **out, struct buf *text,
	const char *name, const char *uri, struct error *err);

/* Compiles what `uri` leads to, which must be known. ERR_NOT_FOUND if it is not. */
int schema_compile_uri(
	struct schema_set *set, const struct schema **out, const char *uri, struct error *err);

#endif
