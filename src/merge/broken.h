/* Sides that are no JSON, and what can be saved of them. */
#ifndef MERGE_BROKEN_H
#define MERGE_BROKEN_H

#include "json/document.h"
#include "merge/merge.h"

/*
 * Takes a text apart that an earlier merge has left conflict markers in (git-merge(1), "HOW
 * CONFLICTS ARE PRESENTED"): `ours`, `theirs`, and `base` where the markers have one, are appended
 * what each would read without the others. False if there are no markers, or they do not fit
 * together.
 */
bool take_markers_apart(const struct merge_text *text, struct buf *ours, struct buf *base,
	bool *has_base, struct buf *theirs);

#endif
