/* The three versions of a file that are merged, and how conflicts between them are shown. */
#ifndef LINES_SIDES_H
#define LINES_SIDES_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>

struct schema;

struct merge_text {
	const char *bytes; /* NULL or empty in `base`: both sides have added the file */
	size_t len;
};

/*
 * Appends the published version of the file to `out`. 0, or a negative code if there is none.
 * Called at most once in a merge, and only if it decides.
 */
typedef int merge_published_fn(void *data, struct buf *out);

/* How conflicts are shown (git-config(1), merge.conflictStyle). */
enum merge_style { STYLE_MERGE, STYLE_DIFF3, STYLE_ZDIFF3 };

/* The style that merge.conflictStyle names; STYLE_MERGE for any other text. */
enum merge_style merge_style_of(const char *name);

/* The style for conflicts. Called at most once in a merge, and only if there are conflicts. */
typedef enum merge_style merge_style_fn(void);

struct merge_request { /* all borrowed */
	struct merge_text base, ours, theirs;
	const char *name;              /* the name of the file in messages */
	const struct schema *schema;   /* NULL: none */
	merge_published_fn *published; /* NULL: nothing is published */
	void *published_data;
	merge_style_fn *style;                              /* NULL: STYLE_MERGE */
	const char *base_label, *ours_label, *theirs_label; /* NULL: "base", "ours", "theirs" */
	int marker_size;                                    /* 0: 7 */
	bool lines;         /* the file is JSON Lines (json/format.h) */
	bool no_line_merge; /* do not run git to merge lines: conflicts stay */
};

#endif
