/*
 * Changing the shared branch: the one loop in the house that reads a tip, applies an operation,
 * commits, pushes on exactly that tip, and starts again when somebody else was faster.
 *
 * An operation is a function from documents to documents. It may run several times, each time on
 * newer documents, and must have no other effect. The push is the moment at which it happens;
 * before that nothing has, and index and work tree are not touched.
 *
 *	struct transaction_plan plan = {
 *		.remote = remote, .branch = "main", .env = env,
 *		.subject = "Set build1 to idle", .server = "build1",
 *		.apply = set_status, .data = &change };
 *	struct transaction_result result = TRANSACTION_RESULT_INIT;
 *	rc = transaction_run(repo, &plan, &result, err);
 *
 * The first attempt works on the branch as last fetched and saves a round trip where nobody else
 * has written since; an answer that changes nothing is only given after asking the remote. Every
 * commit carries an operation id (a fresh UUID in the trailer "Operation-Id:"), so that two
 * servers that make the same change in the same second make two commits, and so that after a
 * connection died during the push the commit can be looked for: an operation happens once or not
 * at all, and the caller is told which.
 */
#ifndef DELIVER_TRANSACTION_H
#define DELIVER_TRANSACTION_H

#include "base/env.h"
#include "remote/remote.h"
#include "request/documents.h"

struct transaction;

struct transaction_plan {
	struct remote_settings remote;
	const char *branch;  /* the shared branch, short: "main" */
	const char *subject; /* the commit's first line; may be replaced by transaction_subject() */
	const char *server;  /* who commits where git knows no user.name */
	int attempts;        /* how often the remote may fail before giving up; 0: 5. Of lost
				races, behind each of which stands somebody's success, 20 times
				as many. */
	int64_t backoff_ms;  /* full jitter: sleep up to backoff * 2^attempt, at most 16 times; 0:
				100 */
	/* How long to wait for other writers of this host to the same remote; 0: not at all. See
	 * deliver/host_turn.h. */
	int64_t host_wait_ms;
	/* Does the caller show result->behind? If not, it is left for a transaction whose does. */
	bool shows_behind;
	const struct env *env;
	/* Reads and writes through `tx`. 0: commit what was written (nothing written: nothing to
	 * do). Above 0: an answer of the operation's own ("the lock is held"), nothing is
	 * committed. Below: a failure. */
	int (*apply)(struct transaction *tx, void *data, struct error *err);
	/* Called before each push with the commit that is about to go out, so that whoever finds
	 * this process dead can ask for it. May be NULL; below 0: it is not pushed. */
	int (*pushing)(struct transaction *tx, const struct oid *commit, int attempts, void *data,
		struct error *err);
	void *data;
};

struct transaction_result {
	bool committed;    /* false: there was nothing to change */
	struct oid commit; /* what was pushed; else the tip that was read */
	int attempts;      /* how many pushes it took */
	struct buf said;   /* what the remote's hooks said */
	struct buf behind; /* why the work tree did not follow; empty if it did, or if an earlier
			      transaction has reported it and it has not followed since */
};
#define TRANSACTION_RESULT_INIT                                                                    \
	{                                                                                          \
		.said = BUF_INIT, .behind = BUF_INIT                                               \
	}
void transaction_result_release(struct transaction_result *result);

/*
 * Runs `plan`. 0 when it has happened or there was nothing to change; `apply`'s own answer above 0;
 * else a negative code: ERR_LOST_RACE after the last attempt, ERR_REFUSED with the remote's words,
 * ERR_UNREACHABLE, ERR_UNKNOWN, or apply's. After a push of unknown outcome there is no failure but
 * ERR_UNKNOWN until the branch shows that it has arrived, or that it never will.
 * Afterwards the remote-tracking ref is where the remote was last seen, and a clean work tree that
 * stands on the branch has followed.
 */
int transaction_run(struct repo *repo, const struct transaction_plan *plan,
	struct transaction_result *result, struct error *err);

/* ---- for `apply` ---- */

/* The files as they are on the branch. What is written to them is what the commit changes; they are
 * reset before each attempt. Borrowed. */
struct documents *transaction_documents(struct transaction *tx);
/* The commit that is built on; OID_NONE: the branch does not exist yet. */
const struct oid *transaction_base(const struct transaction *tx);
/* A better message for the commit, now that it is known what is done: a first line, and more behind
 * an empty line where there is more to say. Copied. */
void transaction_subject(struct transaction *tx, const char *subject);
/* Has the remote been asked since transaction_run() was called? Before that, documents may be old:
 * an answer above 0 is then not believed, and `apply` runs again. */
bool transaction_is_fresh(const struct transaction *tx);
/* Names the commit's operation: its id goes into a trailer instead of a fresh one. May be called
 * for several that go together. */
void transaction_operation(struct transaction *tx, const char *id);
/* Does a commit that is built on, and that `since` (OID_NONE: none) does not have, carry operation
 * `id`? 1 and the commit in `*found`, 0, or a negative code. */
int transaction_has_operation(struct transaction *tx, const char *id, const struct oid *since,
	struct oid *found, struct error *err);

#endif
