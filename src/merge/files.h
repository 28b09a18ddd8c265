/* Merging three files on disk, for the merge driver and `git build merge`. */
#ifndef MERGE_FILES_H
#define MERGE_FILES_H

#include "merge/merge.h"
#include "schema/schema.h"

struct merge_files {
	const char *base, *ours, *theirs; /* paths on disk; "/dev/null": no such version */
	/* The path of the file in its repository; NULL: unknown. */
	const char *path;
	const char
		*format; /* the attribute of the path that overrides it (json/format.h), or NULL */
	/* The rest of the request; merge_files() sets its sides, its name and its format. */
	struct merge_request request;
};

/* As merge_documents(). A file with a known path that is not a document (json/format.h) and has no
 * schema is merged as text. */
int merge_files(struct merge_files *files, struct merge_result *result, struct error *err);

/* As merge_fold(), for the file `ours`. */
int merge_fold_file(struct merge_files *files, struct merge_result *result, struct error *err);

/* Finds schema `name`: a file if it has a slash or ends in .json, else a built-in schema. `*out` is
 * borrowed from `set`. */
int merge_find_schema(
	struct schema_set *set, const struct schema **out, const char *name, struct error *err);

#endif
