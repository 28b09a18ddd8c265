/* Reading lists together with their archives (fleet/archive.h). */
#ifndef CLONE_ARCHIVE_H
#define CLONE_ARCHIVE_H

#include "clone/reading.h"
#include "fleet/archive.h"

/*
 * As reading_document() for one of the two lists, with the archives' elements before its own: a
 * document of its own that holds nothing else.
 */
int archive_read(const struct reading *reading, const char *path, const char *name,
	struct json_doc **doc, const struct json_value **list, struct error *err);

/* How much `git build archive` would find to do at reading->tip, of all servers, by the usual days.
 */
struct archive_estimate {
	int64_t messages, jobs, logs; /* how many */
	int64_t bytes;                /* of the messages and jobs */
};
/* A file of messages or jobs that cannot be read counts as empty. */
int archive_estimate(
	struct archive_estimate *out, const struct reading *reading, struct error *err);

#endif
