/*
 * The servers of a fleet, from their files: status, measurements of the host, newest heartbeat.
 *
 * A server is anything that has a directory on the shared branch (fleet/server_directory.h), or a
 * heartbeat branch. clone/servers.h reads them.
 */
#ifndef FLEET_SERVERS_H
#define FLEET_SERVERS_H

#include "fleet/server_directory.h"

#include "base/error.h"
#include "git/repo.h"

enum heartbeat_state {
	HEARTBEAT_NEVER,  /* no heartbeat is known */
	HEARTBEAT_ALIVE,  /* within two expected intervals (push_every * interval) */
	HEARTBEAT_LATE,   /* within three expected intervals */
	HEARTBEAT_SILENT, /* older than that */
};

/* The newest build of a server, from its status.json. */
struct last_build {
	char *id, *status;    /* NULL if missing; if `id` is NULL, there was no build */
	int64_t completed_at; /* seconds since 1970; 0: unknown */
	int64_t duration;     /* seconds; -1: unknown */
};

struct server {
	/* All strings belong to the fleet; NULL if missing. */
	char *id, *manager, *ip;
	char *status;         /* idle, building, testing, failed, success */
	char *job;            /* the ID of current_job */
	char *job_branch;     /* the branch of current_job */
	int64_t status_at;    /* the time of the status, seconds since 1970; 0: never */
	char *paused;         /* why its worker is paused; NULL: it is not, or there is none */
	int64_t paused_since; /* seconds since 1970; 0: unknown */
	struct last_build last_build;
	/* Measurements of its host, from the newer of its files: per cent, GiB; -1: unknown. */
	double cpu_usage, memory_used_gb, disk_free_gb;
	int64_t last_heartbeat; /* seconds since 1970; 0: never */
	int64_t age; /* seconds since the last heartbeat, by the clock of this host; negative: the
		      * clock of the server is ahead */
	int64_t interval;   /* seconds between two heartbeats */
	int64_t push_every; /* the number of heartbeats per push */
	bool healthy;
	enum heartbeat_state state;
	struct oid heartbeat_commit; /* the tip of the branch that has the last heartbeat */
	char *problem;               /* which of its files is not valid, with the location */
	/* The newest heartbeat is not valid: when the server was last alive is not known. The others
	 * are from the last valid one, if there is one. */
	bool has_unreadable_heartbeat;
};

struct fleet {
	struct server *servers; /* ordered by ID */
	size_t count;
	struct oid tip;       /* of the shared branch; OID_NONE: it is not known */
	int64_t now;          /* when the fleet was read */
	int64_t fetched_at;   /* the last successful fetch; 0: never */
	struct error offline; /* why the remote could not be reached; code 0: it was */
};
void fleet_release(struct fleet *fleet);

/* server_directory() and server_schema_of() for the files of `commit`; OID_NONE has no files. */
int server_directory_in(
	struct repo *repo, const struct oid *commit, const char *directory, struct error *err);
int server_schema_in(const char **schema, const char *path, struct repo *repo,
	const struct oid *commit, struct error *err);
/* Reads a file of a server, as a server_read does. */
int server_read_in(struct repo *repo, const struct oid *commit, const char *path, struct buf *out,
	struct error *err);

/* The state of a server at time `now`, by its last heartbeat and its expected interval. */
enum heartbeat_state server_state(const struct server *server, int64_t now);

/* The expected interval: seconds between two pushed heartbeats of the server. */
int64_t server_expected_interval(const struct server *server);

const char *heartbeat_state_name(enum heartbeat_state state);

#endif
