/*
 * Sets up a clone as a server of the fleet, and a bare repository as its shared repository.
 *
 * All functions can be called again: they keep what exists and add what is missing, and a second
 * run reports no change. Installed lines and files are marked (in .gitattributes, .gitignore and
 * hooks), so that they can be removed.
 */
#ifndef SETUP_CLONE_H
#define SETUP_CLONE_H

#include "base/env.h"
#include "clone/settings.h"
#include "deliver/transaction.h"

/* A step that was done, as a phrase without a full stop ("installed the pre-push hook"), or one
 * that could not be done, with the reason. */
struct setup_step {
	char *what;
	bool changed; /* false: nothing had to be changed */
	bool missing; /* it could not be done: `what` has the reason and what to do */
};

struct setup_report {
	struct setup_step *steps;
	size_t count, capacity;
	size_t changes; /* the number of steps that changed something */
};
void setup_report_release(struct setup_report *report);

struct setup_plan {
	const char
		*hooks_dir;  /* where git-build's hooks and merge driver are installed; absolute */
	const char *server;  /* a valid server ID */
	const char *manager; /* NULL: keep the setting */
	const char *ip;      /* NULL: keep the setting; if there is none, detect the address */
	const char *branch;  /* setup_shared(): the first branch of a new repository; NULL: main */
};

/*
 * Sets up a clone: writes the missing coordination files, with the lines in .gitattributes and
 * .gitignore, in one transaction on the shared branch (which also creates the branch in an empty
 * shared repository); sets build.* and the merge driver in the clone's config; installs the client
 * hooks, which run existing hooks first; pushes a heartbeat if the shared repository has none of
 * this server. The status of an existing server is not changed. Without a remote, all local steps
 * are done, and the report lists the others as missing.
 *
 * Each step checks whether its effect already exists, so that the next run completes one that was
 * killed at any point.
 */
int setup_clone(struct repo *repo, struct settings *settings, const struct setup_plan *plan,
	const struct env *env, struct setup_report *report, struct error *err);

/* Removes the config and the hooks from a clone, or the hooks from the shared repository, and
 * restores the hooks that existed before. The coordination files are kept, because other servers
 * use them; so are the settings of the shared repository, which do no harm. */
int setup_remove(struct repo *repo, struct setup_report *report, struct error *err);

/*
 * Creates a bare repository at `path`, or adopts an existing one (and keeps its content), and adds
 * the hooks and settings that a fleet needs: receiving, garbage collection for many small pushes,
 * syncing to disk, and reflogs. git recognizes a new repository only when it is complete.
 * ERR_INVALID: it has a worktree, or the directory is neither empty nor a repository. If a run is
 * killed at any point, the next run completes it.
 */
int setup_shared(const char *path, const struct setup_plan *plan, struct setup_report *report,
	struct error *err);

#endif
