/* Private to compile*.c: the state while one schema is compiled. */
#ifndef SCHEMA_COMPILE_H
#define SCHEMA_COMPILE_H

#include "schema/node.h"

struct compiling {
	struct schema_set *set;
	struct resource *resource;
	const struct json_doc *doc;
	const struct json_value *source; /* the schema */
	struct schema *schema;
	struct error *err;
};

/*
 * The node of a subschema; NULL, with an error, if it is not a schema. Its keywords are read later,
 * from the queue: recursion would be as deep as the longest chain of references.
 */
const struct schema *compile_node(struct schema_set *set, struct resource *resource,
	const struct json_value *value, struct error *err);

/* ---- reading keywords: a missing keyword is not an error, and leaves `*out` unchanged ---- */

/* The value of keyword `name`, or NULL. */
const struct json_value *compiling_keyword(const struct compiling *c, const char *name);
/* Is the draft `draft` or a later one? */
bool compiling_since(const struct compiling *c, enum draft draft);
/* A string of the schema, or the name of a member; borrowed from its document. */
struct text compiling_text(const struct compiling *c, const struct json_value *string);
struct text compiling_name(const struct compiling *c, const struct json_value *member);

/* Compiles `value`, which belongs to keyword `name`, as a schema, or as a list of at least one. */
int compiling_schema(struct compiling *c, const char *name, const struct json_value *value,
	const struct schema **out);
int compiling_list(
	struct compiling *c, const char *name, const struct json_value *value, struct list *list);
/* The same for the value of a keyword. */
int compiling_schema_keyword(struct compiling *c, const char *name, const struct schema **out);
int compiling_list_keyword(struct compiling *c, const char *name, struct list *list);
/* A number; a pair of counts. `*found` is set to true if there is one. */
int compiling_number_keyword(struct compiling *c, const char *name, struct text *out, bool *found);
int compiling_range_keywords(
	struct compiling *c, const char *least, const char *most, struct range *range, bool *found);
/* A list of different strings, such as "required". */
int compiling_names(struct compiling *c, const char *name, const struct json_value *value,
	const struct text **out, size_t *count);
/* A regular expression, which the set frees; errors have the location of `at`. */
int compiling_pattern(struct compiling *c, const struct json_value *at, struct text text,
	const struct pattern **out);

/* ---- groups of keywords: into c->schema ---- */

int compile_general(struct compiling *c); /* type, enum, const */
int compile_limits(struct compiling *c);
int compile_string(struct compiling *c);
int compile_format(struct compiling *c);
int compile_array(struct compiling *c);
int compile_object(struct compiling *c);

#endif
