/*
 * Shared by the files of this directory only.
 *
 * A merge walks the three versions together and records, child by child, from which version the
 * result takes its bytes (struct node); weave.c writes the text. The sides are named A and B by
 * their content, not by which one is ours, so that the walk treats them alike. The result has A's
 * formatting.
 */
#ifndef MERGE_INTERNAL_H
#define MERGE_INTERNAL_H

#include "base/arena.h"
#include "json/document.h"
#include "lines/conflict_markers.h"
#include "merge/merge.h"
#include "schema/location.h"

enum side { BASE, A, B, SIDES };

/* One value in all three versions; NULL if a version does not have it. */
struct triple {
	const struct json_value *at[SIDES];
};

/* ---- the result: a list of children of one container ---- */

enum node_kind {
	NODE_RUN,      /* children of one version, from `first` to `last`, with their bytes */
	NODE_MIXED,    /* A's container `first`, with `inner` as its children */
	NODE_TEXT,     /* a new value; `first`, if set, has its name */
	NODE_CONFLICT, /* `choices` has the nodes of each side */
};

struct nodes {
	struct node *first, *last;
};

struct node {
	struct node *next;
	enum node_kind kind;
	enum side side;
	const struct json_value *first, *last;
	/* A's value that this one replaces, keeping its name and the text around it; NULL: none. */
	const struct json_value *replaces;
	struct nodes inner;
	bool on_one_line; /* NODE_MIXED with a container that is empty in A and on one line in B */
	struct merge_text text;
	struct nodes choices[SIDES];
};

/* ---- the path to a value ---- */

enum { NOWHERE = UINT32_MAX };

/* A step of the path from the root, on the stack of the walk. */
struct spot {
	const struct spot *up; /* NULL: the root */
	const struct schema_place *place;
	struct triple at;
	/* How it is found in its container: a member by its name, an element by its keys or by its
	 * index. */
	struct merge_text name;
	const struct text *keys; /* NULL: by its index */
	size_t keys_count;
	size_t index; /* in the result */
	/* In the published list, if its elements have no keys; NOWHERE: unknown. */
	uint32_t published_index;
};

struct merging {
	const struct merge_request *request;
	const struct json_doc *docs[SIDES]; /* [BASE] may be NULL */
	struct arena arena;
	size_t conflicts;
	bool duplicates;             /* objects may have a member more than once */
	bool is_ambiguous;           /* not the same members more than once in all versions */
	struct merge_result *result; /* gets the messages */
	bool published_loaded;
	struct json_doc *published; /* NULL: not loaded, or none */
	/* The published list and element found last; NULL: none. */
	const struct json_value *last_list, *last_found;
};

/* ---- value.c: one value that both sides have ---- */

void merge_value(struct merging *m, const struct spot *spot, struct nodes *out);

/* One child of a container, which one side may not have. */
void merge_child(struct merging *m, const struct spot *spot, struct nodes *out);

/* ---- object.c, list.c, sequence.c: containers that both sides have changed ---- */

void merge_object(struct merging *m, const struct spot *spot, struct nodes *out);
/* The same for a record with a time: members that the schema knows are taken from `newer`. */
void merge_record(struct merging *m, const struct spot *spot, enum side newer, struct nodes *out);
void merge_list(struct merging *m, const struct spot *spot, struct nodes *out);
/* Arrays whose elements have no keys. */
void merge_sequence(struct merging *m, const struct spot *spot, struct nodes *out);

/* ---- align.c: matching the children of three containers ---- */

enum identity { BY_NAME, BY_KEYS, BY_CONTENT };

struct item {
	const struct json_value *value;
	uint64_t hash;          /* of its identity */
	uint32_t number, times; /* its number among those of one identity; their count */
	uint32_t match[SIDES];  /* the same child in the other versions; NOWHERE: none */
	bool keyless;           /* an element of a keyed list without a key; matched by content */
	bool moved[SIDES];      /* matched out of order (pair.c) */
};

/* The children of one version's container, without those that are the same in all versions. */
struct children {
	enum side side;
	const struct json_doc *doc;
	struct item *items;
	size_t count;
	uint32_t *table; /* indexes of items + 1, by hash; 0: empty */
	size_t size;
};

struct aligning {
	struct merging *m;
	const struct spot *spot;
	enum identity by;
	const struct text *keys; /* BY_KEYS */
	size_t keys_count;
	struct children lists[SIDES];
	/* Of a list that only grows: the side that begins with the published list, whose elements come
	 * first; BASE: none. */
	enum side first;
};

struct alignment {
	struct triple *rows; /* in the result's order */
	size_t count;
	/* The number of children before and after the rows that are the same in all versions. */
	size_t before, after;
};
void align(struct alignment *out, struct merging *m, const struct spot *spot, enum identity by);

/* The steps of align(), for a caller that matches the children itself: the lists; their tables
 * (true if each child has a unique identity); the matches; the rows. */
void align_start(struct aligning *al, struct alignment *out);
bool align_identify(struct aligning *al);
void align_match(struct aligning *al);
void align_rows(struct aligning *al, struct alignment *out);
/* Have both sides changed the order, in different ways? */
bool align_orders_differ(const struct aligning *al);

/* ---- pair.c: matching elements without keys ---- */

/* Matches the elements by a unique member, else by equality and position. The name of that member;
 * NULL: none. */
const struct text *pair_elements(struct aligning *al);

/* ---- choose.c: which value is kept if both sides have changed it ---- */

/* A version, or CHOSEN_TEXT with the value in `*text`, or CHOSEN_NONE: a conflict. */
enum { CHOSEN_TEXT = SIDES, CHOSEN_NONE };
int choose(struct merging *m, const struct spot *spot, struct merge_text *text);
/* The side with the newer version of a record. */
enum side choose_newer(const struct merging *m, const struct spot *spot);
/* The order of A's and B's text: less than, equal to or greater than 0. Arbitrary, but fixed. */
int compare_raw(const struct merging *m, const struct triple *t);
/* The order of the times of A's and B's record: less than 0 if A's is earlier; 0 if unknown. */
int compare_clocks(
	const struct merging *m, const struct schema_place *place, const struct triple *records);

/* ---- report.c: messages ---- */

/* Reports that the value of `kept` was taken and the value of `discarded` was not. */
void report_discarded(struct merging *m, const struct spot *spot, enum side kept,
	enum side discarded, const char *why);
/* Reports that the value of `kept` was kept although the other side has removed it. */
void report_kept(struct merging *m, const struct spot *spot, enum side kept);
/* Reports that the tombstone of `has` was removed with that of the other side, although it differs. */
void report_removed(struct merging *m, const struct spot *spot, enum side has);
/* Reports which version of a record was taken. */
void report_newer(struct merging *m, const struct spot *spot, enum side newer);
/* Adds the line "NAME POINTER: TEXT". */
void report(struct merging *m, const struct spot *spot, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- value.c: helpers ---- */

/* Do both have the same text? Neither may be NULL. */
bool same_bytes(const struct merging *m, const struct triple *t, enum side x, enum side y);
/* Are both equal as JSON values? Neither may be NULL. */
bool same_value(const struct merging *m, const struct triple *t, enum side x, enum side y);

struct node *node_add(struct merging *m, struct nodes *out, enum node_kind kind);
/* Adds a container that is merged child by child. */
struct node *node_add_mixed(struct merging *m, const struct spot *spot, struct nodes *out);
/* Take the first, or the last, `count` children of A's container at `spot`. */
void take_first(struct merging *m, const struct spot *spot, size_t count, struct nodes *out);
void take_last(struct merging *m, const struct spot *spot, size_t count, struct nodes *out);
/* Takes the value of one version; it replaces A's value if A has one. */
void take(struct merging *m, struct nodes *out, const struct triple *t, enum side side);
/* The published value at `spot`; NULL if there is none. */
const struct json_value *published_at(struct merging *m, const struct spot *spot);

/* The side whose list at `spot` begins with the published one, if that has more than the base and the
 * other side does not; BASE: none. */
enum side published_side(struct merging *m, const struct spot *spot);

/* ---- weave.c ---- */

/* Appends the text of the result to `out`, with the choice of `side` for each conflict; adds the
 * range of each to `spans` (may be NULL). */
void weave(const struct merging *m, const struct nodes *root, enum side side, struct buf *out,
	struct spans *spans);

#endif
