/*
 * Fetches from, and pushes to, another repository. It always uses the `git` program, which supports
 * credential helpers, the ssh configuration and proxies, and runs the hooks of the other repository
 * (libgit2's transports do not).
 *
 * There are no prompts: they are disabled, and ssh runs in batch mode, so that a server without its
 * key gets an error instead of waiting forever. Every call has a time limit.
 */
#ifndef REMOTE_REMOTE_H
#define REMOTE_REMOTE_H

#include "git/repo.h"

struct remote_settings {
	const char *name;   /* "origin", or a URL */
	int64_t timeout_ms; /* for one call; 0: 60,000 */
};

/* Does the remote have a separate URL to push to, or several? */
bool remote_has_push_url(struct repo *repo, const char *name);

/* Stores the URL of the remote `name` in `out`. Returns false, and stores `name` itself, which may be a
 * URL, if there is no such remote. */
bool remote_url(struct repo *repo, const char *name, struct buf *out);
/* Is `name` a remote of the repository? */
bool remote_exists(struct repo *repo, const char *name);

/*
 * Fetches `refspecs` ("+refs/heads/main:refs/remotes/origin/main"; NULL-terminated, patterns
 * allowed). Returns 0; ERR_NOT_FOUND if the source of a refspec without a pattern does not exist;
 * ERR_UNREACHABLE, with git's message, if the remote did not answer; ERR_TIMEOUT; ERR_BUSY if this
 * clone has a lock file that a running process may hold (that of a killed git process is removed,
 * see locks/stale_locks.h); or another negative code.
 */
int remote_fetch(struct repo *repo, const struct remote_settings *remote,
	const char *const *refspecs, struct error *err);

/* Reads the current value of `ref` ("refs/heads/main") at the remote; OID_NONE if there is none. */
int remote_ref(struct repo *repo, const struct remote_settings *remote, const char *ref,
	struct oid *out, struct error *err);
/* Is there a branch `name` at the remote? 1, 0, or a negative code. */
int remote_has_branch(struct repo *repo, const struct remote_settings *remote, const char *name,
	struct error *err);

struct push {
	const char *ref;     /* the remote's full ref name */
	struct oid new;      /* OID_NONE deletes it */
	struct oid expected; /* its expected value there; OID_NONE: it must not exist */
	bool force;          /* allows to rewind the ref; `expected` is checked anyway */
};

/*
 * Pushes all of `pushes` or none: exactly these commits onto exactly these tips. The output of the
 * remote (the lines of its hooks, without "remote: ") is appended to `said` (may be NULL). After
 * success, the remote-tracking refs are updated if the remote has a name and a fetch refspec for
 * them. The clone's pre-push hook is not run.
 *
 * Returns one of:
 *
 *	0                the refs were updated by this push
 *	ERR_LOST_RACE    a ref did not have its expected value, or already was at `new` (git's "=":
 *	                 another writer has updated it)
 *	ERR_REFUSED      the remote rejected the push; the text has its message
 *	ERR_UNREACHABLE  nothing has arrived
 *	ERR_UNKNOWN, ERR_TIMEOUT
 *	                 the push may or may not have arrived; remote_ref() shows which
 *
 * or another negative code.
 */
int remote_push(struct repo *repo, const struct remote_settings *remote, const struct push *pushes,
	size_t count, struct buf *said, struct error *err);

/*
 * Pushes the deletion of `ref` with `count` push options, for a hook of the remote that answers them
 * (hooks/proc-receive.c). The output of the remote is appended to `said`. Returns 0 if git ran to its
 * end, however it ended: only an answer in `said` shows what happened. Returns ERR_UNREACHABLE if
 * nothing was sent; ERR_UNKNOWN or ERR_TIMEOUT if it may have been; or another negative code.
 */
int remote_request(struct repo *repo, const struct remote_settings *remote, const char *ref,
	const char *const *options, size_t count, struct buf *said, struct error *err);

#endif
