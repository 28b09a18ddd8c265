/*
 * Changes the documents of the shared branch: reads the tip, applies an operation, commits, pushes
 * with a lease on that tip, and starts again after a lost race. (Heartbeat branches have no documents
 * that could conflict: see heartbeat/branch.h and heartbeat/squash.h.)
 *
 * An operation is a function from documents to documents. It may run several times, each time on
 * newer documents, and must have no side effects. It takes effect when the push succeeds, and not
 * before; until then, the index and the worktree are not changed.
 *
 *	struct transaction_plan plan = {
 *		.remote = remote, .branch = "main", .env = env,
 *		.subject = "Set build1 to idle", .server = "build1",
 *		.apply = set_status, .data = &change };
 *	struct transaction_result result = TRANSACTION_RESULT_INIT;
 *	rc = transaction_run(repo, &plan, &result, err);
 *
 * The first attempt uses the branch as last fetched, which saves a round trip unless another server
 * has pushed since. A result that changes nothing is returned only after a fetch. Every commit has
 * an operation ID, a new UUID in the trailer "Operation-Id:". Therefore two servers that make the
 * same change in the same second create different commits, and a commit can be found again if the
 * connection broke during its push: an operation takes effect once or not at all, and the caller
 * learns which.
 */
#ifndef DELIVER_TRANSACTION_H
#define DELIVER_TRANSACTION_H

#include "base/env.h"
#include "deliver/applied.h"
#include "remote/remote.h"
#include "request/documents.h"

struct transaction;

struct transaction_plan {
	struct remote_settings remote;
	const char *branch;  /* the shared branch, short: "main" */
	const char *subject; /* the commit's first line; may be replaced by transaction_subject() */
	const char *server;  /* the committer, if git has no user.name */
	int attempts;        /* failures of the remote before giving up; 0: 5. Lost races are
				allowed 20 times as often, because in each of them another
				writer succeeds. */
	int64_t backoff_ms;  /* full jitter: sleep up to backoff * 2^attempt, at most 16 times; 0:
				100 */
	/* How long to wait for other writers on this host to the same remote; 0: not at all. See
	 * deliver/host_turn.h. */
	int64_t host_wait_ms;
	/* Fetch before the first attempt, which otherwise uses the branch as last fetched. */
	bool fetch_first;
	/* Does the caller show `result->behind`? If not, it is reported by a later transaction. */
	bool shows_behind;
	const struct env *env;
	/* Reads and writes files through `tx`. 0: commit the files that were written, if any. Above
	 * 0: a result of the operation ("the lock is held"); nothing is committed. Below 0: a
	 * failure. */
	int (*apply)(struct transaction *tx, void *data, struct error *err);
	/* Called before each push with its commit, so that another process can search for it if
	 * this one is killed. May be NULL. Below 0: do not push. */
	int (*pushing)(struct transaction *tx, const struct oid *commit, int attempts, void *data,
		struct error *err);
	void *data;
};

struct transaction_result {
	bool committed;    /* false: nothing was changed */
	struct oid commit; /* the commit that was pushed; else the tip that was read */
	int attempts;      /* the number of pushes */
	struct buf said;   /* the output of the remote's hooks */
	struct buf behind; /* why the worktree was not updated; empty if it was, or if an earlier
			      transaction reported the problem and it still exists */
};
#define TRANSACTION_RESULT_INIT                                                                    \
	{                                                                                          \
		.said = BUF_INIT, .behind = BUF_INIT                                               \
	}
void transaction_result_release(struct transaction_result *result);

/*
 * Runs `plan`. Returns 0 if the change was pushed or there was nothing to change; the result of
 * `apply` if it is above 0; else a negative code: ERR_LOST_RACE after the last attempt, ERR_REFUSED
 * with the message of the remote, ERR_UNREACHABLE, ERR_UNKNOWN, or the code of `apply`. After a
 * push with an unknown result, the only failure is ERR_UNKNOWN, until the branch shows that the
 * commit has arrived, or that it never will.
 *
 * On success, the remote-tracking ref has the last known tip of the remote, and a clean worktree is
 * updated if HEAD is the branch.
 */
int transaction_run(struct repo *repo, const struct transaction_plan *plan,
	struct transaction_result *result, struct error *err);

/* ---- for `apply` ---- */

/* The files of the branch. Files that are written become the changes of the commit. They are reset
 * before each attempt. Borrowed. */
struct documents *transaction_documents(struct transaction *tx);
/* The parent of the new commit; OID_NONE: the branch does not exist yet. */
const struct oid *transaction_base(const struct transaction *tx);
/* Replaces the commit message: a subject, optionally followed by an empty line and a body.
 * Copied. */
void transaction_subject(struct transaction *tx, const char *subject);
/* Has the branch been fetched since transaction_run() was called? If not, the documents may be
 * outdated: a result above 0 is ignored then, and `apply` runs again. */
bool transaction_is_fresh(const struct transaction *tx);
/* Adds a trailer with the ID of an operation, instead of one with a new ID. Call it once for each
 * operation in the commit. */
void transaction_operation(struct transaction *tx, const char *id);
/* Does the history of the base, without the history of `since` (OID_NONE: none), have a commit with
 * operation `id`? Returns as applied_find(). */
int transaction_has_operation(struct transaction *tx, const char *id, const struct oid *since,
	struct applied *out, struct error *err);

#endif
