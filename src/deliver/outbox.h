/*
 * What could not be brought to the remote, and must not be lost: requests in <state dir>/outbox,
 * one a file, in the order in which they were kept. They go out in front of the next operation that
 * this clone brings there.
 *
 * An entry is an object: "request"; "since", the commit that was last seen of the shared branch
 * before it was tried; "why"; and "refused", why it is not tried again by itself (else null).
 */
#ifndef DELIVER_OUTBOX_H
#define DELIVER_OUTBOX_H

#include "clone/settings.h"
#include "request/request.h"

struct outbox_entry {
	char *path;
	char *name; /* what people call it: the request's id */
	struct buf request;
	struct oid since;
	char *why;     /* why it was kept */
	char *refused; /* NULL: it goes out with the next operation */
};

struct outbox {
	struct outbox_entry *entries;
	size_t count, capacity;
};

/* Reads all entries, the oldest first. A file that is none is ERR_INVALID with its name. */
int outbox_read(struct outbox *out, struct repo *repo, struct error *err);
void outbox_release(struct outbox *outbox);

/* Where the shared branch was last seen: to be asked for before an operation is tried. */
struct oid outbox_mark(struct repo *repo, const struct settings *settings);
/* Keeps a request that did not happen up to `since`; it is safe on disk when this returns. */
int outbox_keep(struct repo *repo, const struct buf *request, const struct oid *since,
	const char *why, const struct env *env, struct error *err);
/* It was answered with a no that stands: it waits for a person's retry or drop. */
int outbox_refuse(const struct outbox_entry *entry, const char *why, struct error *err);
/* Lets what was refused go out once more. */
int outbox_retry(const struct outbox_entry *entry, struct error *err);
int outbox_drop(const struct outbox_entry *entry, struct error *err);

#endif
