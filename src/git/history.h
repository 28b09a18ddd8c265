/* Lists the new commits of a push, and the files that each of them changed. */
#ifndef GIT_HISTORY_H
#define GIT_HISTORY_H

#include "git/repo.h"

/*
 * Calls `each` for the commits that are reachable from `tip`, but neither from a ref that matches
 * the glob `standing` (NULL: none) nor from one of `known`, the oldest first. Stops when `each`
 * returns non-zero, and returns that. `tip` may be a tag; a tag of anything but a commit has no
 * commits.
 */
int history_each_new(struct repo *repo, const struct oid *tip, const struct oid *known,
	size_t known_count, const char *standing, int (*each)(const struct oid *commit, void *data),
	void *data, struct error *err);

struct changed_file {
	const char *path;
	unsigned mode;     /* 0: the file was removed */
	struct oid blob;   /* OID_NONE: removed */
	struct oid before; /* the blob in the first parent; OID_NONE: there was none */
};

/*
 * Calls `each` for the files of `commit` that differ from those of all its parents (for a root: all
 * files), and for those of the first parent that were removed. Stops when `each` returns non-zero,
 * and returns that. Unchanged files are not read.
 */
int history_each_changed(struct repo *repo, const struct oid *commit,
	int (*each)(const struct changed_file *file, void *data), void *data, struct error *err);

/* The files that differ between two commits. The list is in memory: about as much as the names of
 * these files. */
struct difference;

/* Finds the files that differ between `from` (OID_NONE: no files) and `to`, for several passes over
 * them. Returns 0, or a negative code, with `*out` unchanged. Release `*out` with
 * history_difference_free() before `repo` is closed. */
int history_difference(struct difference **out, struct repo *repo, const struct oid *from,
	const struct oid *to, struct error *err);
void history_difference_free(struct difference *difference);

/* Calls `each` for these files in the order of their names. Stops when `each` returns non-zero, and
 * returns that. */
int history_each_file(const struct difference *difference,
	int (*each)(const struct changed_file *file, void *data), void *data);

/* Both in one call, for one pass. */
int history_each_difference(struct repo *repo, const struct oid *from, const struct oid *to,
	int (*each)(const struct changed_file *file, void *data), void *data, struct error *err);

/* Appends the content of blob `oid` to `out`. Returns 0; ERR_INVALID, with the size in `*size`, if
 * it has more than `limit` bytes; or another negative code. */
int history_read_blob(struct repo *repo, const struct oid *oid, size_t limit, struct buf *out,
	size_t *size, struct error *err);

#endif
