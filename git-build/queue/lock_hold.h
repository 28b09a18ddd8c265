/* Holding a lock for as long as a command runs. */
#ifndef QUEUE_LOCK_HOLD_H
#define QUEUE_LOCK_HOLD_H

#include "cli/command.h"

#include "clone/held_locks.h"

struct hold {
	struct held lock;
	int64_t until_ms;  /* when its time is over, on the steady clock */
	char *const *argv; /* the command; ends with NULL */
	bool keep_running; /* let it go on where the lock is lost */
};

/*
 * Runs the command, with GIT_BUILD_LOCK and GIT_BUILD_FENCE in its environment; renews the lock at
 * each third of its time, and releases it at the end. Where the lock is lost, because somebody has
 * it or because its time is over and nothing could be pushed, the command is stopped. 0, and the
 * command's exit code in inv->status; below 0: it could not be run, or the lock was lost.
 */
int lock_hold(struct invocation *inv, const struct hold *hold, struct error *err);

#endif
