/*
 * The lock of all writing in a clone, <state dir>/write: the process that holds it is the one of
 * git-build's that changes the clone's refs for the shared branch, its work tree and its mirrors,
 * and the only one that may remove what other processes have left there.
 */
#ifndef LOCKS_CLONE_LOCK_H
#define LOCKS_CLONE_LOCK_H

#include "base/env.h"
#include "locks/place.h"

/* Takes the lock for `place`; waits up to `wait_ms` milliseconds (0: not at all), then ERR_BUSY with
 * the holder in the text. It must not be held by `place` already. */
int clone_lock_acquire(
	struct lock_place *place, int64_t wait_ms, const struct env *env, struct error *err);
/* Nothing happens if it is not held. */
void clone_lock_release(struct lock_place *place);
/* Does `place` hold it? */
bool clone_lock_is_held(const struct lock_place *place);

#endif
