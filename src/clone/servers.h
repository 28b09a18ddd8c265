/*
 * Reading the fleet's servers (fleet/servers.h) from what this clone has fetched.
 *
 * The heartbeat on a server's own branch counts before the one on the shared branch; of two, the
 * newer.
 */
#ifndef CLONE_SERVERS_H
#define CLONE_SERVERS_H

#include "base/env.h"
#include "clone/settings.h"
#include "fleet/servers.h"

/* Reads every server; `fetch`: after fetching from the remote; if that fails, fleet->offline says
 * why and the last fetched state is used. A server with broken files is listed, with its trouble.
 */
int fleet_take(struct fleet *out, struct repo *repo, const struct settings *settings, bool fetch,
	const struct env *env, struct error *err);

#endif
