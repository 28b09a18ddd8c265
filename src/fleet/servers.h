/*
 * The servers of a fleet as their files describe them: state, machine, newest heartbeat.
 *
 * A server is anything that has a directory with a status.json or heartbeat.json on the shared
 * branch, or a heartbeat branch. clone/servers.h reads them.
 */
#ifndef FLEET_SERVERS_H
#define FLEET_SERVERS_H

#include "base/error.h"
#include "git/repo.h"

enum heartbeat_state {
	HEARTBEAT_NEVER,  /* no beat was ever seen */
	HEARTBEAT_ALIVE,  /* within its own promise: push_every * interval, and as much again */
	HEARTBEAT_LATE,   /* beyond that */
	HEARTBEAT_SILENT, /* beyond three times the promise */
};

/* What came of a server's newest build, as its status.json says. */
struct last_build {
	char *id, *status;    /* NULL where it does not say; an id that is NULL: there was none */
	int64_t completed_at; /* seconds since 1970; 0: it does not say */
	int64_t duration;     /* seconds; -1: it does not say */
};

struct server {
	/* All strings belong to the fleet; NULL if the files do not say. */
	char *id, *manager, *ip;
	char *status;         /* idle, building, testing, failed, success */
	char *job;            /* current_job's id */
	char *job_branch;     /* current_job's branch */
	int64_t status_at;    /* when it said so, seconds since 1970; 0: never */
	char *paused;         /* why its worker takes no jobs; NULL: it does, or there is none */
	int64_t paused_since; /* seconds since 1970; 0: it does not say */
	struct last_build last_build;
	/* Of its machine, as the newer of its files says: per cent, GiB; -1: not known. */
	double cpu_usage, memory_used_gb, disk_free_gb;
	int64_t last_heartbeat; /* seconds since 1970; 0: never */
	int64_t age; /* seconds from the last beat to now, by this host's clock; below 0: its clock
		      * is ahead */
	int64_t interval;   /* its promise in seconds */
	int64_t push_every; /* and in beats */
	bool healthy;
	enum heartbeat_state state;
	struct oid heartbeat_commit; /* the tip of the branch that the last beat stands on */
	char *problem;               /* what of its files cannot be read, with position */
};

struct fleet {
	struct server *servers; /* in the order of their ids */
	size_t count;
	struct oid tip;       /* of the coordination branch; OID_NONE: it was never seen */
	int64_t now;          /* when it was taken */
	int64_t fetched_at;   /* when the remote was last asked with success; 0: never */
	struct error offline; /* why the remote could not be asked just now; code 0: it was */
};
void fleet_release(struct fleet *fleet);

/* How a server stands at time `now`, by its last beat and its own promise. */
enum heartbeat_state server_state(const struct server *server, int64_t now);

const char *heartbeat_state_name(enum heartbeat_state state);

#endif
