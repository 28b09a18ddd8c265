/* Used by doctor.c: finds merge drivers in the attributes of a clone that are not configured, or not
 * for the files that they are set for. */
#ifndef SETUP_ATTRIBUTES_H
#define SETUP_ATTRIBUTES_H

#include "git/repo.h"
#include "setup/doctor.h"

/*
 * Checks all .gitattributes files of HEAD, and info/attributes: calls `each` for each line with a merge
 * driver that is not configured, and for each file with merge=union that has a schema by which a union
 * of lines breaks it. `fix` may be NULL. Returns 0 or a negative code.
 */
int attributes_examine(struct repo *repo,
	void (*each)(enum finding_state state, const char *what, const char *fix, void *data),
	void *data, struct error *err);

#endif
