/*
 * Upkeep of the shared branch: what is over and old moves from the files that are read all the time
 * into archives of a month, which have the same form and the same schema:
 *
 *	coordination/archive/messages-2025-10.json    read messages, by their timestamp
 *	coordination/archive/jobs-2025-10.json        jobs that are over, by their end
 *
 * (messages-2025-10_2.json and so on where a month has more than 4 MiB), and logs become .log.gz.
 * One commit does all of it, so nothing is ever in neither place. The schemas' "x-archive" has the
 * guard see to that.
 *
 * A job stays while one that is not over, or may be queued again, depends on it. A message or a job
 * without a time stays, and so does a log whose name is no timestamp.
 *
 * The operation (request/request.h) is "archive"; docs/protocol.md has its members.
 */
#ifndef REQUEST_ARCHIVE_H
#define REQUEST_ARCHIVE_H

#include "fleet/archive.h"
#include "request/request.h"

struct archive_plan {
	int64_t message_days, job_days, log_days; /* older than that; below 0: not at all */
	bool all_servers;                         /* everybody's logs, not only our own */
	bool dry_run; /* change nothing: the answer is no, and says what would be done */
};

/* Appends the request. */
void archive_request(struct buf *out, const struct archive_plan *plan, const char *server,
	const struct env *env);

#endif
