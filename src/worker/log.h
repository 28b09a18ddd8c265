/*
 * Writes the log of a build, with secrets redacted. If the output is larger than the limit, the log
 * has its beginning and its end.
 *
 * The file is written as the build runs, so that it can be followed. When it has reached its share
 * of the limit, the newest output is kept in memory. build_log_close() appends it, after a line
 * with the number of omitted bytes.
 */
#ifndef WORKER_LOG_H
#define WORKER_LOG_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The text that replaces a secret in a log. */
#define BUILD_LOG_BLANK "[redacted]"

struct secrets {
	char **texts;
	size_t count, capacity;
	bool starts[256]; /* the first bytes of all secrets */
};
void secrets_release(struct secrets *secrets);
/* Adds a copy of `text`. A text of less than four bytes is ignored, because it would redact too
 * much. */
void secrets_add(struct secrets *secrets, const char *text);
/* Adds the values of the variables in `environment` ("NAME=value"; ends with NULL) whose names
 * match `pattern` (fnmatch(3)). */
void secrets_add_environment(
	struct secrets *secrets, char *const *environment, const char *pattern);

struct build_log {
	int fd; /* -1: not open */
	const struct secrets *secrets;
	/* Called with the redacted output, for callers that also show it. May be NULL. */
	void (*passed)(const char *text, size_t len, void *data);
	void *data;

	struct buf held; /* the end of the output, while it may be the start of a secret */
	int64_t room;    /* bytes that may still be written to the file */
	char *ring;      /* the newest bytes of the output after that */
	size_t ring_size, ring_at, ring_len;
	int64_t lost;         /* bytes that are neither in the file nor in the ring */
	struct error problem; /* why the file could not be written; later output is dropped */
};

/* Opens the file `path` to append to it, or creates it; the whole log has about `limit` bytes.
 * `secrets` must outlive `log`. Close it with build_log_close(). */
int build_log_open(struct build_log *log, const char *path, int64_t limit,
	const struct secrets *secrets, struct error *err);
/* Adds output. If the file cannot be written, the build does not fail: see log->problem. */
void build_log_add(struct build_log *log, const char *text, size_t len);
void build_log_addf(struct build_log *log, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Writes the remaining output and closes the file. Does nothing if the log is not open. */
void build_log_close(struct build_log *log);

#endif
