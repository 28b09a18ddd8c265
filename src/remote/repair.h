/*
 * Repairing a clone that a power cut, or a failing disk, has damaged: what the shared repository
 * has is fetched again. A clone is a cache of it, apart from what was not pushed yet.
 *
 * Repaired are: objects that are empty, cut off or missing, references that cannot be read or whose
 * history is incomplete, an index that cannot be read, and locks that are older than the machine's
 * start. What is replaced is kept in the state directory below damaged/. A reference whose commits
 * the shared repository does not have is set to that of the same name there, or removed; what it
 * was is written to damaged/refs.
 */
#ifndef REMOTE_REPAIR_H
#define REMOTE_REPAIR_H

#include "remote/remote.h"

/*
 * Examines the clone and repairs it from `remote`. To be called when reading or writing the clone
 * has failed, before the same is tried once more: it reads every loose object and walks the
 * history. In a process that goes on failing, it examines again only after a minute.
 *
 * 1: something was repaired, also by another process while this one waited. 0: nothing is damaged,
 * or this is not a clone of `remote`. ERR_FAILED or another negative code: it is damaged and could
 * not be repaired.
 */
int repair(struct repo *repo, const struct remote_settings *remote, struct error *err);

/* The same at the first use of the clone after each start of the machine, when nothing has failed
 * yet: a power cut may have come between. */
int repair_after_start(struct repo *repo, const struct remote_settings *remote, struct error *err);

/* What repair() has done in this process since the last call replaces `out`: one sentence for a
 * person. False if there is nothing to report. */
bool repair_report(struct repo *repo, struct buf *out);

#endif
