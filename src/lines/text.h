/*
 * git's text merge, for files that are not JSON or have broken sides, and git's conflict markers.
 *
 * The rules are those of git-merge-file(1).
 */
#ifndef LINES_TEXT_H
#define LINES_TEXT_H

#include "lines/sides.h"

/*
 * Appends the merged text of the request's three sides to `out`. 0: merged; 1: with conflict
 * markers in it; a negative code if git cannot be run.
 */
int merge_text(const struct merge_request *request, struct buf *out, struct error *err);

/* Appends the texts, with the request's markers around and between them; `base` may be NULL. */
void merge_text_conflict(const struct merge_request *request, const struct merge_text *ours,
	const struct merge_text *base, const struct merge_text *theirs, struct buf *out);

#endif
