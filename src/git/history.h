/* Reading what a push brings: its new commits, and the files that each of them changed. */
#ifndef GIT_HISTORY_H
#define GIT_HISTORY_H

#include "git/repo.h"

/*
 * The commits that are reachable from `tip` and neither from a ref that matches the glob `standing`
 * (NULL: none) nor from one of `known`, the oldest first, until `each` returns non-zero, which is
 * then returned. `tip` may be a tag; one of something else than a commit has no commits.
 */
int history_each_new(struct repo *repo, const struct oid *tip, const struct oid *known,
	size_t known_count, const char *standing, int (*each)(const struct oid *commit, void *data),
	void *data, struct error *err);

struct changed_file {
	const char *path;
	unsigned mode;     /* 0: the file is gone */
	struct oid blob;   /* OID_NONE: gone */
	struct oid before; /* what the first parent had there; OID_NONE: nothing */
};

/*
 * The files of `commit` that are not as in any of its parents (a root's: all), and those that are
 * gone against the first, until `each` returns non-zero, which is then returned. What did not
 * change is not read.
 */
int history_each_changed(struct repo *repo, const struct oid *commit,
	int (*each)(const struct changed_file *file, void *data), void *data, struct error *err);

/* The files that are not in `to` as they are in `from` (OID_NONE: all are new), as above. */
int history_each_difference(struct repo *repo, const struct oid *from, const struct oid *to,
	int (*each)(const struct changed_file *file, void *data), void *data, struct error *err);

/* Appends the content of blob `oid` to `out`. ERR_INVALID, with the size in `*size`, if it has more
 * than `limit` bytes. */
int history_read_blob(struct repo *repo, const struct oid *oid, size_t limit, struct buf *out,
	size_t *size, struct error *err);

#endif
