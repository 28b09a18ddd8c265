/*
 * Heartbeats of one server, on a separate branch that remains short.
 *
 * A heartbeat is a commit on heartbeat-<server>, which has only that server's directory, so that a
 * push transfers four small objects and never reads the tree of main. Each heartbeat is committed
 * in the clone at once; every `push_every`th is pushed. When the branch has `history` commits, the
 * next heartbeat restarts it with a commit without a parent. Only the tip of the branch is used;
 * its history is just for information.
 *
 * If the shared branch is the heartbeat branch (legacy mode), a push is one transaction on it with
 * the newest heartbeat; the heartbeats in between are not committed.
 *
 *	heartbeat_open(&h, repo, &settings, env, err)
 *	heartbeat_send(h, healthy, false, &result, err)
 *	heartbeat_close(h)
 *
 * Several processes of a clone may send heartbeats at once: they wait for a lock in the clone.
 */
#ifndef HEARTBEAT_HEARTBEAT_H
#define HEARTBEAT_HEARTBEAT_H

#include "base/env.h"
#include "clone/settings.h"

struct heartbeat_sender;

struct heartbeat_result {
	struct oid commit;    /* the heartbeat; OID_NONE in legacy mode between pushes */
	int64_t timestamp;    /* its time, seconds since 1970 */
	int64_t pending;      /* heartbeats that the remote does not have yet, including this one */
	bool pushed;          /* did this call push them? */
	bool restarted;       /* did this heartbeat restart the branch? */
	struct buf said;      /* the output of the remote's hooks */
	struct error pushing; /* why a due push failed; the heartbeat is recorded in the clone */
};
#define HEARTBEAT_RESULT_INIT                                                                      \
	{                                                                                          \
		.said = BUF_INIT, .pushing = ERROR_INIT                                            \
	}
void heartbeat_result_release(struct heartbeat_result *result);

/* Prepares heartbeats of settings->server, which must be set; `repo`, `settings` and `env` must
 * outlive `*out`. Writes nothing. A clone without the remote can record heartbeats, but not push
 * them. Release with heartbeat_close(). */
int heartbeat_open(struct heartbeat_sender **out, struct repo *repo,
	const struct settings *settings, const struct env *env, struct error *err);
void heartbeat_close(struct heartbeat_sender *heartbeat);

/*
 * Records a heartbeat: measures the host and commits. Pushes if this is the `push_every`th
 * heartbeat since the last push, if it restarts the branch, or if `push_now`. Returns 0 even if the
 * push failed (result->pushing.code < 0): the heartbeat is in the clone, and is pushed with the
 * next one. Below 0: it was not committed. `*result` is set in any case.
 */
int heartbeat_send(struct heartbeat_sender *heartbeat, bool healthy, bool push_now,
	struct heartbeat_result *result, struct error *err);

/* Pushes the pending heartbeats, if there are any. */
int heartbeat_push(
	struct heartbeat_sender *heartbeat, struct heartbeat_result *result, struct error *err);

/* Runs build.healthCheck with sh in the worktree, for at most 30 s. Returns true if it exits with
 * 0, or if it is not set. Its output is appended to `said`. */
bool heartbeat_check_health(struct repo *repo, const struct settings *settings, struct buf *said);

/*
 * Acquires the lock for the only heartbeat loop of the server in this clone. ERR_BUSY, with the
 * holder, if another loop runs. Release it with file_lock_release(), or by exiting.
 */
struct file_lock;
int heartbeat_loop_acquire(struct file_lock *lock, struct repo *repo,
	const struct settings *settings, const struct env *env, struct error *err);

#endif
