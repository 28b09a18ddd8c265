/*
 * A git repository, as far as git-build needs one: settings, refs, and the objects behind them.
 *
 * Objects go through libgit2, with no process started; nothing here talks to another machine (see
 * remote/remote.h) and nothing reads or writes the index or the work tree. libgit2's types stay
 * inside this floor.
 *
 * Objects that are read are believed to be what they are called, as git itself believes;
 * git-fsck(1) computes it again. It would double what reading a large file costs.
 *
 * SHA-1 repositories with files as ref storage are what libgit2 1.5 opens; SHA-256, reftable and
 * partial clones are refused by name (gitformat: https://git-scm.com/docs/repository-version).
 */
#ifndef GIT_REPO_H
#define GIT_REPO_H

#include "base/buf.h"
#include "locks/place.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct repo;

/*
 * "Not there" is a finding. ERR_NOT_FOUND means: the place that would hold it was read, and it does
 * not. A commit, a tree or a file that something names and that cannot be read is damage, and
 * ERR_FAILED; so is any other failure.
 */

/* An object's name: 40 hexadecimal digits in lower case, or "" for none. */
struct oid {
	char hex[41];
};
extern const struct oid OID_NONE;
static inline bool oid_is_none(const struct oid *oid)
{
	return !oid->hex[0];
}
bool oid_equal(const struct oid *a, const struct oid *b);
/* Is `text` 40 hexadecimal digits? Then `*out` is it in lower case. Forty zeros are OID_NONE. */
bool oid_parse(struct oid *out, const char *text);

/*
 * Opens the repository that git would use in `folder` (NULL: the current folder): GIT_DIR and a
 * hook's quarantine are honoured, worktrees and bare repositories are opened as such. `*out` is
 * yours, to be given to repo_close(). ERR_NOT_FOUND: there is none. ERR_INVALID: libgit2 cannot
 * open its format, or git's safe.directory forbids it; the text says what would help.
 */
int repo_open(struct repo **out, const char *directory, struct error *err);
/* Opens the repository that `repo` is once more: each thread needs one of its own. */
int repo_open_again(struct repo **out, const struct repo *repo, struct error *err);
/* NULL is fine. */
void repo_close(struct repo *repo);

/* The git folder of this work tree (…/.git, …/.git/worktrees/x, or the bare repository itself) and
 * the one all its work trees share; absolute, without a slash at the end. Borrowed. */
const char *repo_git_dir(const struct repo *repo);
const char *repo_common_dir(const struct repo *repo);
/* The work tree's folder, absolute, without a slash at the end; NULL if the repository is bare. */
const char *repo_work_tree(const struct repo *repo);
/* Where git-build keeps what concerns this clone alone: <common dir>/git-build. Borrowed. */
const char *repo_state_dir(const struct repo *repo);
/* All of these, and the clone's lock, for the functions of locks/. Borrowed. */
struct lock_place *repo_place(struct repo *repo);

/* ---- settings: git config, with `git -c` and GIT_CONFIG_* as git itself sees them ---- */

/* The last value of `key` ("build.server") replaces `out`; false, and `out` empty, if there is
 * none. */
bool repo_config(struct repo *repo, const char *key, struct buf *out);
/* A whole number (git's k, m, g understood) from `least` to `most`; `*out` stays if it is not set.
 * ERR_INVALID names the key, the value and what would be right. */
int repo_config_int(struct repo *repo, const char *key, int64_t least, int64_t most, int64_t *out,
	struct error *err);
/* As repo_config_int for git's booleans. */
int repo_config_bool(struct repo *repo, const char *key, bool *out, struct error *err);
/* Every value of a key that may stand several times, in order, to `each`, until it returns
 * non-zero, which is then returned. */
int repo_config_each(
	struct repo *repo, const char *key, int (*each)(const char *value, void *data), void *data);
/* Sets `key` in the repository's own config, or takes it away (value NULL; no failure if unset). */
int repo_config_set(struct repo *repo, const char *key, const char *value, struct error *err);

struct config_change {
	const char *key, *value;
};
/* The same for `count` of them in one write: after a kill all are set or none. */
int repo_config_set_all(
	struct repo *repo, const struct config_change *changes, size_t count, struct error *err);

/* ---- refs ---- */

/* What ref `name` ("refs/heads/main", "HEAD") points at, as a commit. ERR_NOT_FOUND. */
int repo_ref(struct repo *repo, const char *name, struct oid *out, struct error *err);
/* The name of the branch that HEAD stands on ("refs/heads/main") replaces `out`; ERR_NOT_FOUND if
 * it is detached. The branch need not have a commit yet. */
int repo_head_branch(struct repo *repo, struct buf *out, struct error *err);
/* Lets HEAD stand on branch `name` ("refs/heads/main"), which need not have a commit yet. Index and
 * work tree are not touched. */
int repo_set_head(struct repo *repo, const char *name, struct error *err);
/*
 * Moves ref `name` from `old` (OID_NONE: it must not exist yet) to `new` (OID_NONE: deletes it),
 * and writes `why` into its reflog. ERR_LOST_RACE if it stood elsewhere, ERR_BUSY if another
 * process has locked it for more than a second.
 */
int repo_ref_update(struct repo *repo, const char *name, const struct oid *new,
	const struct oid *old, const char *why, struct error *err);
/* Every ref whose name starts with `prefix`, in the order of their names, until `each` returns
 * non-zero, which is then returned. */
int repo_ref_each(struct repo *repo, const char *prefix,
	int (*each)(const char *name, const struct oid *oid, void *data), void *data,
	struct error *err);
/* The commit that `revision` (as git rev-parse reads it) names. ERR_NOT_FOUND. */
int repo_resolve(struct repo *repo, const char *revision, struct oid *out, struct error *err);

/* What a range names: "A..B" the commits after A up to B, "A.." up to HEAD, "B" all up to B (then
 * `*from` is OID_NONE, as for forty zeros). ERR_NOT_FOUND. */
int repo_resolve_range(
	struct repo *repo, const char *range, struct oid *from, struct oid *to, struct error *err);

/* May a branch be called `branch` ("heartbeat-build1"), as git check-ref-format --branch says? */
bool repo_branch_name_ok(const char *branch);

/* ---- reading ---- */

/*
 * Appends the file `path` of `commit` to `out`, and its blob's name to `*blob` (may be NULL).
 * ERR_NOT_FOUND: no such path. ERR_INVALID: it is a folder, a symbolic link or a submodule, or
 * larger than `limit` bytes (0: no limit); the text reads "REF:path" with `commit` abbreviated.
 */
int repo_read(struct repo *repo, const struct oid *commit, const char *path, size_t limit,
	struct buf *out, struct oid *blob, struct error *err);

/* The name of what stands at `path` in `commit`, a file or a folder. ERR_NOT_FOUND. */
int repo_find(struct repo *repo, const struct oid *commit, const char *path, struct oid *out,
	struct error *err);

struct entry {
	const char *name; /* within its folder */
	unsigned mode;    /* as git has it: 0100644, 0100755, 0120000, 040000, 0160000 */
	struct oid oid;
};
/* The entries of `folder` ("" for the top) in `commit`, in git's order, until `each` returns
 * non-zero, which is then returned. ERR_NOT_FOUND: no such folder. */
int repo_list(struct repo *repo, const struct oid *commit, const char *directory,
	int (*each)(const struct entry *entry, void *data), void *data, struct error *err);

struct commit {
	struct oid id, tree;
	struct oid parent; /* the first; OID_NONE for a root */
	unsigned parents;  /* how many it has; see repo_parent() */
	int64_t time;      /* the committer's, seconds since 1970 */
	struct buf message;
};
/* Reads `id` into `*out`, whose message (BUF_INIT or reused) is replaced. */
int repo_commit(struct repo *repo, const struct oid *id, struct commit *out, struct error *err);
/* Does this repository have the object `id`? 1, 0, or a negative code. */
int repo_has(struct repo *repo, const struct oid *id, struct error *err);
/* The parent `number`, counted from 0, of commit `id`. ERR_NOT_FOUND if it has not so many. */
int repo_parent(struct repo *repo, const struct oid *id, unsigned number, struct oid *out,
	struct error *err);
/* Is `ancestor` reachable from `tip` (or the same)? 1, 0, or a negative code. */
int repo_is_ancestor(
	struct repo *repo, const struct oid *ancestor, const struct oid *tip, struct error *err);

/* ---- writing commits, with no index and no work tree ---- */

struct change {
	const char *path; /* "build1/status.json": no empty, "." or ".." parts, no ".git" */
	const char *data; /* the file's new content; NULL: the file is removed */
	size_t len;
};

struct commit_plan {
	struct oid
		base; /* the commit whose tree the changes are made to; OID_NONE: an empty tree */
	const struct oid *parents;
	size_t parents_count;
	const struct change *changes;
	size_t changes_count;
	const char *message;
	const char *fallback_name; /* who commits where user.name and user.email are not set */
	int64_t time;              /* seconds since 1970 */
};

/*
 * Writes the blobs, trees and commit of `plan`; `*out` is the commit. No ref moves. A file that
 * stands keeps its mode; a new one is 100644. The objects are on disk before this returns.
 * ERR_INVALID: a path that git cannot hold, or that needs a folder where a file stands. A full or
 * read-only disk is ERR_FAILED and leaves no broken object.
 */
int repo_write_commit(
	struct repo *repo, struct oid *out, const struct commit_plan *plan, struct error *err);
/* A commit with the tree of `of`, with `parent` (OID_NONE: a root), and its message or `message`
 * where that is not NULL. */
int repo_rewrite_commit(struct repo *repo, struct oid *out, const struct oid *of,
	const struct oid *parent, const char *message, struct error *err);

#endif
