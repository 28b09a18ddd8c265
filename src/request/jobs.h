/* Creates the request "job reap". The callers create the other requests about jobs themselves. */
#ifndef REQUEST_JOBS_H
#define REQUEST_JOBS_H

#include "fleet/servers.h"
#include "request/request.h"

/* Appends the request of `server` to requeue the jobs of the silent servers of `fleet`. A job fails
 * instead after `most_attempts` attempts. */
void jobs_reap_request(struct buf *out, const struct fleet *fleet, const char *server,
	int64_t most_attempts, const struct env *env);

#endif
