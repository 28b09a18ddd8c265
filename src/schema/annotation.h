/*
 * The annotations of a schema: how two versions are merged, and which changes may be pushed. The
 * merge driver and the guard use them; docs/schemas.md describes each. "x-list-map-keys" and "x-time"
 * are also rules for one version, which validate.h checks.
 */
#ifndef SCHEMA_ANNOTATION_H
#define SCHEMA_ANNOTATION_H

#include "base/arena.h"
#include "schema/node.h"

enum merge_rule {
	MERGE_NONE,
	MERGE_MAX,
	MERGE_MIN,
	MERGE_OR,
	MERGE_AND,
	MERGE_SUM,
	MERGE_LATEST,
	MERGE_PUBLISHED,
	MERGE_ORDER,
};

enum list_type { LIST_DEFAULT, LIST_ATOMIC, LIST_SET, LIST_MAP };
enum map_type { MAP_DEFAULT, MAP_GRANULAR, MAP_ATOMIC };

/* A schema with more is refused when it is compiled, so that no reader of it has to leave any out. */
enum { MOST_MAP_KEYS = 8, MOST_TRANSITIONS = 64 };
#define MOST_REMOVE_AFTER INT64_C(3155760000) /* a hundred years, in seconds */

/* "x-transitions": a value and its allowed next values. */
struct transition {
	struct text from;
	const struct text *to;
	size_t count;
};

struct annotations {
	enum merge_rule merge;
	enum list_type list_type;
	enum map_type map_type;
	struct text merge_clock; /* bytes NULL: none */
	const struct transition *transitions;
	size_t transitions_count;
	bool immutable, increasing;
	bool append_only; /* on a list: its elements may not change, only be followed by others */
	const struct schema *remove_when; /* NULL: elements may be removed */
	struct text archive; /* the beginning of their archives' paths; bytes NULL: none */
	/* "x-remove-after": elements that match remove_when are tombstones, and may be removed once
	 * the time in this member is so many seconds ago; bytes NULL: there is no such rule. */
	struct text remove_after;
	int64_t remove_after_seconds;
	struct text owner; /* a JSON pointer; bytes NULL: none */
};

/* Is `value` a tombstone, an element that x-remove-after keeps for a while? */
bool annotations_is_tombstone(const struct annotations *annotations, const struct json_doc *doc,
	const struct json_value *value);
/* The time from which a tombstone may be removed, in seconds since 1970; false: never, because it
 * does not have a valid time. */
bool annotations_removal_time(const struct annotations *annotations, const struct json_doc *doc,
	const struct json_value *value, int64_t *seconds);

/* The row of "x-transitions" for the value `name`; NULL if there is none. */
const struct transition *annotations_row(
	const struct annotations *annotations, const char *name, size_t len);
/* May `to` follow the value of row `from`, directly or through other values? */
bool annotations_lead_to(const struct annotations *annotations, const struct transition *from,
	const char *to, size_t len);
/* Is `now` less than `old`, as "x-increasing" orders them? Numbers are compared by value, timestamps
 * by time; false is less than true. */
bool annotations_is_less(const struct json_doc *old_doc, const struct json_value *old,
	const struct json_doc *new_doc, const struct json_value *now);
/* Appends the names of the `count` keys of a list, for a message: "id", or "kind and id". */
void annotations_name_keys(const struct text *keys, size_t count, struct buf *out);

/* ---- for compile.c ---- */

/* Reads "x-list-map-keys" of `source`, if it has any. ERR_INVALID has the location. */
int annotations_map_keys(const struct json_doc *doc, const struct json_value *source,
	struct arena *arena, const struct text **keys, size_t *count, struct error *err);

/* Reads "x-time" of `source`, a rule for the value. ERR_INVALID has the location. */
int annotations_time(const struct json_doc *doc, const struct json_value *source, bool *is_time,
	struct error *err);

/* Reads all others into schema->annotations, which remains NULL if there are none. */
int annotations_compile(struct schema_set *set, const struct json_doc *doc,
	const struct json_value *source, struct schema *schema, struct error *err);

#endif
