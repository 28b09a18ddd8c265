/* The .json files of meta/ and builtin/, made part of the library by src/schema/embed. */
#ifndef SCHEMA_EMBEDDED_H
#define SCHEMA_EMBEDDED_H

#include <stddef.h>

struct embedded {
	const char *name; /* "meta/draft-07", "builtin/jobs" */
	const char *text;
	size_t len;
};

/* Ends with a name of NULL. */
extern const struct embedded embedded_files[];

#endif
