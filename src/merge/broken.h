/* Sides that are not valid JSON. */
#ifndef MERGE_BROKEN_H
#define MERGE_BROKEN_H

#include "json/document.h"
#include "merge/merge.h"

/*
 * Splits a text with the conflict markers of an earlier merge (git-merge(1), "HOW CONFLICTS ARE
 * PRESENTED"): appends to `ours` and `theirs` the text of each side, and to `base` that of the base
 * if the markers show one (`*has_base`). False if there are no markers, or they do not match.
 */
bool split_at_markers(const struct merge_text *text, struct buf *ours, struct buf *base,
	bool *has_base, struct buf *theirs);

#endif
