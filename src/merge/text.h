/*
 * git's own text merge, for what has no better: files that are no JSON, and JSON of which both
 * sides are broken.
 *
 * The rules are git-merge-file(1)'s; the conflict markers are git's.
 */
#ifndef MERGE_TEXT_H
#define MERGE_TEXT_H

#include "base/buf.h"
#include "base/error.h"

/* Three versions of one file, as paths on disk, and what conflict markers call them. Borrowed. */
struct merge_files {
	const char *base, *ours, *theirs;
	const char *base_label, *ours_label, *theirs_label; /* NULL: "base", "ours", "theirs" */
	int marker_size;                                    /* 0: 7 */
};

/*
 * Appends the merged text to `out`. 0: merged; 1: with conflict markers in it; a negative code if
 * git cannot be run or a file cannot be read.
 */
int merge_text(const struct merge_files *files, struct buf *out, struct error *err);

/* Appends both sides whole, between conflict markers: for a merge that cannot be trusted. */
int merge_text_conflict(const struct merge_files *files, struct buf *out, struct error *err);

#endif
