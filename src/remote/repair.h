/*
 * Repairs a clone that was damaged by a power cut or a failing disk, by fetching from the shared
 * repository again. A clone is a cache of it, except for commits that were not pushed yet.
 *
 * It repairs objects that are empty, truncated or missing, references that cannot be read or whose
 * history is incomplete, packed-refs, and an index that cannot be read, and removes locks that are
 * older than the start of the host. Replaced files are kept in damaged/ in the state directory. A
 * reference whose commits the shared repository does not have is set to the reference of the same
 * name there, or removed; its old value is written to damaged/refs. A damaged HEAD is restored when
 * the clone is opened (git/head.c).
 */
#ifndef REMOTE_REPAIR_H
#define REMOTE_REPAIR_H

#include "remote/remote.h"

/*
 * Examines the clone and repairs it from `remote`. Call it after reading or writing the clone has
 * failed, before trying again: it reads every loose object and walks the history. If a process
 * continues to fail, it examines the clone again only after a minute.
 *
 * Returns 1 if something was repaired, by this process or by another one that it waited for; 0 if
 * nothing is damaged, or this is not a clone of `remote`; ERR_FAILED or another negative code if
 * the clone is damaged and could not be repaired.
 */
int repair(struct repo *repo, const struct remote_settings *remote, struct error *err);

/* The same at the first use of the clone after each start of the host, before anything has failed,
 * since there may have been a power cut. */
int repair_after_start(struct repo *repo, const struct remote_settings *remote, struct error *err);

/* Stores a message for the user about repairs by this process since the last call in `out`. Returns
 * false if there is nothing to report. */
bool repair_report(struct repo *repo, struct buf *out);

#endif
