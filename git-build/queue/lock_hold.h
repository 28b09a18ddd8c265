/* Holding a lock while a command runs. */
#ifndef QUEUE_LOCK_HOLD_H
#define QUEUE_LOCK_HOLD_H

#include "cli/command.h"

#include "clone/held_locks.h"

struct hold {
	struct held lock;
	int64_t until_ms;  /* when it expires, on the steady clock */
	char *const *argv; /* the command; ends with NULL */
	bool keep_running; /* do not stop it if the lock is lost */
};

/*
 * Runs the command, with GIT_BUILD_LOCK and GIT_BUILD_FENCE in its environment; renews the lock
 * after each third of its lease, and releases it at the end. If the lock is lost, because another
 * server holds it or because it has expired and could not be renewed, the command is stopped.
 * Returns 0, with the command's exit code in inv->status; below 0 if the command could not be run,
 * or the lock was lost.
 */
int lock_hold(struct invocation *inv, const struct hold *hold, struct error *err);

#endif
