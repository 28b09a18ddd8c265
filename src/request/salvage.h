/*
 * Reads what can be read of a coordination file that is not valid.
 *
 * A byte-order mark is skipped. The two versions between conflict markers are merged (merge/merge.h).
 * Of other broken JSON, the elements of the list before the error are read: complete ones, so that
 * a missing bracket cannot put one element into another.
 */
#ifndef REQUEST_SALVAGE_H
#define REQUEST_SALVAGE_H

#include "base/buf.h"
#include "fleet/files.h"
#include "json/document.h"
#include "lines/sides.h"
#include "schema/schema.h"

struct salvage {
	const char *path;
	const struct schema *schema; /* may be NULL */
	struct merge_text text;      /* the broken file */
	struct merge_text valid;     /* its last valid version */
	struct merge_text base; /* the version from which the sides of a merge come; or empty */
	struct buf *dropped;    /* a line is added for each thing that is not read */

	struct json_doc *doc; /* what was read: an object; NULL: nothing */
	bool is_partial;      /* only the start was read */
};

/* Reads salvage->text. Release salvage->doc with json_doc_free(). */
void salvage_read(struct salvage *salvage);

#endif
