/* git's attributes (gitattributes(5)) as a commit has them, whatever the index and the work tree
 * say. */
#ifndef GIT_ATTRIBUTES_H
#define GIT_ATTRIBUTES_H

#include "git/repo.h"

/*
 * The value that `commit`'s .gitattributes files, and the repository's own info/attributes, give to
 * attribute `name` of `path`, replaces `out`: 1. 0 if it has none, or none that is a string.
 */
int attribute_of(struct repo *repo, const struct oid *commit, const char *path, const char *name,
	struct buf *out, struct error *err);

#endif
