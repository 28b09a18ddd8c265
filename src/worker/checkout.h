/*
 * Source trees for jobs: one mirror of the source repository in this clone, <state dir>/source.git,
 * and for each job a work tree of its own (git-worktree(1)), so that the next one starts clean.
 *
 * The mirror is a cache, used under a lock (<state dir>/source): if git cannot use it (a lock
 * that a killed git left, a damaged object), it is removed and fetched again. A failure of the
 * source, with an intact mirror, leaves the mirror as it is.
 *
 * Below <state dir>/checkouts/<job>/ the tree is "source"; what is written beside it, as
 * dpkg-buildpackage(1) does, goes with it.
 */
#ifndef WORKER_CHECKOUT_H
#define WORKER_CHECKOUT_H

#include "base/env.h"
#include "git/repo.h"

struct checkout_plan {
	const char *source; /* a URL or a path, as git fetch takes it */
	const char *branch; /* as the job says; NULL: none */
	const char *commit; /* a commit's name, also abbreviated, or a tag's; NULL, empty or
			     * "HEAD": the branch's tip */
	const char *job;
	int64_t timeout_ms; /* for each git that is run; 0: no limit */
	/* "NAME=value" for the environment of each git, so that supervise_end_leftovers() finds
	 * those that a killed worker left; NULL: nothing. */
	const char *cookie;
	const struct env *env;
	/* Told each step in plain words. */
	void (*tell)(const char *what, void *data);
	void *data;
};

struct checkout {
	struct buf directory; /* the tree */
	struct oid commit;
	bool strays;    /* the commit is not on the branch, or no longer */
	struct buf why; /* what the job names that does not exist */
};
#define CHECKOUT_INIT                                                                              \
	{                                                                                          \
		.directory = BUF_INIT, .commit = { "" }, .why = BUF_INIT                           \
	}
void checkout_release(struct checkout *checkout);

/*
 * Brings the mirror up to date and checks out a tree; submodules too if there are any. 1: the
 * source has no such branch or commit, or its name is not valid: the job is wrong, and out->why
 * says how. Below 0 the job may be fine: the source does not answer, the disk is full, git was
 * killed (ERR_FAILED, ERR_TIMEOUT, ERR_BUSY, with git's message).
 */
int checkout_make(struct checkout *out, struct repo *repo, const struct checkout_plan *plan,
	struct error *err);

/* The limit for each git, from that of a job (build.jobTimeout): a short job may have a source that
 * takes long to fetch, so it is an hour at least. Milliseconds; 0: no limit. */
int64_t checkout_timeout(int64_t job_timeout_ms);

/* Brings the mirror alone up to date: would checkout_make() get that far? plan->branch, commit and
 * job are not read. */
int checkout_refresh(struct repo *repo, const struct checkout_plan *plan, struct error *err);

/* Removes the folder of `job`, if there is one, and what git remembers of it. */
int checkout_remove(struct repo *repo, const char *job, struct error *err);
/* The same of all jobs: what a worker that was killed has left. */
int checkout_remove_all(struct repo *repo, struct error *err);

#endif
