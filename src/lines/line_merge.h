/* The line merge: the result of git if it is correct as JSON too. */
#ifndef LINES_LINE_MERGE_H
#define LINES_LINE_MERGE_H

#include "lines/sides.h"

/*
 * Merges the three texts of `request` by lines, as git does, and appends the result to `out` if
 * there are no conflicts and it is JSON. `choices` are the two texts of a merge that has conflicts,
 * or NULL: outside of the conflicts, where these have the same values, the result must have these
 * values as well. 0: merged; 1: not (also if git cannot be run), with `out` unchanged.
 */
int line_merge(
	const struct merge_request *request, const struct merge_text choices[2], struct buf *out);

#endif
