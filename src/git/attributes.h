/* The git attributes (gitattributes(5)) of a commit, not those of the index or the worktree. */
#ifndef GIT_ATTRIBUTES_H
#define GIT_ATTRIBUTES_H

#include "git/repo.h"

/*
 * Stores the value of attribute `name` of `path` in `out`, from the .gitattributes files of
 * `commit` and info/attributes of the repository. Returns 1; 0 if the attribute has no value, or
 * one that is not a string; or a negative code.
 */
int attribute_of(struct repo *repo, const struct oid *commit, const char *path, const char *name,
	struct buf *out, struct error *err);

/* Is attribute `name` of `path` unset there, as by a line "PATTERN -NAME"? An attribute that no line
 * mentions is not. 1, 0, or a negative code. */
int attribute_is_unset(struct repo *repo, const struct oid *commit, const char *path,
	const char *name, struct error *err);

#endif
