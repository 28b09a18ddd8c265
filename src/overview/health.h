/*
 * What is wrong in the fleet: verdicts on an overview, as data.
 *
 * health_check() is a function of what it is given and nothing else. A server is held to its own
 * promise, its interval times the beats between two pushes, so that batched beats are no alarm; and
 * it is judged as of when the remote last answered, so that an outage of the network is one alert
 * and not one for every server.
 */
#ifndef OVERVIEW_HEALTH_H
#define OVERVIEW_HEALTH_H

#include "overview/overview.h"

enum severity { HEALTH_OK, HEALTH_WARNING, HEALTH_CRITICAL };

struct health_limits {
	int64_t stuck_after;  /* build.stuckAfter: seconds that a job may run; 21,600 */
	int64_t stuck_times;  /* build.stuckTimes: and so many times its usual; 3 */
	int64_t queued_after; /* build.queuedAfter: seconds that a job may wait while no server is
				 there that could take it; 1,800 */
	int64_t failed_for; /* build.failedFor: seconds after which a failure is history; a week */
	int64_t disk_low;   /* build.diskLow: GiB that should be free; 10. 0: any will do */
	int64_t clock_skew; /* build.clockSkew: seconds that clocks may be apart; 120 */
	int64_t max_age;    /* seconds after which a beat is too old whatever was promised; 0: by
			       its promise */
};

/* The defaults, and what git config says else. ERR_INVALID names the setting. */
int health_limits_load(struct health_limits *out, struct repo *repo, struct error *err);

struct health_alert {
	enum severity severity; /* warning or critical */
	/* What it is about: "remote", "file", "silent", "late", "unhealthy", "never", "clock",
	 * "disk", "stuck", "waiting", "failed", "lock", "errors". */
	const char *kind;
	const char *server, *job, *lock; /* whom it concerns; NULL: not one such */
	const char *words;               /* a phrase for people, without times that run on */
	int64_t since;                   /* seconds since 1970; 0: it is not known */
};

struct health_server {
	const struct server *server; /* in the overview's fleet */
	const char *state;           /* "alive", "unhealthy", "late", "silent", "never" */
	bool healthy;                /* alive, and says that it is well */
};

struct health {
	enum severity severity;        /* the worst */
	struct health_server *servers; /* in the fleet's order */
	size_t servers_count;
	struct health_alert *alerts; /* the worst first */
	size_t count, capacity;
	struct arena arena;
};

/* Judges `overview`, which must outlive the verdict. To be given to health_release(). */
void health_check(
	struct health *out, const struct overview *overview, const struct health_limits *limits);
void health_release(struct health *health);

/* "ok", "warning", "critical". */
const char *severity_name(enum severity severity);

/* How many alerts are of this severity. */
size_t health_count(const struct health *health, enum severity severity);

#endif
