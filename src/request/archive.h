/*
 * Upkeep of the shared branch: what is over and old moves from the files that are read all the time
 * into archives of a month, which have the same form and the same schema:
 *
 *	coordination/archive/messages-2025-10.json    read messages, by their timestamp
 *	coordination/archive/jobs-2025-10.json        jobs that are over, by their end
 *
 * (messages-2025-10_2.json and so on where a month has more than 4 MiB), and logs become .log.gz.
 *One commit does all of it, so nothing is ever in neither place. The schemas' "x-archive" has the
 *guard see to that.
 *
 * A job stays while one that is not over, or may be queued again, depends on it. A message or a job
 * without a time stays, and so does a log whose name is no timestamp.
 *
 * The operation (request/request.h) is "archive"; docs/protocol.md has its members.
 */
#ifndef REQUEST_ARCHIVE_H
#define REQUEST_ARCHIVE_H

#include "request/request.h"
#include "clone/reading.h"

#define ARCHIVE_FOLDER "coordination/archive"

enum { ARCHIVE_MESSAGE_DAYS = 7, ARCHIVE_LOG_DAYS = 7, ARCHIVE_JOB_DAYS = 30 };

struct archive_plan {
	int64_t message_days, job_days, log_days; /* older than that; below 0: not at all */
	bool all_servers;                         /* everybody's logs, not only our own */
	bool dry_run; /* change nothing: the answer is no, and says what would be done */
};

/* Appends the request. */
void archive_request(struct buf *out, const struct archive_plan *plan,
	const struct settings *settings, const struct env *env);

/*
 * As reading_document() for one of the two lists, with the archives' elements in front: a document
 * of its own that holds nothing else.
 */
int archive_read(const struct reading *reading, const char *path, const char *name,
	struct json_doc **doc, const struct json_value **list, struct error *err);

#endif
