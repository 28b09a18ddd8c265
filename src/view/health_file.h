/*
 * shared/health_dashboard.json: the health of the fleet, for programs that read only the files.
 *
 *	{ "timestamp", "server": the writer, "overall_status": "healthy", "warning" or "critical",
 *	  "servers": { ID: { "status", "healthy", "last_heartbeat", "heartbeat_age_seconds" } },
 *	  "jobs": { "queued", "running", "completed_today", "failed_today" },
 *	  "alerts": [ { "severity", "kind", "server", "job", "lock", "message", "since" } ] }
 *
 * The file is written only if its content changes, apart from ages: a fleet in which nothing
 * happens makes no commits.
 */
#ifndef VIEW_HEALTH_FILE_H
#define VIEW_HEALTH_FILE_H

#include "json/write.h"
#include "overview/health.h"
#include "deliver/write_queue.h"

/* Adds the members above, except "timestamp" and "server", to an open object. */
void health_put(
	struct json_writer *w, const struct overview *overview, const struct health *health);

/*
 * Updates the file on the shared branch, as settings->server, unless that is not needed (see
 * request/dashboard.h). `outcome->answer` is empty if the file as last fetched needs no change;
 * otherwise, its member "commit" is null if the newest file needs none. Failures are those of
 * write_queue_run().
 */
int health_file_write(struct repo *repo, const struct settings *settings,
	const struct overview *overview, const struct health *health, const struct env *env,
	struct outcome *outcome, struct error *err);

#endif
