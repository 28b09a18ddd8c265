/*
 * The lock for writing in a clone, <state dir>/write. Of the processes of git-build, only its
 * holder changes the clone's refs for the shared branch, its worktree and its mirrors, and may
 * remove the remains of dead processes there.
 */
#ifndef LOCKS_CLONE_LOCK_H
#define LOCKS_CLONE_LOCK_H

#include "base/env.h"
#include "locks/place.h"

/* Acquires the lock for `place`, which must not hold it already. Waits up to `wait_ms` milliseconds
 * (0: not at all), then returns ERR_BUSY with the holder in the text. */
int clone_lock_acquire(
	struct lock_place *place, int64_t wait_ms, const struct env *env, struct error *err);
/* Does nothing if `place` does not hold it. */
void clone_lock_release(struct lock_place *place);
/* Does `place` hold it? */
bool clone_lock_is_held(const struct lock_place *place);

#endif
