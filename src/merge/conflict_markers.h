/* Conflict markers around the lines in which two texts differ that are known to differ only in some
 * places. */
#ifndef MERGE_CONFLICT_MARKERS_H
#define MERGE_CONFLICT_MARKERS_H

#include "merge/merge.h"

struct span {
	size_t start, end; /* bytes [start, end) */
};

struct spans {
	struct span *items;
	size_t count, capacity;
};

/* One side's text, and where it says its own: span by span what the other text says there. */
struct marked {
	struct buf text;
	struct spans spans;
};

/*
 * Appends both texts to `out` as one, with markers around the lines of their spans, and around
 * neighbouring ones that differ too, by a comma. Whoever takes ours everywhere has ours, byte for
 * byte (but for a line feed at the end), and theirs likewise. The spans are used up.
 */
void mark_conflicts(const struct merge_request *request, struct marked *ours, struct marked *theirs,
	struct buf *out);

#endif
