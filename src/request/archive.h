/*
 * The request "archive" moves old messages and finished jobs from the files that all servers read
 * to archives, one per month, with the same structure and the same schema:
 *
 *	coordination/archive/messages-2025-10.json    read messages, by timestamp
 *	coordination/archive/jobs-2025-10.json        finished jobs, by the time they finished
 *
 * If a month has more than 4 MiB, messages-2025-10_2.json and so on are added. Logs are compressed
 * to .log.gz. All of this is one commit, so that every element is always in one of the files; the
 * guard checks that, because of "x-archive" in the schemas.
 *
 * A job is kept while another job depends on it that has not finished, or that may be requeued.
 * Messages and jobs without a time, and logs without a timestamp in their name, are kept.
 *
 * docs/protocol.md has the members of the request (request/request.h).
 */
#ifndef REQUEST_ARCHIVE_H
#define REQUEST_ARCHIVE_H

#include "fleet/archive.h"
#include "request/request.h"

struct archive_plan {
	int64_t message_days, job_days, log_days; /* archive older ones; below 0: none */
	bool all_servers;                         /* logs of all servers, not only this one */
};

/* Appends the request. */
void archive_request(struct buf *out, const struct archive_plan *plan, const char *server,
	const struct env *env);

#endif
