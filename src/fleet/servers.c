#include "fleet/servers.h"

#include <stdlib.h>

const char *beat_state_name(enum beat_state state)
{
	static const char *const names[] = { [BEAT_NEVER] = "never",
		[BEAT_ALIVE] = "alive",
		[BEAT_LATE] = "late",
		[BEAT_SILENT] = "silent" };
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
	free(server->trouble);
}

void fleet_release(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->count; i++)
		server_release(&fleet->servers[i]);
	free(fleet->servers);
	*fleet = (struct fleet){ 0 };
}

enum beat_state server_state(const struct server *server, int64_t now)
{
	int64_t promise = server->interval * server->push_every;
	int64_t age = now - server->last_beat;
	if (!server->last_beat)
		return BEAT_NEVER;
	return age <= 2 * promise ? BEAT_ALIVE : age <= 3 * promise ? BEAT_LATE : BEAT_SILENT;
}
