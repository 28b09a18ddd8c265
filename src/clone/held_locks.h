/*
 * The locks that this clone has acquired, with a file for each in <state dir>/held, so that the
 * loss of a lock can be reported.
 */
#ifndef CLONE_HELD_LOCKS_H
#define CLONE_HELD_LOCKS_H

#include "base/arena.h"
#include "fleet/lock.h"
#include "git/repo.h"

struct held {
	const char *name;
	int64_t fence; /* of the acquisition */
	int64_t ttl;   /* the requested lease, seconds */
	bool told;     /* its expiry was reported */
};

/* Records that a lock is held. Its name must be valid. Errors are ignored, because the lock is held
 * in any case. */
void held_note(struct repo *repo, const struct held *held);
/* Removes the record of a lock. */
void held_forget(struct repo *repo, const char *name);
/* Reads the record of lock `name`. Returns 1; 0 if there is none; or a negative code. */
int held_find(struct repo *repo, const char *name, struct held *out, struct error *err);
/* Is there any record? True if that cannot be checked. */
bool held_any(struct repo *repo);

/*
 * Compares the records with the branch as last fetched, at time `now`. Calls `each` once for every
 * lock that `server` no longer holds by the same acquisition (`lost`) or that has expired, with its
 * state on the branch. The records of lost locks are removed. Returns 0, or a negative code if
 * something cannot be read: then the other locks were not checked.
 */
int held_check(struct repo *repo, const struct oid *tip, const char *server, int64_t now,
	void (*each)(const struct held *held, const struct lock *lock, bool lost, void *data),
	void *data, struct error *err);

#endif
