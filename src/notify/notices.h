/*
 * Notices: what a server's people want to hear of without looking, each told once.
 *
 *	message        a new message for this server
 *	build-failed   a job failed, whosever it was
 *	job-lost       a job that was this server's has been given to another
 *	lock-lost      a lock that was this server's is another's
 *	silent, back   a server has been silent beyond three times its promise; it beats again
 *
 * Each goes to build.notifyCommand as an object on its standard input:
 *
 *	{ "id": "message:msg_1", "event": "message", "server": "build1", "timestamp": "...",
 *	  "text": "new message msg_1 from build2: Hello",
 *	  "message": "msg_1", "job": null, "lock": null, "about": null }
 *
 * What has been told is kept in <state dir>/notices, so that it holds over restarts and for all
 * processes of a clone. A command that fails is asked again the next time, five times at most. A
 * process that is killed between the command and the note of it tells the same twice, with the same
 * "id".
 */
#ifndef NOTIFY_NOTICES_H
#define NOTIFY_NOTICES_H

#include "clone/servers.h"

struct notice {
	char *id, *event, *text;
	char *message, *job, *lock, *about; /* whom it is about; NULL: not one such */
};

struct notices {
	struct notice *list;
	size_t count, capacity;
};
void notices_release(struct notices *notices);

/* What is new since the last time, by the shared branch at `tip` and by `fleet`. Nothing is, at
 * the first time. Changes nothing. settings->server must be set. */
int notices_find(struct notices *out, struct repo *repo, const struct settings *settings,
	const struct fleet *fleet, const struct oid *tip, const struct env *env, struct error *err);

/*
 * The same, and has build.notifyCommand tell each; `out` (may be NULL) has those that were told.
 * ERR_BUSY: another process is at it; ERR_FAILED, ERR_TIMEOUT: the command did not end well, and
 * the rest is for the next time. 0 also where no command is set: then nothing is noted either.
 */
int notices_report(struct notices *out, struct repo *repo, const struct settings *settings,
	const struct fleet *fleet, const struct oid *tip, const struct env *env, struct error *err);

/* Appends the notice as the command gets it. */
void notice_write(struct buf *out, const struct notice *notice, const struct settings *settings,
	const struct env *env);

#endif
