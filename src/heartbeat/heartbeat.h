/*
 * Heartbeats: the sign of life of one server, on a branch of its own that stays short.
 *
 * A beat is one commit on heartbeat-<server>, which holds nothing but that server's folder, so
 * that a push moves four small objects and never walks main's tree. Beats are committed in this
 * clone at once and pushed every `push_every`th; when the branch has `history` commits the next
 * beat starts it anew with a commit without a parent. Only the branch's newest state matters to
 * anyone; its history is a courtesy.
 *
 * With the coordination branch as the heartbeat branch (the old way) a push is one transaction on
 * it that carries the newest beat, and the beats between are not committed.
 *
 *	heartbeat_open(&h, repo, &settings, env, err)
 *	heartbeat_send(h, healthy, false, &result, err)
 *	heartbeat_close(h)
 *
 * Several processes of one clone may beat at once: they queue on a lock in the clone.
 */
#ifndef HEARTBEAT_HEARTBEAT_H
#define HEARTBEAT_HEARTBEAT_H

#include "base/env.h"
#include "clone/settings.h"

struct heartbeat_sender;

struct heartbeat_result {
	struct oid commit; /* the beat; OID_NONE on the old way between pushes */
	int64_t timestamp; /* when it was, seconds since 1970 */
	int64_t pending;   /* beats that are not at the remote yet, this one included */
	bool pushed;       /* did this call bring them there? */
	bool restarted;    /* did the branch start anew with this beat? */
	struct buf said;   /* what the remote's hooks said */
	struct error
		pushing; /* why a push that was due failed: the beat itself is safe in the clone */
};
#define HEARTBEAT_RESULT_INIT                                                                      \
	{                                                                                          \
		.said = BUF_INIT, .pushing = ERROR_INIT                                            \
	}
void heartbeat_result_release(struct heartbeat_result *result);

/* Gets ready to beat for settings->server, which must be set; repo, settings and env must outlive
 * it. Nothing is written yet. A clone without the remote can beat; it just cannot push. */
int heartbeat_open(struct heartbeat_sender **out, struct repo *repo,
	const struct settings *settings, const struct env *env, struct error *err);
void heartbeat_close(struct heartbeat_sender *heartbeat);

/*
 * One beat: reads the machine, commits, and pushes if this is the `push_every`th since the last
 * push, if the branch starts anew with it, or `push_now`. 0 also where the push failed
 * (result->pushing.code < 0): the beat stands in the clone and goes out with the next push. Below
 * 0: not even committed. `*result` is written either way.
 */
int heartbeat_send(struct heartbeat_sender *heartbeat, bool healthy, bool push_now,
	struct heartbeat_result *result, struct error *err);

/* Pushes what is pending, if anything is. */
int heartbeat_push(
	struct heartbeat_sender *heartbeat, struct heartbeat_result *result, struct error *err);

/* Runs build.healthCheck (in the work tree, by sh, 30 s at most): true if it exits 0, or none is
 * set. What it printed is appended to `said`. */
bool heartbeat_check_health(struct repo *repo, const struct settings *settings, struct buf *said);

/*
 * Holds the right to be this host's one heartbeat loop for the server: ERR_BUSY with who has it. It
 * ends with the process or heartbeat_loop_release().
 */
struct file_lock;
int heartbeat_loop_acquire(struct file_lock *lock, struct repo *repo,
	const struct settings *settings, const struct env *env, struct error *err);

#endif
