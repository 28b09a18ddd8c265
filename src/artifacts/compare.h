/*
 * Compares two builds: their files and, for Debian packages that are on this host, the content of
 * the packages.
 *
 * Files with the same name form a pair, and so do packages with the same name and architecture but
 * different versions.
 */
#ifndef ARTIFACTS_COMPARE_H
#define ARTIFACTS_COMPARE_H

#include "base/arena.h"
#include "artifacts/manifest.h"

struct difference {
	const char *name;  /* the name of a control field, or a path in the package */
	const char *a, *b; /* the value in each package; NULL: none */
};

struct compared {
	const struct artifact *a, *b; /* belong to the manifests; NULL: there is none */
	bool same;                    /* in size and SHA-256 */
	/* The differences of the packages, if dpkg-deb(1) could read both: */
	bool opened;
	struct difference *fields, *files;
	size_t fields_count, files_count;
	const char *problem; /* why the packages could not be read, if both exist; or NULL */
};

struct comparison {
	struct compared *rows; /* in the order of a's names, then the files that only b has */
	size_t count, capacity;
	struct arena arena; /* has all strings and lists */
};
void comparison_release(struct comparison *comparison);

/* Compares `a` and `b`, with files in `a_directory` and `b_directory`. The content of a file that
 * does not match its manifest is not compared. Release `out` with comparison_release(). */
void compare_builds(struct comparison *out, const struct manifest *a, const char *a_directory,
	const struct manifest *b, const char *b_directory);

#endif
