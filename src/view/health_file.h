/*
 * shared/health_dashboard.json: the verdict on the fleet, for whoever reads the files only.
 *
 *	{ "timestamp", "server": who wrote it, "overall_status": "healthy", "warning" or "critical",
 *	  "servers": { ID: { "status", "healthy", "last_heartbeat", "heartbeat_age_seconds" } },
 *	  "jobs": { "queued", "running", "completed_today", "failed_today" },
 *	  "alerts": [ { "severity", "kind", "server", "job", "lock", "message", "since" } ] }
 *
 * It is written where something else is to be said than what stands there, whatever the ages: a
 * fleet in which nothing happens makes no commits.
 */
#ifndef VIEW_HEALTH_FILE_H
#define VIEW_HEALTH_FILE_H

#include "json/write.h"
#include "overview/health.h"
#include "deliver/write_queue.h"

/* Puts the members above, but for "timestamp" and "server", into an object that is open. */
void health_put(
	struct json_writer *w, const struct overview *overview, const struct health *health);

/*
 * Brings the file up to date on the shared branch, as settings->server (request/dashboard.h says
 * when that is not needed). `outcome->answer` is empty if the file as last fetched needs no change;
 * else its member "commit" is null if the newest file needs none. As write_queue_run().
 */
int health_file_write(struct repo *repo, const struct settings *settings,
	const struct overview *overview, const struct health *health, const struct env *env,
	struct outcome *outcome, struct error *err);

#endif
