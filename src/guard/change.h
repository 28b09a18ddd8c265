/* The step of one file from the old tip to the new one; shared by step.c and claims.c. */
#ifndef GUARD_CHANGE_H
#define GUARD_CHANGE_H

#include "guard/internal.h"
#include "guard/pairs.h"
#include "schema/location.h"

/* Elements of a list that were found elsewhere. */
struct marks {
	const struct json_value *list;
	bool *is_marked; /* by how far behind the list they stand; yours to free() */
};

struct step {
	struct judging *judging;
	const struct rule *rule;
	const char *path;
	const struct json_doc *old_doc, *new_doc; /* NULL: there was, there is none */
	struct buf where;               /* the pointer to what is looked at, elements by key */
	const struct json_value *place; /* the innermost value on the way that still is there */
	struct marks moved;             /* into this archive by this push */
	int rc;                         /* below 0: the guard itself has failed */
};

/* Adds a violation about what is looked at. */
void step_violate(struct step *step, enum violation_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Goes one part down, and up again. `new` may be NULL. */
struct step_mark {
	size_t len;
	const struct json_value *place;
};
struct step_mark step_down(struct step *step, const char *name, const struct json_value *now);
void step_up(struct step *step, struct step_mark mark);

/*
 * Archives (x-archive; archive.c): files into which elements of a list move, and where they stay.
 */

/* Is the file one of those whose paths begin with `archive`? */
bool step_is_archive(const struct step *step, const struct text *archive);

bool marks_have(const struct marks *marks, const struct json_value *value);

/* Marks what of `list`, in the old document, stands as it was in an archive at the new tip. */
struct marks step_find_archived(struct step *step, const struct text *archive,
	const struct json_value *list, const struct pair_key *keys, size_t count);
/* Marks what of `list`, in the new document, stood as it is in the list `name` of the file `path`
 * at the old tip. */
struct marks step_find_moved(
	struct step *step, const char *path, const char *name, const struct json_value *list);

/* What the guard knows of locks, jobs, messages and beats beyond their schemas (claims.c). */
void change_check_claims(struct step *step);

#endif
