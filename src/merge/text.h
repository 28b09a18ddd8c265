/*
 * git's own text merge, for what has no better: files that are no JSON, JSON of which both sides
 * are broken, and the conflict markers of what has truly conflicted.
 *
 * The rules are git-merge-file(1)'s; the conflict markers are git's.
 */
#ifndef MERGE_TEXT_H
#define MERGE_TEXT_H

#include "merge/merge.h"

/*
 * Appends the merged text of the request's three sides to `out`. 0: merged; 1: with conflict
 * markers in it; a negative code if git cannot be run.
 */
int merge_text(const struct merge_request *request, struct buf *out, struct error *err);

/* Appends both sides whole, between conflict markers: for a merge that cannot be trusted. */
void merge_text_conflict(const struct merge_request *request, struct buf *out);

#endif
