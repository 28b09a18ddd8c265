/*
 * Making a clone a server of the fleet, and a bare repository the fleet's shared one.
 *
 * Everything here can be done again without effect: what is there is kept, what is missing is
 * added, and a second run reports no change. What was put in is known (marked lines in
 * .gitattributes, .gitignore and hooks) and can be taken out again.
 */
#ifndef SETUP_CLONE_H
#define SETUP_CLONE_H

#include "base/env.h"
#include "clone/settings.h"
#include "deliver/transaction.h"

/* One thing that was done, as a sentence without a full stop ("installed the pre-push hook"), or
 * that could not be and why. */
struct setup_step {
	char *what;
	bool changed; /* false: it was as it should be */
	bool missing; /* it could not be done: `what` says why, and what would help */
};

struct setup_report {
	struct setup_step *steps;
	size_t count, capacity;
	size_t changes; /* how many of them changed anything */
};
void setup_report_release(struct setup_report *report);

struct setup_plan {
	const char
		*hooks_dir;  /* where git-build's hooks and merge driver are installed; absolute */
	const char *server;  /* checked id */
	const char *manager; /* NULL: keep what is set */
	const char *ip;      /* NULL: keep what is set, else found */
	const char *branch;  /* setup_shared(): a new repository's first branch; NULL: main */
};

/*
 * In a clone: writes the missing files of the layout in one transaction on the coordination branch
 * (which also creates the branch in an empty shared repository), with .gitattributes and .gitignore
 * lines; sets build.* and the merge driver in the clone's config; installs the client hooks,
 * chaining those that stand; pushes a heartbeat if the shared repository has none of this server.
 * The status of a server that exists is left as it is. Without a remote everything local is done
 * and the report says what could not be.
 *
 * Each step checks whether its own effect is there, so that a run that was killed at any point is
 * completed by the next.
 */
int setup_clone(struct repo *repo, struct settings *settings, const struct setup_plan *plan,
	const struct env *env, struct setup_report *report, struct error *err);

/* Takes out of a clone, or of the shared repository, what was put in: config, hooks (restoring what
 * was chained). The shared files stay, since other servers live by them; so do the shared
 * repository's settings, which harm nobody. */
int setup_remove(struct repo *repo, struct setup_report *report, struct error *err);

/*
 * Makes `path` a bare repository, or adopts one that exists (which keeps all it has), with the
 * hooks, receive settings, gc settings for many small pushes, syncing to disk, and reflogs that a
 * fleet needs. A new one is made whole before git can see it. ERR_INVALID: it has a work tree, or
 * the directory is neither empty nor a repository. A run that was killed at any point is completed
 * by the next.
 */
int setup_shared(const char *path, const struct setup_plan *plan, struct setup_report *report,
	struct error *err);

#endif
