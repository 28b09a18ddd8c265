/*
 * The built-in schemas of coordination files, which apply independent of the repository's schemas.
 *
 * Their source files are in builtin/, and become part of the library. All of them allow additional
 * members.
 */
#ifndef SCHEMA_BUILTIN_H
#define SCHEMA_BUILTIN_H

#include "schema/schema.h"

/* The names, in alphabetical order; ends with NULL. */
extern const char *const builtin_names[];

/* The text of the built-in schema `name`; NULL if there is none. It is never freed. */
const char *builtin_text(const char *name, size_t *len);

/* Compiles the built-in schema `name` into `set`. Returns ERR_NOT_FOUND, with a suggestion, if
 * there is none. */
int builtin_compile(
	struct schema_set *set, const struct schema **out, const char *name, struct error *err);

#endif
