/*
 * The outbox: requests that could not be pushed and must not be lost, in <state dir>/outbox, one
 * per file, in the order in which they were added. They are sent before the next request of this
 * clone.
 *
 * An entry is an object with the members "request"; "since", the tip of the shared branch as known
 * before the first attempt; "why", the reason why it was added; and "refused", the reason why it is
 * not retried automatically, or null.
 */
#ifndef DELIVER_OUTBOX_H
#define DELIVER_OUTBOX_H

#include "clone/settings.h"
#include "request/request.h"

struct outbox_entry {
	char *path;
	char *name; /* the ID of the request, for the user */
	struct buf request;
	struct oid since;
	char *why;     /* why it was added */
	char *refused; /* NULL: it is sent with the next request */
};

struct outbox {
	struct outbox_entry *entries;
	size_t count, capacity;
};

/* Reads all entries, the oldest first. ERR_INVALID names a file that is not a valid entry. Release
 * with outbox_release(). */
int outbox_read(struct outbox *out, struct repo *repo, struct error *err);
void outbox_release(struct outbox *outbox);

/* Returns the tip of the shared branch as last fetched, or OID_NONE: the `since` for outbox_keep().
 * Call it before the request is tried. */
struct oid outbox_mark(struct repo *repo, const struct settings *settings);
/* Adds a request that no commit up to `since` contains. The entry is on disk when this returns
 * 0. */
int outbox_keep(struct repo *repo, const struct buf *request, const struct oid *since,
	const char *why, const struct env *env, struct error *err);
/* Marks an entry as refused: it is kept until the user retries or drops it. */
int outbox_refuse(const struct outbox_entry *entry, const char *why, struct error *err);
/* Clears the mark, so that the entry is sent again. */
int outbox_retry(const struct outbox_entry *entry, struct error *err);
/* Removes an entry. */
int outbox_drop(const struct outbox_entry *entry, struct error *err);

#endif
