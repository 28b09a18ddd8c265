/*
 * How two builds differ: in which files, and, for Debian packages that are at hand, in what is
 * inside of them.
 *
 * Files of one name belong together; of what is left, packages of one name and architecture do,
 * whose versions differ.
 */
#ifndef ARTIFACTS_COMPARE_H
#define ARTIFACTS_COMPARE_H

#include "base/arena.h"
#include "artifacts/manifest.h"

struct difference {
	const char *name;  /* a control field's, or a path in the package */
	const char *a, *b; /* what each has; NULL: it does not have it */
};

struct compared {
	const struct artifact *a, *b; /* borrowed from the manifests; NULL: there is none */
	bool same;                    /* in size and SHA-256 */
	/* Of packages that differ, and that dpkg-deb(1) could read: */
	bool opened;
	struct difference *fields, *files;
	size_t fields_count, files_count;
	const char *problem; /* why they could not be read, though they are at hand; or NULL */
};

struct comparison {
	struct compared *rows; /* in the order of a's names, then what only b has */
	size_t count, capacity;
	struct arena arena; /* which has all strings and lists */
};
void comparison_release(struct comparison *comparison);

/* Compares `a` and `b`, whose files are looked for in `a_directory` and `b_directory`. What is not there
 * as its manifest says is not looked into. */
void compare_builds(struct comparison *out, const struct manifest *a, const char *a_directory,
	const struct manifest *b, const char *b_directory);

#endif
