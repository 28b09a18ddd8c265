/* Sides that are not valid JSON. */
#ifndef LINES_BROKEN_H
#define LINES_BROKEN_H

#include "lines/sides.h"

#include <stdbool.h>

/* Skips byte-order marks at the start of `text`. */
void skip_byte_order_mark(struct merge_text *text);

/*
 * Splits a text with the conflict markers of an earlier merge (git-merge(1), "HOW CONFLICTS ARE
 * PRESENTED"): appends to `ours` and `theirs` the text of each side, and to `base` that of the base
 * if the markers show one (`*has_base`). False if there are no markers, or they do not match.
 */
bool split_at_markers(const struct merge_text *text, struct buf *ours, struct buf *base,
	bool *has_base, struct buf *theirs);

/*
 * Does `text`, which is not JSON, equal `base` apart from the broken part? It does if it is the
 * same text, the base cut off after some content, or the base with one bracket, comma, colon or
 * quote added, removed or replaced. So it has no change that a merge could discard.
 */
bool equals_apart_from_break(const struct merge_text *text, const struct merge_text *base);

#endif
