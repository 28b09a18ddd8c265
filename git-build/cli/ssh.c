/* The addresses of other servers, and the command that reaches them. */
#include "cli/ssh.h"

#include "clone/address.h"

#include <string.h>

int ssh_destination(struct invocation *inv, const char *server, struct buf *out, struct error *err)
{
	struct fleet fleet;
	int rc = fleet_take(&fleet, inv->repo, &inv->settings, false, inv->env, err);
	if (rc < 0)
		return rc;
	const struct server *found = NULL;
	for (size_t i = 0; i < fleet.count && !found; i++)
		if (!strcmp(fleet.servers[i].id, server))
			found = &fleet.servers[i];
	rc = found ? reach_find(out, inv->repo, found, err)
		   : error_set(err, ERR_NOT_FOUND, "no such server: '%s' (see 'git build status')",
			     server);
	fleet_release(&fleet);
	return rc;
}
