/*
 * The schemas of the fleet's own files: built in, and in force whatever a repository says.
 *
 * They are kept as readable files in builtin/ and are part of the library. All of them allow
 * members that they do not know.
 */
#ifndef SCHEMA_BUILTIN_H
#define SCHEMA_BUILTIN_H

#include "schema/schema.h"

/* The names, in the order of the alphabet; ends with NULL. */
extern const char *const builtin_names[];

/* The text of the built-in schema `name`; NULL if there is none. Borrowed, for ever. */
const char *builtin_text(const char *name, size_t *len);

/* Which built-in schema judges the file `path` of a repository ("build1/status.json", "jobs.json"
 * does not); NULL if none does. */
const char *builtin_for_path(const char *path);

/* Compiles built-in schema `name` into `set`; a name that is none is ERR_NOT_FOUND, with the
 * nearest. */
int builtin_compile(
	struct schema_set *set, const struct schema **out, const char *name, struct error *err);

#endif
