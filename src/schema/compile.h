/* The state of compiling one schema; shared by the files that do it and by nobody else. */
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
 * The node of a subschema; NULL with an error if it cannot have one. Its keywords are not read here
 * but when the queue comes to it: read one inside the other, they would nest as deep as references
 * lead.
 */
const struct schema *compile_node(struct schema_set *set, struct resource *resource,
	const struct json_value *value, struct error *err);

/* ---- reading keywords: what is not there is no error and leaves `*out` as it is ---- */

/* The value of keyword `name`, or NULL. */
const struct json_value *compiling_keyword(const struct compiling *c, const char *name);
bool compiling_is_modern(const struct compiling *c);
/* A string of the schema, and the name of a member; borrowed from its document. */
struct text compiling_text(const struct compiling *c, const struct json_value *string);
struct text compiling_name(const struct compiling *c, const struct json_value *member);

/* `value`, which belongs to keyword `name`, as a schema; as a list of at least one. */
int compiling_schema(struct compiling *c, const char *name, const struct json_value *value,
	const struct schema **out);
int compiling_list(
	struct compiling *c, const char *name, const struct json_value *value, struct list *list);
/* The same of a keyword's own value. */
int compiling_schema_keyword(struct compiling *c, const char *name, const struct schema **out);
int compiling_list_keyword(struct compiling *c, const char *name, struct list *list);
/* A number; a pair of counts. `*found` is set where there is one. */
int compiling_number_keyword(struct compiling *c, const char *name, struct text *out, bool *found);
int compiling_range_keywords(
	struct compiling *c, const char *least, const char *most, struct range *range, bool *found);
/* A list of strings, all different: "required" and its kin. */
int compiling_names(struct compiling *c, const char *name, const struct json_value *value,
	const struct text **out, size_t *count);
/* A regular expression, which the set frees; errors point at `at`. */
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
