/*
 * Reads the servers of the fleet (fleet/servers.h) from the branches that this clone has fetched.
 *
 * If a server has heartbeats on its heartbeat branch and on the shared branch, the newer one is
 * used; of equally old ones, that on the heartbeat branch.
 */
#ifndef CLONE_SERVERS_H
#define CLONE_SERVERS_H

#include "base/env.h"
#include "clone/settings.h"
#include "fleet/servers.h"

/* Reads every server, after fetching from the remote if `fetch`. If fetching fails, sets
 * out->offline and uses the last fetched state. A server with invalid files is listed, with the
 * problem, as of their last valid versions. Release with fleet_release(). */
int fleet_take(struct fleet *out, struct repo *repo, const struct settings *settings, bool fetch,
	const struct env *env, struct error *err);

#endif
