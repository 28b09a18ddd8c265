/* The request that sets the status of this clone's server, with the current load of the host. */
#ifndef CLONE_OWN_STATUS_H
#define CLONE_OWN_STATUS_H

#include "base/env.h"
#include "clone/settings.h"

/* Appends the request "status set" (request/status.h) of settings->server, which must be set.
 * `status` must be valid (fleet/status.h). Readings that the host does not provide are omitted. */
void own_status_request(struct buf *out, struct repo *repo, const struct settings *settings,
	const char *status, const struct env *env);

#endif
