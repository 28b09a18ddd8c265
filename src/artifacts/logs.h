/*
 * Lists and reads the logs of builds. They are on the shared branch, in the worktree (written by
 * older scripts), or, for a running job, in the directory of the job in this clone.
 */
#ifndef ARTIFACTS_LOGS_H
#define ARTIFACTS_LOGS_H

#include "artifacts/manifests.h"

/* The log of a finished build: <server>/logs/<timestamp>.log or .log.gz. */
struct log_file {
	char *path, *server;
	const char *job; /* from the manifest, to which the string belongs; NULL: unknown */
	int64_t time;    /* from its name, seconds since 1970; 0: unknown */
	bool shared;     /* on the shared branch; otherwise, in the worktree */
};

struct log_list {
	struct log_file *files; /* the newest first */
	size_t count, capacity;
};
void log_list_release(struct log_list *list);

/* Lists the logs of `server` (NULL: of all servers). `manifests` must outlive the list. Release
 * `out` with log_list_release(). */
int log_list_read(struct log_list *out, const struct reading *reading,
	const struct manifest_list *manifests, const char *server, struct error *err);

/*
 * Appends the text of the log at `path` to `out`. If the log is compressed, or has been compressed
 * since `path` was recorded, it is decompressed with gzip(1). ERR_NOT_FOUND if it does not exist.
 */
int log_read(struct buf *out, const struct reading *reading, const char *path, struct error *err);

/* Replaces `path` with the path of the log in the directory of `job` in this clone, which exists
 * until the result of the job is recorded. Returns 1; 0 if there is no log; or a negative code. */
int log_growing(struct buf *path, struct repo *repo, const char *job, struct error *err);
/* Is that log still live, according to the directory of the job? 1, 0, or a negative code. */
int log_grows(struct repo *repo, const char *job, struct error *err);

#endif
