/*
 * Finds the last valid version of a coordination file that is not valid.
 *
 * The search goes from a commit to its parents, and ends on each path at the first commit with a
 * valid version. So it reads only the commits since then, and the tree entries of the file in them;
 * each different content is checked once. A merge of two valid versions may have broken the file:
 * both are found then. The search gives up after LAST_VALID_COMMITS commits, or with LAST_VALID_MOST
 * versions.
 */
#ifndef CLONE_LAST_VALID_H
#define CLONE_LAST_VALID_H

#include "fleet/validity.h"
#include "git/repo.h"
#include "request/documents.h"

enum { LAST_VALID_COMMITS = 100000, LAST_VALID_MOST = 32 };

/*
 * Stores in `out` the last valid versions of `path` in the history of `tip`, where the file is not
 * valid or does not exist; none if there was never one. If the search ended early, out->end has the
 * reason. Returns 0 or a negative code. Release `out` with documents_history_release().
 */
int last_valid_find(struct documents_history *out, struct repo *repo, const struct oid *tip,
	const char *path, struct error *err);

/* Creates a check of files as the repository wants it at `tip`: a built-in schema is not used if
 * schemas/ has one of the same name. Free `*out` with validity_free(). */
int last_valid_rules(
	struct validity **out, struct repo *repo, const struct oid *tip, struct error *err);

#endif
