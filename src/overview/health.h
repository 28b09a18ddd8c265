/*
 * Finds the problems in the fleet: checks an overview, and lists alerts as data.
 *
 * health_check() depends on its arguments only. The heartbeats of a server are compared with its
 * own expected interval, so that heartbeats that are pushed in batches cause no alert. They are
 * checked as of the last fetch, so that a network outage causes one alert instead of one for each
 * server.
 */
#ifndef OVERVIEW_HEALTH_H
#define OVERVIEW_HEALTH_H

#include "overview/overview.h"

enum severity { HEALTH_OK, HEALTH_WARNING, HEALTH_CRITICAL };

struct health_limits {
	int64_t stuck_after;  /* build.stuckAfter: seconds that a job may run; 21,600 */
	int64_t stuck_times;  /* build.stuckTimes: how many times its usual duration; 3 */
	int64_t queued_after; /* build.queuedAfter: seconds that a job may wait if no server can
				 claim it; 1,800 */
	int64_t failed_for;   /* build.failedFor: seconds for which a failure is reported; a week */
	int64_t disk_low;     /* build.diskLow: GiB that should be free; 10. 0: do not check */
	int64_t clock_skew;   /* build.clockSkew: seconds that clocks may differ */
	int64_t max_age;      /* seconds after which a heartbeat is too old; 0: use its expected
			       interval */
};

/* Reads the limits from git config, with the defaults above. ERR_INVALID names the setting. */
int health_limits_load(struct health_limits *out, struct repo *repo, struct error *err);

struct health_alert {
	enum severity severity; /* warning or critical */
	/* "remote", "file", "silent", "late", "unhealthy", "never", "clock", "disk", "paused",
	 * "stuck", "waiting", "failed", "lock", "errors" */
	const char *kind;
	const char *server, *job, *lock; /* the subjects of the alert; the others are NULL */
	const char *words;               /* a phrase for people, without ages that change */
	int64_t since;                   /* seconds since 1970; 0: unknown */
};

struct health_server {
	const struct server *server; /* in the overview's fleet */
	enum heartbeat_state state;
	bool healthy; /* alive, and reports itself healthy */
};

struct health {
	enum severity severity;        /* of the worst alert */
	struct health_server *servers; /* in the order of overview->fleet */
	size_t servers_count;
	struct health_alert *alerts; /* the worst first */
	size_t count, capacity;
	struct arena arena;
};

/* Checks `overview`, which must outlive `out`. Release `out` with health_release(). */
void health_check(
	struct health *out, const struct overview *overview, const struct health_limits *limits);
void health_release(struct health *health);

/* "alive", "unhealthy" (alive, but reports itself unhealthy), "late", "silent", "never". */
const char *health_state_name(const struct health_server *server);

/* "ok", "warning", "critical". */
const char *severity_name(enum severity severity);

/* The number of alerts with this severity. */
size_t health_count(const struct health *health, enum severity severity);

#endif
