/* Merging three files on disk: what the merge driver and `git build merge` share. */
#ifndef MERGE_FILES_H
#define MERGE_FILES_H

#include "merge/merge.h"
#include "schema/schema.h"

struct merge_files {
	const char *base, *ours, *theirs; /* paths on disk; "/dev/null": there is none */
	/* What the file is called in its repository; NULL: nobody knows. */
	const char *path;
	/* The rest of the request; its sides and its name are filled in here. */
	struct merge_request request;
};

/* As merge_documents(). What is neither called .json nor has a schema is merged as text. */
int merge_files(struct merge_files *files, struct merge_result *result, struct error *err);

/* Finds schema `name`: a file, if it has a slash or ends in .json, else a built-in one. `*out` is
 * borrowed from `set`. */
int merge_find_schema(
	struct schema_set *set, const struct schema **out, const char *name, struct error *err);

#endif
