/*
 * Locks that are older than this machine's start: NAME.lock next to a ref, the index or the config,
 * as a power cut leaves it. Unlike those of locks/stale_locks.h they may be removed anywhere, also
 * in the shared repository, since no running process can own them.
 */
#ifndef LOCKS_BOOT_LOCKS_H
#define LOCKS_BOOT_LOCKS_H

#include "locks/place.h"

/*
 * Removes the lock file `path` if the process that made it is certainly dead: the file is older
 * than this machine's start, as after a power cut. 1 if it was removed, 0 if there is none or its
 * process may still run, or a negative code. Takes a second if there is one to remove.
 *
 * The repository must not be written by other machines (a network file system): their start is not
 * known here.
 */
int boot_lock_remove(const char *path, struct error *err);
/* The same for what would stop a push to `ref` (a full name, which need not be valid): its lock,
 * HEAD's and that of the packed refs. The number removed, or a negative code. */
int boot_locks_remove_for(struct lock_place *place, const char *ref, struct error *err);
/* The same for every lock in the repository. */
int boot_locks_remove_all(struct lock_place *place, struct error *err);

#endif
