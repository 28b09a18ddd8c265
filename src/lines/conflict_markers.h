/* Conflict markers around the lines in which texts differ, if the ranges that differ are known. */
#ifndef LINES_CONFLICT_MARKERS_H
#define LINES_CONFLICT_MARKERS_H

#include "lines/sides.h"

struct span {
	size_t start, end; /* bytes [start, end) */
};

struct spans {
	struct span *items;
	size_t count, capacity;
};

/* One version of the text, and its ranges that differ: as many as the other versions have. */
struct marked {
	struct buf text;
	struct spans spans;
};

enum { MARKED_BASE, MARKED_OURS, MARKED_THEIRS, MARKED_VERSIONS };

/*
 * Appends the versions to `out` as one text, with conflict markers around the lines of their
 * ranges, and around lines next to them that differ as well, by a comma. Taking ours in every
 * conflict gives the text of ours, byte for byte (except for a line feed at the end), and the same
 * holds for theirs. The base is used only if the style shows it. Changes the spans. Returns the
 * number of conflicts: 0 if both sides have the same text.
 */
size_t mark_conflicts(const struct merge_request *request, enum merge_style style,
	struct marked versions[MARKED_VERSIONS], struct buf *out);

/* The same for whole texts. */
size_t mark_texts(const struct merge_request *request, enum merge_style style,
	const struct merge_text texts[MARKED_VERSIONS], struct buf *out);

#endif
