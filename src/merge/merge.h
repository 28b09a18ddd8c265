/*
 * Three-way merge of documents, as their schema defines it.
 *
 *	struct merge_request request = { .base = { base, base_len }, ..., .name = path,
 *		.schema = schema };
 *	struct merge_result result = MERGE_RESULT_INIT;
 *	rc = merge_documents(&request, &result, err);
 *	... result.text, result.report ...
 *	merge_result_release(&result);
 *
 * The order of the sides affects only the labels of conflict markers, because a rebase and a
 * cherry-pick swap them. A change of only one side is kept. If both sides have changed a value, the
 * annotations of the schema decide; then the published value, the record with the earlier time, the
 * smaller value. So a file with a schema always merges. Without a schema such a value is a
 * conflict, with git's conflict markers. docs/merging.md has the rules. Unchanged bytes are kept.
 *
 * Does not depend on a repository.
 */
#ifndef MERGE_MERGE_H
#define MERGE_MERGE_H

#include "base/buf.h"
#include "base/error.h"
#include "lines/sides.h"

struct merge_result {
	struct buf text;
	struct buf report;    /* discarded values and broken sides, one line each */
	struct buf discarded; /* the lines of the report that name discarded values */
};
#define MERGE_RESULT_INIT                                                                          \
	{                                                                                          \
		BUF_INIT, BUF_INIT, BUF_INIT                                                       \
	}
void merge_result_release(struct merge_result *result);

/*
 * Merges, and checks the result as JSON and against the schema. 0: merged; 1: there are conflicts,
 * between markers; a negative code if the merge failed (git, which merges text, cannot be run).
 */
int merge_documents(
	const struct merge_request *request, struct merge_result *result, struct error *err);

/*
 * Folds one version, `ours`, a list of records: of those with the same key (of the schema, else id, key
 * or name), the one with the latest time (x-merge-clock) is kept, or the last one. Other records keep
 * their bytes. The report names each record that is discarded. Returns 0, or ERR_INVALID if the text is
 * not such a list.
 */
int merge_fold(const struct merge_request *request, struct merge_result *result, struct error *err);

#endif
