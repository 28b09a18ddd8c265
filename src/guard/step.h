/* The step of one file from the old tip to the new one; shared by step.c and claims.c. */
#ifndef GUARD_STEP_H
#define GUARD_STEP_H

#include "guard/internal.h"
#include "guard/pairs.h"

struct step {
	struct judging *judging;
	const struct rule *rule;
	const char *path;
	const struct json_doc *old_doc, *new_doc; /* NULL: there was, there is none */
	struct buf where;               /* the pointer to what is looked at, elements by key */
	const struct json_value *place; /* the innermost value on the way that still is there */
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

/* What the guard knows of locks, jobs, messages and beats beyond their schemas (claims.c). */
void step_judge_claims(struct step *step);

#endif
