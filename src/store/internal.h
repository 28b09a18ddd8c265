/* What the files of this floor know of each other's insides: libgit2's types stay behind it. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "store/repo.h"

#include <git2.h>

struct repo {
	git_repository *git;
	git_odb *odb;
	char *git_dir, *common_dir, *work_tree, *state_dir;
	/* Settings as `git config --list -z` prints them, where libgit2 would not see all that git
	 * sees; NULL: libgit2 is asked. */
	struct buf *listing;
	git_config *config; /* a snapshot; made at the first question, dropped at each change */
	bool has_exchanged; /* objects with a remote, since it was last tidied */
};

/* `code` with what libgit2 says about its last failure behind the formatted text. */
int store_error(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Appends blob `id` to `out`; `*size` is how many bytes it has. ERR_INVALID, without a text, where
 * that is more than `limit` (0: none), ERR_FAILED where it cannot be read.
 */
int store_read_blob(
	struct repo *repo, const git_oid *id, size_t limit, struct buf *out, size_t *size);

git_oid store_git_oid(const struct oid *oid);
struct oid store_oid(const git_oid *oid);

/* The environment in which git is to be run for `repo`: its folder, no prompts, plain English. Ends
 * with NULL; the array and its strings are to be given to store_free_environment(). */
char **store_git_environment(struct repo *repo);
void store_free_environment(char **environment);

#endif
