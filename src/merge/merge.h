/*
 * Three-way merge of documents, as their schema says.
 *
 *	struct merge_request request = { .base = { base, base_len }, ..., .name = path,
 *		.schema = schema };
 *	struct merge_result result = MERGE_RESULT_INIT;
 *	rc = merge_documents(&request, &result, err);
 *	... result.text, result.said ...
 *	merge_result_release(&result);
 *
 * Which side is ours and which theirs makes no difference but in the labels of conflict markers: a
 * rebase and a cherry-pick swap them. What only one side has changed is that side's. Where both
 *have changed the same value, the annotations of its place decide, and behind them, in a file with
 *a schema, what other servers have seen (`published`), the earlier record, the smaller id; so a
 *file with a schema always merges. Without a schema such a value is a conflict, marked as git marks
 *it. docs/merging.md has the rules. The result keeps the bytes of what was not touched.
 *
 * Nothing here knows a repository.
 */
#ifndef MERGE_MERGE_H
#define MERGE_MERGE_H

#include "base/buf.h"
#include "base/error.h"

struct schema;

struct merge_text {
	const char *bytes; /* NULL or empty in `base`: there is none, both sides have added it */
	size_t len;
};

/*
 * Appends to `out` what other servers have of the file. 0, or negative where they have none. Asked
 * at most once in a merge, and only where the answer decides.
 */
typedef int merge_published_fn(void *data, struct buf *out);

struct merge_request { /* all borrowed */
	struct merge_text base, ours, theirs;
	const char *name;              /* what messages call the file */
	const struct schema *schema;   /* NULL: none is known */
	merge_published_fn *published; /* NULL: nobody can tell */
	void *published_data;
	const char *base_label, *ours_label, *theirs_label; /* NULL: "base", "ours", "theirs" */
	int marker_size;                                    /* 0: 7 */
};

struct merge_result {
	struct buf text;
	/* What a person should know: values that lost, sides that were broken. One line each. */
	struct buf said;
};
#define MERGE_RESULT_INIT                                                                          \
	{                                                                                          \
		BUF_INIT, BUF_INIT                                                                 \
	}
void merge_result_release(struct merge_result *result);

/*
 * Merges; the result is parsed and held against the schema once more before it counts. 0: merged;
 * 1: conflicts are left, between markers; a negative code if it could not be done (git, which
 * merges text, cannot be run).
 */
int merge_documents(
	const struct merge_request *request, struct merge_result *result, struct error *err);

#endif
