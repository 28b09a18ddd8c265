/*
 * Source trees for jobs: one worker mirror of the source repository, <state dir>/source.git, and a
 * separate worktree (git-worktree(1)) for each job, so that each job starts from a clean tree.
 *
 * The mirror is a cache, used under a lock (<state dir>/source). If git cannot use it (because of a
 * stale lock file or a damaged object), it is removed and fetched again. If the source fails and
 * the mirror is intact, the mirror is kept.
 *
 * The tree is <state dir>/checkouts/<job>/source. Files that a build writes next to it, as
 * dpkg-buildpackage(1) does, are removed together with it.
 */
#ifndef WORKER_CHECKOUT_H
#define WORKER_CHECKOUT_H

#include "base/env.h"
#include "git/repo.h"

struct checkout_plan {
	const char *source; /* a URL or a path, as for git fetch */
	const char *branch; /* the branch of the job; NULL: none */
	const char *commit; /* an object name, which may be abbreviated, or a tag; NULL, empty or
			     * "HEAD": the tip of the branch */
	const char *job;
	int64_t timeout_ms; /* for each git command; 0: no limit */
	/* "NAME=value" for the environment of each git command, by which supervise_end_leftovers()
	 * finds the processes of a killed worker; NULL: nothing. */
	const char *cookie;
	const struct env *env;
	/* Called with a description of each step. */
	void (*tell)(const char *what, void *data);
	void *data;
};

struct checkout {
	struct buf directory; /* the tree */
	struct oid commit;
	bool strays;    /* the commit is not, or no longer, on the branch */
	struct buf why; /* which branch or commit does not exist */
};
#define CHECKOUT_INIT                                                                              \
	{                                                                                          \
		.directory = BUF_INIT, .commit = { "" }, .why = BUF_INIT                           \
	}
void checkout_release(struct checkout *checkout);

/*
 * Updates the mirror and checks out a tree with its submodules. Returns 1 if the job is wrong: the
 * branch or commit does not exist, or its name is not valid; out->why has the reason. Negative if
 * the job may be right: the source cannot be reached, the disk is full, git was killed
 * (ERR_FAILED, ERR_TIMEOUT, ERR_BUSY, with git's message). Release `out` with checkout_release().
 */
int checkout_make(struct checkout *out, struct repo *repo, const struct checkout_plan *plan,
	struct error *err);

/* The time limit for each git command, from the limit of a job (build.jobTimeout). It is at least
 * an hour, because fetching the source may take longer than a short job. Milliseconds; 0: no limit.
 */
int64_t checkout_timeout(int64_t job_timeout_ms);

/* Updates only the mirror, to find out if checkout_make() could. plan->branch, commit and job are
 * not used. */
int checkout_refresh(struct repo *repo, const struct checkout_plan *plan, struct error *err);

/* Removes the directory of `job`, if it exists. */
int checkout_remove(struct repo *repo, const char *job, struct error *err);
/* Removes the directories of all jobs, which a killed worker has left. */
int checkout_remove_all(struct repo *repo, struct error *err);

#endif
