/* Files of the source tree that are part of the library, by src/base/embed and the Makefile. */
#ifndef BASE_EMBEDDED_H
#define BASE_EMBEDDED_H

#include <stddef.h>
#include <string.h>

struct embedded {
	const char *name; /* "meta/draft-07", "builtin/jobs", "view/page.css" */
	const char *text; /* not terminated by a NUL */
	size_t len;
};

/* Ends with a name of NULL. */
extern const struct embedded embedded_files[];

/* The file called `name`, or NULL. */
static inline const struct embedded *embedded_find(const char *name)
{
	for (const struct embedded *file = embedded_files; file->name; file++)
		if (!strcmp(file->name, name))
			return file;
	return NULL;
}

#endif
