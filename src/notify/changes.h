/*
 * The changes between two states of the shared branch that concern one server: messages for it,
 * jobs and locks that moved to another server, builds that failed.
 *
 * Only files that differ are read. A file that is not valid has no changes.
 */
#ifndef NOTIFY_CHANGES_H
#define NOTIFY_CHANGES_H

#include "base/arena.h"
#include "git/repo.h"

enum change_kind {
	CHANGE_MESSAGE,      /* a new unread message for the server */
	CHANGE_JOB,          /* a job was assigned, or is assigned to another server or to none */
	CHANGE_BUILD_FAILED, /* a job failed, on any server */
	CHANGE_LOCK,         /* a lock has another holder, or none any more */
	CHANGE_LOCK_LOST,    /* the server held a lock that another server holds now */
};

struct state_change {
	enum change_kind kind;
	const char *id;    /* the ID of the message or job, or the name of the lock */
	const char *about; /* a message's sender and subject, a job's branch and reason; or NULL */
	const char *before, *after; /* the servers that had it and have it; NULL: none */
	int64_t number;             /* the attempt of a job, or the fence of a lock */
};

/*
 * Calls `each` for every change from commit `from` to `to`, ordered by kind and then as in the
 * file, until it returns non-zero; that value is returned. If `from` is OID_NONE, there are no
 * changes. `now` determines which locks have expired. The strings are valid only during the call.
 */
int changes_each(struct repo *repo, const struct oid *from, const struct oid *to,
	const char *server, int64_t now, int (*each)(const struct state_change *change, void *data),
	void *data, struct error *err);

/* Appends the change as a phrase for `server`: "job job_7 is now assigned to you". */
void change_say(struct buf *out, const struct state_change *change, const char *server);

#endif
