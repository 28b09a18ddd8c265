/*
 * Services of a clone, as units for systemd(1) and lines for cron(8), that send its heartbeats, run
 * its worker, and archive its files.
 *
 *	heartbeat   git build heartbeat --loop
 *	worker      git build run --loop
 *	archive     git build archive, once a week (a timer)
 *
 * Formats: systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.timer(5), crontab(5).
 */
#ifndef SETUP_SERVICE_H
#define SETUP_SERVICE_H

#include "base/buf.h"
#include "base/error.h"
#include "clone/settings.h"

enum service_kind { SERVICE_HEARTBEAT, SERVICE_WORKER, SERVICE_ARCHIVE };

struct service_plan {
	enum service_kind kind;
	bool user; /* for the user's manager, which cannot restrict a service as much */
	const struct settings *settings; /* settings->server is set */
	struct repo *repo;               /* has a worktree */
	const char *program;             /* the absolute path of git-build */
};

struct unit {
	struct buf name; /* "git-build-worker-build1.service" */
	struct buf text;
};

enum { SERVICE_UNITS = 2 };
struct service {
	struct unit units[SERVICE_UNITS]; /* the last one is enabled */
	size_t count;
	struct buf cron; /* a line that does the same */
};
void service_release(struct service *service);

/* Stores the kind with that name in `*out`. ERR_INVALID, with a list of the kinds, if there is
 * none. */
int service_kind_find(const char *name, enum service_kind *out, struct error *err);

/* Creates the units in memory. ERR_INVALID: a path has a line feed, which a unit cannot contain, or
 * the repository has no worktree. Release `*out` with service_release(). */
int service_make(struct service *out, const struct service_plan *plan, struct error *err);

/* Is any of the units in `directory`? */
bool service_is_written(const struct service *service, const char *directory);
/* ERR_INVALID if a unit of that name in `directory` belongs to another clone. */
int service_check_owner(const struct service *service, const struct service_plan *plan,
	const char *directory, struct error *err);

/* Write the units into `directory`, or remove them from it. If a unit of that name belongs to
 * another clone, it is not changed, and the result is ERR_INVALID. */
int service_write(const struct service *service, const struct service_plan *plan,
	const char *directory, struct error *err);
int service_remove(const struct service *service, const struct service_plan *plan,
	const char *directory, struct error *err);

#endif
