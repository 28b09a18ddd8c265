/*
 * Source trees for jobs: one mirror of the source repository in this clone, <state dir>/source.git,
 * and for each job a work tree of its own (git-worktree(1)), so that the next one starts clean.
 *
 * Below <state dir>/checkouts/<job>/ the tree is "source"; what is written beside it, as
 * dpkg-buildpackage(1) does, goes with it.
 */
#ifndef WORKER_CHECKOUT_H
#define WORKER_CHECKOUT_H

#include "store/repo.h"

struct checkout_plan {
	const char *source; /* a URL or a path, as git fetch takes it */
	const char *branch; /* as the job says; NULL: none */
	const char *commit; /* a commit's name, also abbreviated, or a tag's; NULL, empty or
			     * "HEAD": the branch's tip */
	const char *job;
	int64_t timeout_ms; /* for each git that is run; 0: no limit */
	/* Told each step in plain words. */
	void (*tell)(const char *what, void *data);
	void *data;
};

struct checkout {
	struct buf folder; /* the tree */
	struct oid commit;
	bool strays; /* the commit is not on the branch, or no longer */
};
#define CHECKOUT_INIT                                                                              \
	{                                                                                          \
		.folder = BUF_INIT, .commit = { "" }                                               \
	}
void checkout_release(struct checkout *checkout);

/*
 * Brings the mirror up to date and checks out a tree; submodules too where there are any.
 * ERR_INVALID: names that cannot be; ERR_NOT_FOUND: no such branch or commit in the source;
 * ERR_FAILED and ERR_TIMEOUT with git's own words.
 */
int checkout_make(struct checkout *out, struct repo *repo, const struct checkout_plan *plan,
	struct error *err);

/* Removes the folder of `job`, if there is one, and what git remembers of it. */
int checkout_remove(struct repo *repo, const char *job, struct error *err);
/* The same of all jobs: what a worker that was killed has left. */
int checkout_remove_all(struct repo *repo, struct error *err);

#endif
