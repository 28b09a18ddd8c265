/* The change of one file from the old tip to the new one; used by change.c, claims.c and
 * archive.c. */
#ifndef GUARD_CHANGE_H
#define GUARD_CHANGE_H

#include "guard/internal.h"
#include "guard/pairs.h"
#include "schema/location.h"

/* The elements of a list that were found in another file. */
struct marks {
	const struct json_value *list;
	bool *is_marked; /* indexed by the element's distance from `list`; released with free() */
};

struct step {
	struct judging *judging;
	const struct rule *rule;
	const char *path;
	const struct json_doc *old_doc, *new_doc; /* NULL: there was, or is, no document */
	struct buf where;               /* the pointer to the current value, elements by key */
	const struct json_value *place; /* the innermost value on that path in the new document */
	struct marks moved;             /* elements that this push moves into this archive */
	int rc;                         /* negative: the guard itself has failed */
};

/* Adds a violation at the current value. */
void step_violate(struct step *step, enum violation_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Descends to the part `name` of the current value, and returns to it. `now` may be NULL. */
struct step_mark {
	size_t len;
	const struct json_value *place;
};
struct step_mark step_down(struct step *step, const char *name, const struct json_value *now);
void step_up(struct step *step, struct step_mark mark);

/*
 * Archives (x-archive; archive.c): files that the elements of a list are moved to, and are never
 * removed from.
 */

/* Is the file an archive, a JSON file whose path begins with `archive`? */
bool step_is_archive(const struct step *step, const struct text *archive);

bool marks_have(const struct marks *marks, const struct json_value *value);

/* Marks the elements of `list`, in the old document, that are unchanged in an archive at the new
 * tip. */
struct marks step_find_archived(struct step *step, const struct text *archive,
	const struct json_value *list, const struct pair_key *keys, size_t count);
/* Marks the elements of `list`, in the new document, that the list `name` of the file `path` at the
 * old tip has unchanged. */
struct marks step_find_moved(
	struct step *step, const char *path, const char *name, const struct json_value *list);

/* Checks that a list only grew (x-append-only; appended.c). */
void change_check_appended(
	struct step *step, const struct json_value *old, const struct json_value *now);

/* Checks the rules for locks, jobs, messages and heartbeats that a schema cannot express
 * (claims.c). */
void change_check_claims(struct step *step);

#endif
