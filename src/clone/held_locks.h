/*
 * The locks that this clone was told it holds, so that whoever has lost one meanwhile hears of it:
 * a file each in <state dir>/held.
 */
#ifndef CLONE_HELD_LOCKS_H
#define CLONE_HELD_LOCKS_H

#include "base/arena.h"
#include "fleet/lock.h"
#include "git/repo.h"

struct held {
	const char *name;
	int64_t fence; /* of the acquisition */
	int64_t ttl;   /* what was asked for, seconds */
	bool told;     /* that its time was over, though nobody has taken it */
};

/* The lock is held; a checked name. That it cannot be remembered is no failure of the lock's. */
void held_note(struct repo *repo, const struct held *held);
void held_forget(struct repo *repo, const char *name);
/* What is remembered of lock `name`: 1; 0, if nothing is; or a negative code. */
int held_find(struct repo *repo, const char *name, struct held *out, struct error *err);

/*
 * Compares what is remembered with the branch as last fetched, at time `now`: each lock that is no
 * longer `server`'s by the same acquisition, or whose time is over, is given to `each`, once, as it
 * stands there. Those that are lost are forgotten. What cannot be read is a failure: then nothing
 * is known of the locks that were not given yet.
 */
int held_check(struct repo *repo, const struct oid *tip, const char *server, int64_t now,
	void (*each)(const struct held *held, const struct lock *lock, bool lost, void *data),
	void *data, struct error *err);

#endif
