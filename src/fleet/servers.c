#include "fleet/servers.h"

#include "fleet/limits.h"

#include <stdlib.h>

const char *heartbeat_state_name(enum heartbeat_state state)
{
	static const char *const names[] = { [HEARTBEAT_NEVER] = "never",
		[HEARTBEAT_ALIVE] = "alive",
		[HEARTBEAT_LATE] = "late",
		[HEARTBEAT_SILENT] = "silent" };
	return names[state];
}

static void server_release(struct server *server)
{
	free(server->id);
	free(server->manager);
	free(server->ip);
	free(server->status);
	free(server->job);
	free(server->job_branch);
	free(server->paused);
	free(server->last_build.id);
	free(server->last_build.status);
	free(server->problem);
}

void fleet_release(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->count; i++)
		server_release(&fleet->servers[i]);
	free(fleet->servers);
	*fleet = (struct fleet){ 0 };
}

int64_t server_expected_interval(const struct server *server)
{
	return server->interval * server->push_every;
}

enum heartbeat_state server_state(const struct server *server, int64_t now)
{
	int64_t expected_interval = server_expected_interval(server);
	int64_t age = now - server->last_heartbeat;
	if (!server->last_heartbeat)
		return HEARTBEAT_NEVER;
	if (age <= FLEET_LATE_TIMES * expected_interval)
		return HEARTBEAT_ALIVE;
	return age <= FLEET_SILENT_TIMES * expected_interval ? HEARTBEAT_LATE : HEARTBEAT_SILENT;
}
