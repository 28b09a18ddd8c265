/*
 * What has happened between two states of the shared branch that concerns one server: messages for
 * it, jobs and locks that changed hands, builds that failed.
 *
 * Only files that differ are read; one that cannot be read has no changes.
 */
#ifndef NOTIFY_CHANGES_H
#define NOTIFY_CHANGES_H

#include "base/arena.h"
#include "git/repo.h"

enum change_kind {
	CHANGE_MESSAGE,      /* a new one for the server, which has not read it */
	CHANGE_JOB,          /* a job is the server's now, was, or is another's now */
	CHANGE_BUILD_FAILED, /* a job failed, whosever it was */
	CHANGE_LOCK,         /* a lock has another holder, or none any more */
	CHANGE_LOCK_LOST,    /* the server held it, and another does now */
};

struct state_change {
	enum change_kind kind;
	const char *id;    /* of the message or the job, or the lock's name */
	const char *about; /* a message's sender and subject, a job's branch and reason; or NULL */
	const char *before, *after; /* who had it, and who has it; NULL: nobody */
	int64_t number;             /* a job's attempt, a lock's fence */
};

/*
 * Calls `each` for every change from commit `from` (OID_NONE: nothing was known, so nothing has
 * changed) to `to`, in the order of kinds and files, until it returns non-zero, which is then
 * returned. `now` tells which locks have expired. The strings are only there for the call.
 */
int changes_each(struct repo *repo, const struct oid *from, const struct oid *to,
	const char *server, int64_t now, int (*each)(const struct state_change *change, void *data),
	void *data, struct error *err);

/* Appends the change as a phrase for `server`: "job job_7 is yours now". */
void change_say(struct buf *out, const struct state_change *change, const char *server);

#endif
