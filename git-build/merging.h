/* What `git build merge` and `git build merge-driver` share: three files in, one text out, and what
 * a person should know of it. */
#ifndef MERGING_H
#define MERGING_H

#include "merge/merge.h"
#include "schema/schema.h"

struct merging_files {
	const char *base, *ours, *theirs; /* paths on disk */
	/* What the file is called in the repository, which says whether it is JSON; NULL: it is. */
	const char *path;
	/* The rest of the request; what is not given here stays as merge/merge.h has it. */
	struct merge_request request;
};

/*
 * Reads the files, merges them, and prints what was said of it, unless `quiet`. As
 * merge_documents(). What is neither called .json nor has a schema is merged as text.
 */
int merging_run(struct merging_files *files, bool quiet, struct buf *out, struct error *err);

/*
 * Finds the schema `name`: a file, if it has a slash or ends in .json, else a built-in one. `*out`
 * is borrowed from `set`.
 */
int merging_schema(
	struct schema_set *set, const struct schema **out, const char *name, struct error *err);

#endif
