/*
 * A build's log while it is written: secrets blanked, and of more than fits the beginning and the
 * end.
 *
 * The file grows as the build speaks, so that it can be followed. Past its share of the limit the
 * newest output is kept in memory, and put behind the beginning by build_log_close(), with a line
 * that says how much is missing between them.
 */
#ifndef WORKER_LOG_H
#define WORKER_LOG_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What stands in a log where a secret was. */
#define BUILD_LOG_BLANK "[redacted]"

struct secrets {
	char **texts;
	size_t count, capacity;
	bool starts[256]; /* the bytes that they start with */
};
void secrets_release(struct secrets *secrets);
/* Adds a copy of `text`; one that is shorter than four bytes would blank too much, and is not
 * added. */
void secrets_add(struct secrets *secrets, const char *text);
/* Adds the values of the variables in `environment` ("NAME=value"; ends with NULL) whose names
 * match `pattern` (fnmatch(3)). */
void secrets_add_environment(
	struct secrets *secrets, char *const *environment, const char *pattern);

struct build_log {
	int fd; /* -1: not open */
	const struct secrets *secrets;
	/* What was blanked and passed on: for whoever shows the output as well. May be NULL. */
	void (*passed)(const char *text, size_t len, void *data);
	void *data;

	struct buf held; /* the end of what came, as long as it may be the start of a secret */
	int64_t room;    /* bytes that still go to the file */
	char *ring;      /* the newest after that */
	size_t ring_size, ring_at, ring_len;
	int64_t lost;         /* bytes that neither the file nor the ring has */
	struct error problem; /* why the file could not be written; the rest is dropped */
};

/* Goes on with the file `path`, or begins it; all of the log together takes about `limit` bytes.
 * `secrets` must outlive it. */
int build_log_open(struct build_log *log, const char *path, int64_t limit,
	const struct secrets *secrets, struct error *err);
/* A file that cannot be written any more is no failure of the build's: see log->trouble. */
void build_log_add(struct build_log *log, const char *text, size_t len);
void build_log_addf(struct build_log *log, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Writes what was held back. Nothing happens to a log that is not open. */
void build_log_close(struct build_log *log);

#endif
