/* What the files of this floor know of each other's insides: libgit2's types stay behind it. */
#ifndef GIT_INTERNAL_H
#define GIT_INTERNAL_H

#include "git/repo.h"

#include <git2.h>

struct repo {
	git_repository *git;
	git_odb *odb;
	struct lock_place place;
	/* Settings as `git config --list -z` prints them, where libgit2 would not see all that git
	 * sees; NULL: libgit2 is asked. */
	struct buf *listing;
	git_config *config; /* a snapshot; made when the repository is opened, and at each change */
	bool has_exchanged; /* objects with a remote, since it was last tidied */
	/* For remote/repair.c. */
	struct buf *repaired; /* what is yet to be reported; or NULL */
	int64_t examined_ms; /* when the clone was last found whole, on the monotonic clock; or 0 */
};

/*
 * Starts libgit2 for one more repository, with an allocator that ends the process as xmalloc() does
 * if memory runs out. store_stop() is its counterpart, to be called once for each success.
 */
int store_start(struct error *err);
void store_stop(void);

/* `code` with what libgit2 says about its last failure behind the formatted text. */
int store_error(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Appends blob `id` to `out`; `*size` is how many bytes it has. ERR_INVALID, without a text, where
 * that is more than `limit` (0: none), ERR_FAILED where it cannot be read.
 */
int store_read_blob(
	struct repo *repo, const git_oid *id, size_t limit, struct buf *out, size_t *size);

/*
 * The entry at `path` below the tree `top` of `commit` (which only the texts name); `*out` is yours
 * to free. Goes down a tree at a time, since git_tree_entry_bypath() says GIT_ENOTFOUND for a tree
 * that cannot be read, too: ERR_NOT_FOUND is a name that a tree which was read does not have.
 */
int store_find_entry(struct repo *repo, const git_tree *top, const char *path, git_tree_entry **out,
	const struct oid *commit, struct error *err);

/* Appends packed-refs to `out`: nothing, if there is no such file. */
int store_packed_refs(struct repo *repo, struct buf *out, struct error *err);
/* All names that start with `prefix`, in their order; one that is both a file and packed is there
 * twice. `names` is as after file_list_read(). */
int store_ref_names(
	struct repo *repo, const char *prefix, struct file_list *names, struct error *err);

/* Reads all settings, so that asking for one cannot fail; repo_open() does, and what changes one. A
 * file that is there and cannot be read is ERR_FAILED. */
int store_load_settings(struct repo *repo, struct error *err);
void store_forget_settings(struct repo *repo);

git_oid store_git_oid(const struct oid *oid);
struct oid store_oid(const git_oid *oid);

struct remote_settings;
/* As remote_fetch(), without repairing a damaged clone. */
int store_fetch(struct repo *repo, const struct remote_settings *remote,
	const char *const *refspecs, struct error *err);

/* The environment in which git is to be run for `repo`: its folder, no prompts, plain English. Ends
 * with NULL; the array and its strings are to be given to store_free_environment(). */
char **store_git_environment(struct repo *repo);
void store_free_environment(char **environment);

#endif
