/*
 * What the files of this floor share; nobody else includes it.
 *
 * A merge walks three versions at once and notes, child by child, whose bytes the result has there
 * (struct node); weave.c makes text of it. The sides are called A and B, chosen by their content
 * and not by who is ours: the walk cannot but treat them alike. The result is woven into A's text.
 */
#ifndef MERGE_INTERNAL_H
#define MERGE_INTERNAL_H

#include "base/arena.h"
#include "json/document.h"
#include "merge/conflict_markers.h"
#include "merge/merge.h"
#include "schema/place.h"

enum side { BASE, A, B, SIDES };

/* One thing in all three versions; NULL where a version lacks it. */
struct triple {
	const struct json_value *at[SIDES];
};

/* ---- the result: a list of children of one container ---- */

enum node_kind {
	NODE_RUN,      /* children of one side, from `first` to `last`, as they stand there */
	NODE_MIXED,    /* A's container `first`, with `inner` as its children */
	NODE_TEXT,     /* a value that neither side has */
	NODE_CONFLICT, /* whoever is asked has `choices` of its own */
};

struct nodes {
	struct node *first, *last;
};

struct node {
	struct node *next;
	enum node_kind kind;
	enum side side;
	const struct json_value *first, *last;
	/* A's value in whose place this one stands, and keeps its name and what is around it; NULL:
	 * it is new in A. */
	const struct json_value *stead;
	struct nodes inner;
	bool on_one_line; /* NODE_MIXED whose container is empty in A: B's is on one line */
	struct merge_text text;
	struct nodes choices[SIDES];
};

/* ---- the way to a value ---- */

/* A place on the way from the root, on the stack of who walks there. */
struct spot {
	const struct spot *up; /* NULL: the root */
	const struct schema_place *place;
	struct triple at;
	/* How it is found in its container: a member's name, an element's keys (those of
	 * up->place), or neither. */
	struct merge_text name;
	size_t index;
	bool keyed;
};

struct merging {
	const struct merge_request *request;
	const struct json_doc *docs[SIDES]; /* [BASE] may be NULL */
	struct arena arena;
	size_t conflicts;
	struct buf *said;
	bool asked;                         /* for what is published */
	struct json_doc *published;         /* NULL: nothing is */
	const struct json_value *last_seen; /* the element of it that was found last; or NULL */
};

/* ---- value.c: one value that both sides have ---- */

void merge_value(struct merging *m, const struct spot *spot, struct nodes *out);

/* One child of a container; one side may lack it. `place` is its own. */
void merge_child(struct merging *m, const struct spot *spot, struct nodes *out);

/* ---- object.c, list.c, sequence.c: two containers that both have changed ---- */

void merge_object(struct merging *m, const struct spot *spot, struct nodes *out);
/* The same of a record that one side has newer: what the schema knows is that side's. */
void merge_record(struct merging *m, const struct spot *spot, enum side newer, struct nodes *out);
void merge_list(struct merging *m, const struct spot *spot, struct nodes *out);
/* Arrays whose elements cannot be told apart by keys. */
void merge_sequence(struct merging *m, const struct spot *spot, struct nodes *out);

/* ---- align.c: which children of three containers are the same ---- */

enum identity { BY_NAME, BY_KEYS, BY_CONTENT };

struct alignment {
	struct triple *rows; /* in the result's order */
	size_t count;
	/* How many children in front of the rows, and behind them, are spelled alike in all
	 * versions. */
	size_t before, behind;
};
void align(struct alignment *out, struct merging *m, const struct spot *spot, enum identity by);

/* ---- choose.c: who wins where both have changed a value ---- */

/* A side, or CHOSEN_TEXT with the value in `*text`, or CHOSEN_NONE: it is a conflict. */
enum { CHOSEN_TEXT = SIDES, CHOSEN_NONE };
int choose(struct merging *m, const struct spot *spot, struct merge_text *text);
/* Which of a record's versions is the newer. */
enum side choose_newer(const struct merging *m, const struct spot *spot);
/* Less than, equal to, greater than 0 as A's value comes before B's in any fixed order. */
int compare_raw(const struct merging *m, const struct triple *t);
/* Is A's record older (below 0) or younger than B's, by its clock? 0: nobody can tell. */
int compare_clocks(
	const struct merging *m, const struct schema_place *place, const struct triple *records);

/* ---- report.c: what a person should know ---- */

/* Says that `kept` was taken and `dropped` was not. */
void say_lost(struct merging *m, const struct spot *spot, enum side kept, enum side dropped,
	const char *why);
/* Says which of a record's versions was taken. */
void say_newer(struct merging *m, const struct spot *spot, enum side newer);
/* "name pointer: sentence" */
void say(struct merging *m, const struct spot *spot, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- small things ---- */

/* Are they spelled alike? Neither may be NULL. */
bool same_bytes(const struct merging *m, const struct triple *t, enum side x, enum side y);
/* Do they mean the same? Neither may be NULL. */
bool same_value(const struct merging *m, const struct triple *t, enum side x, enum side y);

struct node *node_add(struct merging *m, struct nodes *out, enum node_kind kind);
/* A container that is merged child by child. */
struct node *node_add_mixed(struct merging *m, const struct spot *spot, struct nodes *out);
/* The first `count` children of A's container at `spot`, or the last. */
void take_first(struct merging *m, const struct spot *spot, size_t count, struct nodes *out);
void take_last(struct merging *m, const struct spot *spot, size_t count, struct nodes *out);
/* Takes one side's value, in the place of A's if it has it. */
void take(struct merging *m, struct nodes *out, const struct triple *t, enum side side);
/* The value that others have at `spot`; NULL if there is none. */
const struct json_value *published_at(struct merging *m, const struct spot *spot);

/* ---- weave.c ---- */

/* Appends the result's text to `out`; where there are conflicts, with the choice of `side`, and
 * where that stands is added to `spans` (may be NULL). */
void weave(const struct merging *m, const struct nodes *root, enum side side, struct buf *out,
	struct spans *spans);

#endif
