/*
 * The logs of builds, wherever this clone has them: on the shared branch, in the work tree, where
 * the shell scripts leave theirs, and in the folder of a job whose log still grows.
 */
#ifndef ARTIFACTS_LOGS_H
#define ARTIFACTS_LOGS_H

#include "artifacts/manifests.h"

/* A log that is finished: <server>/logs/<timestamp>.log, or .log.gz. */
struct log_file {
	char *path, *server;
	const char *job; /* whose it is, by its manifest; borrowed from there. NULL: not known */
	int64_t time;    /* by its name, seconds since 1970; 0: that says nothing */
	bool shared;     /* it is on the shared branch; else in the work tree */
};

struct log_list {
	struct log_file *files; /* the newest first */
	size_t count, capacity;
};
void log_list_release(struct log_list *list);

/* Lists the logs of `server` (NULL: of all). `manifests` must outlive the list. */
int log_list_read(struct log_list *out, const struct reading *reading,
	const struct manifest_list *manifests, const char *server, struct error *err);

/*
 * Appends the text of the log at `path` to `out`, by gzip(1) where it is compressed; so it is, too,
 * where it has been compressed since somebody wrote its path down. ERR_NOT_FOUND.
 */
int log_read(struct buf *out, const struct reading *reading, const char *path, struct error *err);

/* Replaces `path` by that of the log in the folder of `job` in this clone: of one that is being
 * built, or not recorded yet. 1; 0, if there is none; or a negative code. */
int log_growing(struct buf *path, struct repo *repo, const char *job, struct error *err);
/* Does it still grow, as far as its folder says? 1, 0, or a negative code. */
int log_grows(struct repo *repo, const char *job, struct error *err);

#endif
