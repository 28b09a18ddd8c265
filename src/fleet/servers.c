#include "fleet/servers.h"

#include "fleet/limits.h"

#include <stdlib.h>

struct in_commit {
	struct repo *repo;
	const struct oid *commit;
};

static int find_entry(const struct entry *entry, void *data)
{
	(void)entry;
	(void)data;
	return 1;
}

int server_read_in(struct repo *repo, const struct oid *commit, const char *path, struct buf *out,
	struct error *err)
{
	int rc = repo_read(repo, commit, path, FLEET_DOCUMENT_LIMIT, out, NULL, err);
	if (rc == ERR_INVALID && repo_list(repo, commit, path, find_entry, NULL, NULL) > 0)
		rc = error_set(err, ERR_NOT_FOUND, "%s is a directory, not a file", path);
	return rc;
}

static int read_in_commit(void *data, const char *path, struct buf *out, struct error *err)
{
	const struct in_commit *in = data;
	return server_read_in(in->repo, in->commit, path, out, err);
}

int server_directory_in(
	struct repo *repo, const struct oid *commit, const char *directory, struct error *err)
{
	struct in_commit in = { repo, commit };
	return oid_is_none(commit) ? 0 : server_directory(directory, read_in_commit, &in, err);
}

int server_schema_in(const char **schema, const char *path, struct repo *repo,
	const struct oid *commit, struct error *err)
{
	struct in_commit in = { repo, commit };
	return server_schema_of(schema, path, read_in_commit, &in, err);
}

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
