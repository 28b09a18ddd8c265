/* Making the request "job reap"; the others are simple enough to be made by their callers. */
#ifndef REQUEST_JOBS_H
#define REQUEST_JOBS_H

#include "fleet/servers.h"
#include "request/request.h"

/* Appends the request of `server` to put back the jobs of servers that have been silent, according
 * to `fleet`; jobs that were tried `most_attempts` times fail instead. */
void jobs_reap_request(struct buf *out, const struct fleet *fleet, const char *server,
	int64_t most_attempts, const struct env *env);

#endif
