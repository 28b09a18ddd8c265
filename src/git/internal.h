/* Private to this layer, and the only header with libgit2's types. */
#ifndef GIT_INTERNAL_H
#define GIT_INTERNAL_H

#include "git/repo.h"

#include <git2.h>

struct repo {
	git_repository *git;
	git_odb *odb;
	git_repository *attributes; /* see attributes.c; NULL: not opened yet */
	struct lock_place place;
	/* The output of `git config --list -z`, if libgit2 would not find all settings; NULL: the
	 * settings are read with libgit2. */
	struct buf *listing;
	git_config *config; /* a snapshot, taken by repo_open() and after each change */
	/* The root tree that was read last, and its commit. Readers of the fleet look up thousands of
	 * paths in one commit, and libgit2 does not cache large trees. NULL: none. */
	git_tree *root;
	struct oid root_of;
	bool has_exchanged; /* objects were fetched or pushed since the last repo_tidy() */
	/* For remote/repair.c. */
	struct buf *repaired; /* the message that was not reported yet; or NULL */
	int64_t examined_ms;  /* monotonic time when the clone was last undamaged; or 0 */
};

/*
 * Starts libgit2 for one more repository, with an allocator that ends the process like xmalloc() if
 * memory runs out. Call store_stop() once for each success.
 */
int store_start(struct error *err);
void store_stop(void);

/* Sets `err` to `code` and the formatted text, followed by libgit2's message of its last failure.
 * Returns `code`. */
int store_error(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Appends blob `id` to `out` and stores its size in `*size`. Returns 0; ERR_INVALID, without a
 * text, if it has more than `limit` bytes (0: no limit); ERR_FAILED if it cannot be read.
 */
int store_read_blob(
	struct repo *repo, const git_oid *id, size_t limit, struct buf *out, size_t *size);

/*
 * Stores the entry at `path` below the tree `top` in `*out`, which the caller frees. `commit` is
 * used only in error texts. Returns 0; ERR_NOT_FOUND if a tree that was read does not have the
 * name; or another negative code. It reads one tree after another, because git_tree_entry_bypath()
 * returns GIT_ENOTFOUND also for a tree that cannot be read.
 */
int store_find_entry(struct repo *repo, const git_tree *top, const char *path, git_tree_entry **out,
	const struct oid *commit, struct error *err);

/* A file (or a symbolic link, or a submodule) that differs between two trees. */
struct tree_change {
	const char *path;
	const git_oid *before, *after; /* NULL: that tree does not have the file */
	unsigned mode;                 /* in the second tree; 0: it does not have the file */
};

/*
 * Calls `each` for each file that differs between the trees (NULL: no files) in content or mode, in
 * the order of the paths. Directories that are the same are not read. Stops when `each` returns
 * non-zero, and returns that; returns a negative code, with `err` set, if a directory cannot be
 * read or is inside too many others.
 */
int store_compare_trees(struct repo *repo, const git_tree *before, const git_tree *after,
	int (*each)(const struct tree_change *change, void *data), void *data, struct error *err);

/* Appends the content of packed-refs to `out`: nothing if there is no such file. */
int store_packed_refs(struct repo *repo, struct buf *out, struct error *err);
/* Stores all names of refs that begin with `prefix` in `names`, sorted; a ref that is both loose
 * and packed is there twice. Release `names` as after file_list_read(). */
int store_ref_names(
	struct repo *repo, const char *prefix, struct file_list *names, struct error *err);

/* Is this the valid content of the file of a ref? */
bool store_is_ref_text(const struct buf *text);
/* Restores the HEAD of a clone if it is damaged, and stores a report in repo->repaired. Called by
 * repo_open(). */
int store_repair_head(struct repo *repo, struct error *err);
/* Removes the damaged lines of packed-refs. Returns 1 if there were any, 0, or a negative code. */
int store_repair_packed_refs(struct repo *repo, struct error *err);
/* Replaces the content of the file `path`, `old`, by `new`, after writing `old` to damaged/ in the
 * state directory; stores the path of that file in `kept`. */
int store_replace_damaged(struct repo *repo, const char *path, const struct buf *old,
	const struct buf *new, struct buf *kept, struct error *err);

/* Reads all settings, so that reading one later cannot fail. Called by repo_open(), and after each
 * change of a setting. Returns ERR_FAILED if a file exists but cannot be read. */
int store_load_settings(struct repo *repo, struct error *err);
void store_forget_settings(struct repo *repo);

git_oid store_git_oid(const struct oid *oid);
struct oid store_oid(const git_oid *oid);

struct remote_settings;
/* Like remote_fetch(), without repairing a damaged clone. */
int store_fetch(struct repo *repo, const struct remote_settings *remote,
	const char *const *refspecs, struct error *err);

#endif
