/*
 * Services of a clone: units for systemd(1), and lines for cron(8), that keep its heart beating,
 * its worker at work and its files short.
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
	bool user; /* for the user's own manager, which cannot shut a service in as well */
	const struct settings *settings; /* settings->server is set */
	struct repo *repo;               /* has a work tree */
	const char *program;             /* the absolute path of git-build */
};

struct unit {
	struct buf name; /* "git-build-worker-build1.service" */
	struct buf text;
};

enum { SERVICE_UNITS = 2 };
struct service {
	struct unit units[SERVICE_UNITS]; /* the last is the one to enable */
	size_t count;
	struct buf cron; /* a line that does the same */
};
void service_release(struct service *service);

/* Is `name` one of the kinds? ERR_INVALID lists them. */
int service_kind_find(const char *name, enum service_kind *out, struct error *err);

/* Makes the units. ERR_INVALID: a path that no unit can hold (a line feed), or a clone without a
 * work tree. `*out` is to be given to service_release(). */
int service_make(struct service *out, const struct service_plan *plan, struct error *err);

/* Is any of the units in `folder`? */
bool service_is_written(const struct service *service, const char *directory);
/* ERR_INVALID if a unit of that name in `folder` belongs to another clone. */
int service_check_owner(const struct service *service, const struct service_plan *plan,
	const char *directory, struct error *err);

/* Writes them into `folder`, or removes them from there. A unit of that name which belongs to
 * another clone is ERR_INVALID, and stays. */
int service_write(const struct service *service, const struct service_plan *plan,
	const char *directory, struct error *err);
int service_remove(const struct service *service, const struct service_plan *plan,
	const char *directory, struct error *err);

#endif
