/*
 * JSON Schema, drafts 2020-12, 2019-09 and 07: sets of schemas that can refer to each other.
 *
 * A set has all schemas that a reference may lead to, and their compiled forms. A schema is
 * compiled once: names become tables, patterns become PCRE2 programs, references become pointers.
 * Validation (schema/validate.h) does not use the text of the schema again, except for the location
 * of a keyword in an error. "$schema" selects the draft; without it, a schema has the draft of the
 * one that refers to it, or 2020-12. A reference may lead to the same schema, another schema of the
 * set, a metaschema of the drafts, or a file in a directory that was set for a URI prefix; nothing
 * is ever downloaded.
 *
 *	struct schema_set *set = schema_set_new();
 *	const struct schema *schema;
 *	rc = schema_compile(set, &schema, &text, "jobs.schema.json", NULL, err);
 *	...
 *	schema_set_free(set);
 *
 * Sources: https://json-schema.org/draft/2020-12/json-schema-core and -validation;
 * https://json-schema.org/draft/2019-09/json-schema-core and -validation;
 * https://json-schema.org/draft-07/json-schema-core and -validation.
 */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include "base/buf.h"
#include "base/error.h"
#include "json/document.h"

struct schema;     /* one compiled subschema; freed with its set */
struct schema_set; /* compiling: one thread at a time; validating: any threads */

struct schema_set *schema_set_new(void);
/* Frees the set with all its schemas. Does nothing if `set` is NULL. */
void schema_set_free(struct schema_set *set);

/* References that begin with `prefix` are read from files in `directory`: the rest of the URI is
 * the path there. The longest matching prefix is used. Both are copied. */
void schema_set_map(struct schema_set *set, const char *prefix, const char *directory);

/*
 * Adds a schema with the URI `uri` (NULL: only with its "$id") without compiling it. Takes
 * ownership of the content of `text`, which is like BUF_INIT afterwards, even after a failure;
 * `name` is used in errors.
 */
int schema_set_add(struct schema_set *set, struct buf *text, const char *name, const char *uri,
	struct error *err);

/*
 * Adds a schema like schema_set_add(), and compiles it; `*out` is borrowed from the set. Returns 0,
 * or ERR_INVALID if it is not valid JSON, not a schema, or refers to an unknown schema, with
 * name:line:column and a hint in the text.
 */
int schema_compile(struct schema_set *set, const struct schema **out, struct buf *text,
	const char *name, const char *uri, struct error *err);

/* Compiles the schema with the URI `uri`. Returns ERR_NOT_FOUND if there is none. */
int schema_compile_uri(
	struct schema_set *set, const struct schema **out, const char *uri, struct error *err);

#endif
