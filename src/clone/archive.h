/* Reads lists together with their archives (fleet/archive.h). */
#ifndef CLONE_ARCHIVE_H
#define CLONE_ARCHIVE_H

#include "clone/reading.h"
#include "fleet/archive.h"

/*
 * Does the same as reading_document() for one of the two lists, with the elements of its archives
 * first. `*doc` is a separate document that has only this list. Release it with json_doc_free().
 */
int archive_read(const struct reading *reading, const char *path, const char *name,
	struct json_doc **doc, const struct json_value **list, struct error *err);

/* What `git build archive` would archive at reading->tip, for all servers, by default. */
struct archive_estimate {
	int64_t messages, jobs, logs; /* the number of each */
	int64_t bytes;                /* the size of the messages and jobs */
};
/* Stores the estimate in `*out`. An invalid file of messages or jobs counts as empty. Returns 0 or
 * a negative code. */
int archive_estimate(
	struct archive_estimate *out, const struct reading *reading, struct error *err);

#endif
