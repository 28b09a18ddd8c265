/* Used by doctor.c: finds the coordination files that are not valid, and the commits that broke
 * them. */
#ifndef SETUP_FILES_H
#define SETUP_FILES_H

#include "git/repo.h"
#include "setup/doctor.h"

/* A file that is not valid, or was deleted. */
struct broken_file {
	const char *path;
	/* The problem, the commit that caused it, and the last valid version. */
	const char *what;
	const char *fix; /* what to do */
};

/* Checks all coordination files at `tip`, and calls `each` for the broken ones. A file that cannot
 * be read is a failure. Returns 0 or a negative code. */
int files_examine(struct repo *repo, const struct oid *tip,
	void (*each)(const struct broken_file *file, void *data), void *data, struct error *err);

#endif
