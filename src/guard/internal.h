/* What the rules of the guard share; nobody else includes it. */
#ifndef GUARD_INTERNAL_H
#define GUARD_INTERNAL_H

#include "guard/guard.h"

struct judging {
	struct guard_report *report;
	struct repo *repo;
	const struct guard_settings *settings;
	const struct guard_update *update;
	struct error *err;
};

/* Adds a violation; `commit` NULL: of the ref as a whole. */
void guard_violate(struct guard_report *report, const struct oid *commit, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The rules, each in a file of its own. 0, or a negative code for a failure of the guard itself. */
int guard_judge_branch(struct judging *judging);
int guard_judge_contents(struct judging *judging);

#endif
