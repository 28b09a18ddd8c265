/* Private to this layer: the parts of a compiled schema. */
#ifndef SCHEMA_NODE_H
#define SCHEMA_NODE_H

#include "base/arena.h"
#include "base/text.h"
#include "format/pattern.h"
#include "schema/schema.h"

#include <stdbool.h>
#include <stdint.h>

/* The oldest first. */
enum draft { DRAFT_7, DRAFT_2019_09, DRAFT_2020_12 };

/* The keywords that are used (JSON Schema Core, section 8.1: "$vocabulary"). */
struct dialect {
	enum draft draft;
	bool applicator, unevaluated, validation, format_assertion;
};

/* A named schema in a resource: "$anchor", "$dynamicAnchor", or draft-07's "$id": "#name".
 * "$recursiveAnchor" of 2019-09 is a dynamic one without a name, on the whole resource. */
struct anchor {
	struct anchor *next; /* in its resource */
	const struct resource *resource;
	const char *name;
	const struct json_value *value;
	const struct json_value *keyword; /* the member that gives it the name */
	bool dynamic;
	const struct schema *schema; /* of dynamic ones, after compiling */
};

/* A schema with its own URI: a document, or a part of one that has an "$id". */
struct resource {
	struct resource *next;
	const char *uri;        /* absolute, without a fragment */
	const char *second_uri; /* the URI it was read by, if "$id" is a different one; or NULL */
	const struct json_doc *doc;
	const struct json_value *root;
	struct dialect dialect;
	bool inherits; /* it has no "$schema": a referrer of a different dialect reads it in its own */
	struct anchor *anchors;
};

enum type_bit {
	TYPE_NULL = 1,
	TYPE_BOOLEAN = 2,
	TYPE_NUMBER = 4,
	TYPE_STRING = 8,
	TYPE_ARRAY = 16,
	TYPE_OBJECT = 32,
	TYPE_INTEGER = 64, /* a whole number; not set if TYPE_NUMBER is */
};

/* A number of the schema, as written; bytes NULL: no such keyword. */
struct limits {
	struct text multiple_of, maximum, exclusive_maximum, minimum, exclusive_minimum;
};

/* Counts; -1: no such keyword. */
struct range {
	int64_t least, most;
};

struct list {
	const struct schema **items;
	size_t count;
};

struct property {
	struct text name;
	const struct schema *schema; /* NULL: only in "required" */
	int required;                /* its number in "required", or -1 */
};

struct pattern_property {
	const char *source;
	const struct pattern *pattern;
	const struct schema *schema;
};

/* "dependentRequired", "dependentSchemas", and draft-07's "dependencies", which has both. */
struct dependency {
	struct text name;
	const char *keyword;
	const struct text *required;
	size_t required_count;
	const struct schema *schema; /* NULL: only names */
};

struct string_rules {
	struct range length;
	const struct pattern *pattern;
	const char *pattern_source;
};

struct array_rules {
	struct range size, contained;
	bool unique;
	bool contains_evaluates; /* for "unevaluatedItems": not in 2019-09 */
	struct list prefix;
	const char *prefix_keyword, *items_keyword; /* the name in this draft */
	const struct schema *items, *contains, *unevaluated;
	/* x-list-map-keys: elements with the same values of these members are the same. */
	const struct text *map_keys;
	size_t map_keys_count;
};

struct object_rules {
	struct range size;
	struct property
		*properties; /* in the schema's order, followed by those only in "required" */
	size_t count;
	uint32_t *table; /* a hash table of numbers of properties + 1; 0: empty */
	size_t table_size;
	size_t required_count;
	struct pattern_property *patterns;
	size_t patterns_count;
	struct dependency *dependencies;
	size_t dependencies_count;
	const struct schema *additional, *names, *unevaluated;
};

struct schema {
	const struct resource *resource;
	const struct json_value *source;
	bool is_boolean, boolean;
	bool asserts_format;
	bool is_time;    /* "x-time" */
	bool only_types; /* it has only the keyword "type" */
	uint8_t types;   /* enum type_bit; 0: any */
	const struct json_value *enumeration, *constant;
	struct limits *limits;
	struct string_rules *string;
	struct array_rules *array;
	struct object_rules *object;
	struct list all_of, any_of, one_of;
	const struct schema *not_, *if_, *then_, *else_;
	const struct schema *ref, *dynamic_ref;
	const char *dynamic_keyword; /* "$dynamicRef" or "$recursiveRef" */
	const char *dynamic_name;    /* the anchor, if it is resolved dynamically; or NULL */
	int reach;  /* the length of the chain of "$ref" and "allOf" from here; 0: unknown */
	int format; /* as schema_format_find(), or -1 */
	struct text format_name;
	const struct annotations *annotations; /* NULL: none */
};

/* The property with this name, or NULL. */
const struct property *schema_property(
	const struct object_rules *rules, const char *name, size_t len);

/* ---- the set, for compile.c ---- */

/* Refers to schemas that no other schema refers to: it has the default dialect. */
extern const struct resource default_referrer;

struct known {
	const struct json_value *value; /* the key */
	struct resource *resource;
	struct schema *schema; /* NULL: not compiled yet */
};

struct schema_set {
	struct arena arena;
	struct json_doc **docs;
	size_t docs_count, docs_capacity;
	struct resource *resources;
	struct resource *added; /* the last one of schema_set_add() */
	struct map {
		char *prefix, *directory;
	} * maps;
	size_t maps_count, maps_capacity;
	struct known *known; /* a hash table by address */
	size_t known_count, known_size;
	struct anchor **anchors; /* a hash table by resource and name */
	size_t anchors_count, anchors_size;
	struct pattern **patterns;
	size_t patterns_count, patterns_capacity;
	struct schema **queue; /* nodes whose keywords are still to be read */
	size_t queue_count, queue_capacity;
	int loading;           /* the number of nested metaschemas that are being read */
	bool dynamic;          /* there is a dynamically resolved reference */
	bool has_remove_after; /* a schema has "x-remove-after" */
};

/* The entry of the subschema at `value`; NULL if it was never examined. */
struct known *set_known(struct schema_set *set, const struct json_value *value);

/* Searches the subschemas of `value` for URIs and anchors, and adds an entry for each subschema, in
 * `resource` or a resource inside it. */
int set_scan(struct schema_set *set, struct resource *resource, const struct json_value *value,
	struct error *err);

/* Resolves reference `ref` from `resource` to `*value` in `*to`, which has the dialect of `resource`
 * if it has no "$schema". ERR_NOT_FOUND if there is no such schema. */
int set_resolve(struct schema_set *set, const struct resource *resource, const char *ref,
	size_t len, struct resource **to, const struct json_value **value, struct error *err);

/* The node of the subschema at `value`, in the document of `resource`; its keywords are read later.
 */
int schema_compile_inner(struct schema_set *set, const struct resource *resource,
	const struct json_value *value, const struct schema **out, struct error *err);

/* ERR_INVALID if "$ref" and "allOf" form a cycle, or too long a chain, from `schema`. */
int schema_check_reach(struct schema *schema, struct error *err);

/* ERR_INVALID if `schema` is a list that only grows (x-append-only), although its elements are removed
 * after some time (x-remove-after). */
int schema_check_removals(const struct schema *schema, struct error *err);

/* Sets "name:line:column: <sentence>" with the location of `value` in the text; returns
 * ERR_INVALID. */
int set_refuse(const struct json_doc *doc, const struct json_value *value, struct error *err,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
