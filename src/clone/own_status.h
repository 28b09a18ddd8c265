/* The request that sets this clone's server's status, with what the machine looks like now. */
#ifndef CLONE_OWN_STATUS_H
#define CLONE_OWN_STATUS_H

#include "base/env.h"
#include "clone/settings.h"

/* Appends the request "status set" (request/status.h) of settings->server, which must be set.
 * `status` is checked (fleet/status.h). Readings that the machine does not give are left out. */
void own_status_request(struct buf *out, struct repo *repo, const struct settings *settings,
	const char *status, const struct env *env);

#endif
