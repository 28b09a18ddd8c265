/*
 * Locks that are older than the start of this host, usually left by a power cut: NAME.lock next to
 * a ref, the index or the config. Unlike those of locks/stale_locks.h, they may be removed in any
 * repository, including the shared one, since no running process can hold them.
 */
#ifndef LOCKS_BOOT_LOCKS_H
#define LOCKS_BOOT_LOCKS_H

#include "locks/place.h"

/*
 * Removes the lock file `path` if the process that created it is certainly dead, that is, if the
 * file is older than the start of this host. Returns 1 if it was removed, 0 if there is none or its
 * process may still run, or a negative code. Takes a second if there is a lock to remove.
 *
 * The repository must not be on a network file system that other hosts write to: their start is
 * unknown.
 */
int boot_lock_remove(const char *path, struct error *err);
/* The same for the locks that would stop a push to `ref` (a full name, which need not be valid):
 * those of the ref, of HEAD and of packed-refs. Returns the number of removed locks, or a negative
 * code. */
int boot_locks_remove_for(struct lock_place *place, const char *ref, struct error *err);
/* The same for every lock in the repository. */
int boot_locks_remove_all(struct lock_place *place, struct error *err);

#endif
