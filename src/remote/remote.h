/*
 * Talking to another repository: always through the `git` program, which knows credential helpers,
 * ssh's settings, proxies, and runs the hooks at the other end (libgit2's transports do not).
 *
 * Nobody is asked for a password: prompts are off and ssh runs in batch mode, so that a server
 * without its key fails with a sentence instead of waiting for ever. Every call has a time limit.
 */
#ifndef REMOTE_REMOTE_H
#define REMOTE_REMOTE_H

#include "git/repo.h"

struct remote_settings {
	const char *name;   /* "origin", or a URL */
	int64_t timeout_ms; /* for one call; 0: 60,000 */
};

/* Does the repository know remote `name`? */
bool remote_exists(struct repo *repo, const char *name);

/*
 * Fetches `refspecs` ("+refs/heads/main:refs/remotes/origin/main"; NULL-terminated, patterns
 * allowed). A refspec without a pattern whose source does not exist there is ERR_NOT_FOUND.
 * ERR_UNREACHABLE, with git's own words, if the other side did not answer; ERR_TIMEOUT. ERR_BUSY: a
 * lock file in this clone is in the way that may be held; one that a killed git has left is removed
 * (locks/stale_locks.h).
 */
int remote_fetch(struct repo *repo, const struct remote_settings *remote,
	const char *const *refspecs, struct error *err);

/* What `ref` ("refs/heads/main") is at the remote just now: OID_NONE if it is not there. */
int remote_ref(struct repo *repo, const struct remote_settings *remote, const char *ref,
	struct oid *out, struct error *err);

struct push {
	const char *ref;     /* the remote's full ref name */
	struct oid new;      /* OID_NONE deletes it */
	struct oid expected; /* what it must be there; OID_NONE: it must not exist */
	bool force;          /* may it be rewound? The lease on `expected` holds either way. */
};

/*
 * Pushes all of `pushes` or none: exactly these commits onto exactly these tips. What the other
 * side says (its hooks' lines, without "remote: ") is appended to `said` (may be NULL), line by
 * line. After success the remote-tracking refs stand where the remote's refs do, where the remote
 * has a name and a fetch refspec for them.
 *
 * The clone's pre-push hook is not run.
 *
 * 0: it is there, and it is there through us. ERR_LOST_RACE: a ref stood elsewhere, or already
 * stood at `new` (git's "=": somebody else did it). ERR_REFUSED: the other side said no; the text
 * holds its words. ERR_UNREACHABLE: nothing arrived. ERR_UNKNOWN or ERR_TIMEOUT: it may have
 * arrived or not; ask remote_ref().
 */
int remote_push(struct repo *repo, const struct remote_settings *remote, const struct push *pushes,
	size_t count, struct buf *said, struct error *err);

#endif
