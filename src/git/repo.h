/*
 * A git repository: its settings, refs and objects.
 *
 * Objects are read and written with libgit2, without starting a process. Nothing here uses the
 * network (see remote/remote.h), the index or the worktree. libgit2's types are private to this
 * layer.
 *
 * The hashes of objects are not verified when they are read, as in git itself; git-fsck(1) does
 * that. It would double the time to read a large file.
 *
 * libgit2 1.5 opens only SHA-1 repositories with refs in files. SHA-256, reftable and partial
 * clones are refused, with the reason (https://git-scm.com/docs/repository-version).
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
 * A failure is never reported as absence. ERR_NOT_FOUND means that the container of the thing was
 * read and does not have it. If a commit, tree or file that is named somewhere cannot be read, the
 * repository is damaged: this, like any other failure, is ERR_FAILED.
 */

/* The ID of an object: 40 hexadecimal digits in lower case, or "" for none. */
struct oid {
	char hex[41];
};
extern const struct oid OID_NONE;
static inline bool oid_is_none(const struct oid *oid)
{
	return !oid->hex[0];
}
bool oid_equal(const struct oid *a, const struct oid *b);
/* Parses an ID of 40 hexadecimal digits, and stores it in lower case; 40 zeros are OID_NONE.
 * Returns false if `text` is not an ID. */
bool oid_parse(struct oid *out, const char *text);

/*
 * Opens the repository that git would use in `directory` (NULL: the current directory). GIT_DIR and
 * the quarantine of a hook are respected; linked worktrees and bare repositories are supported.
 * Returns 0; ERR_NOT_FOUND if there is no repository; ERR_INVALID if libgit2 cannot open its
 * format, or git's safe.directory forbids it, with a solution in the text. Release `*out` with
 * repo_close().
 */
int repo_open(struct repo **out, const char *directory, struct error *err);
/* Opens the repository of `repo` again: each thread needs a separate handle. */
int repo_open_again(struct repo **out, const struct repo *repo, struct error *err);
/* Does nothing if `repo` is NULL. */
void repo_close(struct repo *repo);

/* The git directory of this worktree (…/.git, …/.git/worktrees/x, or the bare repository itself),
 * and the one that all worktrees share; absolute, without a slash at the end. Borrowed. */
const char *repo_git_dir(const struct repo *repo);
const char *repo_common_dir(const struct repo *repo);
/* The top directory of the worktree, absolute, without a slash at the end; NULL if the repository
 * is bare. Borrowed. */
const char *repo_work_tree(const struct repo *repo);
/* The directory for git-build's state of this clone: <common dir>/git-build. Borrowed. */
const char *repo_state_dir(const struct repo *repo);
/* All of these, and the clone's lock, for the functions of locks/. Borrowed. */
struct lock_place *repo_place(struct repo *repo);

/* ---- settings: git config, including `git -c` and GIT_CONFIG_* ---- */

/* Stores the last value of `key` ("build.server") in `out`. Returns false, and makes `out` empty,
 * if there is none. */
bool repo_config(struct repo *repo, const char *key, struct buf *out);
/* Stores a whole number (with git's suffixes k, m, g) from `least` to `most` in `*out`, which does
 * not change if the key is not set. ERR_INVALID has the key, the value and the valid range in its
 * text. */
int repo_config_int(struct repo *repo, const char *key, int64_t least, int64_t most, int64_t *out,
	struct error *err);
/* Like repo_config_int(), for git's booleans. */
int repo_config_bool(struct repo *repo, const char *key, bool *out, struct error *err);
/* Calls `each` for every value of `key`, in order. Stops when `each` returns non-zero, and returns
 * that. */
int repo_config_each(
	struct repo *repo, const char *key, int (*each)(const char *value, void *data), void *data);
/* Sets `key` in the config of the repository, or removes it if `value` is NULL (not a failure if
 * it is not set). */
int repo_config_set(struct repo *repo, const char *key, const char *value, struct error *err);

struct config_change {
	const char *key, *value;
};
/* The same for `count` settings in one write: if the process is killed, all or none are set. */
int repo_config_set_all(
	struct repo *repo, const struct config_change *changes, size_t count, struct error *err);

/* Changes the umask of this process, so that other accounts can use the files that it creates, if
 * core.sharedRepository asks for that. A directory that they can read can also be searched. */
void repo_share_files(struct repo *repo);

/* ---- refs ---- */

/* Stores the commit that ref `name` ("refs/heads/main", "HEAD") points to in `*out`. Returns 0,
 * ERR_NOT_FOUND, or another negative code. */
int repo_ref(struct repo *repo, const char *name, struct oid *out, struct error *err);
/* The same, but returns 0 and stores OID_NONE if the ref does not exist, and only then. */
int repo_ref_or_none(struct repo *repo, const char *name, struct oid *out, struct error *err);
/* The same for the remote-tracking ref of `branch`. */
int repo_tracking_ref(struct repo *repo, const char *remote, const char *branch, struct oid *out,
	struct error *err);
/* Stores the name of the branch that HEAD points to ("refs/heads/main") in `out`. The branch need
 * not have a commit yet. Returns ERR_NOT_FOUND if HEAD is detached. */
int repo_head_branch(struct repo *repo, struct buf *out, struct error *err);
/* Points HEAD to branch `name` ("refs/heads/main"), which need not have a commit yet. Does not
 * change the index or the worktree. */
int repo_set_head(struct repo *repo, const char *name, struct error *err);
/*
 * Updates ref `name` from `old` (OID_NONE: it must not exist yet) to `new` (OID_NONE: deletes it),
 * and writes `why` to its reflog. Returns 0; ERR_LOST_RACE if it points to another commit than
 * `old`; ERR_BUSY if another process has locked it for more than a second; or another negative
 * code.
 */
int repo_ref_update(struct repo *repo, const char *name, const struct oid *new,
	const struct oid *old, const char *why, struct error *err);
/* Calls `each` for every ref whose name begins with `prefix`, in the order of their names. Stops
 * when `each` returns non-zero, and returns that. */
int repo_ref_each(struct repo *repo, const char *prefix,
	int (*each)(const char *name, const struct oid *oid, void *data), void *data,
	struct error *err);
/* Stores the commit of `revision` (see git-rev-parse(1)) in `*out`. Returns 0, ERR_NOT_FOUND, or
 * another negative code. */
int repo_resolve(struct repo *repo, const char *revision, struct oid *out, struct error *err);

/* Parses a range of commits: "A..B" has the commits after A up to B, "A.." those up to HEAD, "B"
 * all up to B (`*from` is OID_NONE then, as for 40 zeros). Returns 0, ERR_NOT_FOUND, or another
 * negative code. */
int repo_resolve_range(
	struct repo *repo, const char *range, struct oid *from, struct oid *to, struct error *err);

/* Is `branch` ("heartbeat-build1") a valid name of a branch (git check-ref-format --branch)? */
bool repo_branch_name_ok(const char *branch);

/* ---- reading ---- */

/*
 * Appends the file `path` of `commit` to `out`, and stores the ID of its blob in `*blob` (may be
 * NULL). Returns 0; ERR_NOT_FOUND if there is no such path; ERR_INVALID if it is a directory, a
 * symbolic link or a submodule, or has more than `limit` bytes (0: no limit); or another negative
 * code. The text of the error has "COMMIT:path", with `commit` abbreviated.
 */
int repo_read(struct repo *repo, const struct oid *commit, const char *path, size_t limit,
	struct buf *out, struct oid *blob, struct error *err);

/* Stores the ID of the file or directory `path` in `commit` in `*out`. Returns 0, ERR_NOT_FOUND, or
 * another negative code. */
int repo_find(struct repo *repo, const struct oid *commit, const char *path, struct oid *out,
	struct error *err);

struct entry {
	const char *name; /* within its directory */
	unsigned mode;    /* of git: 0100644, 0100755, 0120000, 040000, 0160000 */
	struct oid oid;
};
/* Calls `each` for the entries of `directory` ("" for the top) in `commit`, in git's order. Stops
 * when `each` returns non-zero, and returns that. Returns ERR_NOT_FOUND if there is no such
 * directory. */
int repo_list(struct repo *repo, const struct oid *commit, const char *directory,
	int (*each)(const struct entry *entry, void *data), void *data, struct error *err);

struct commit {
	struct oid id, tree;
	struct oid parent; /* the first parent; OID_NONE for a root */
	unsigned parents;  /* the number of parents; see repo_parent() */
	int64_t time;      /* the committer's, seconds since 1970 */
	struct buf message;
};
/* Reads commit `id` into `*out`, and replaces its message (BUF_INIT or an earlier one). */
int repo_commit(struct repo *repo, const struct oid *id, struct commit *out, struct error *err);
/* Does this repository have the object `id`? 1, 0, or a negative code. */
int repo_has(struct repo *repo, const struct oid *id, struct error *err);
/* Stores parent `number`, counted from 0, of commit `id` in `*out`. Returns ERR_NOT_FOUND if the
 * commit has fewer parents. */
int repo_parent(struct repo *repo, const struct oid *id, unsigned number, struct oid *out,
	struct error *err);
/* Is `ancestor` reachable from `tip` (or the same)? 1, 0, or a negative code. */
int repo_is_ancestor(
	struct repo *repo, const struct oid *ancestor, const struct oid *tip, struct error *err);
/* Stores a merge base of two commits in `*out`. Returns ERR_NOT_FOUND if they have no common
 * ancestor. */
int repo_merge_base(struct repo *repo, const struct oid *a, const struct oid *b, struct oid *out,
	struct error *err);
/* Appends the author and the committer of commit `id`, each as "NAME <EMAIL>". */
int repo_people(struct repo *repo, const struct oid *id, struct buf *author, struct buf *committer,
	struct error *err);
/* Does the history of this clone end early, because it is shallow? 1, 0, or a negative code. */
int repo_is_shallow(struct repo *repo, struct error *err);

/* ---- writing commits, without an index or a worktree ---- */

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
	const char *fallback_name; /* the committer if user.name and user.email are not set */
	int64_t time;              /* seconds since 1970 */
};

/*
 * Writes the blobs, trees and commit of `plan`, and stores the ID of the commit in `*out`. Does not
 * update a ref. An existing file keeps its mode; a new one gets 100644. The objects are on disk
 * before this returns. Returns 0; ERR_INVALID if a path is not valid in git, or has a file as its
 * directory; ERR_FAILED, for example if the disk is full or read-only, without a broken object.
 */
int repo_write_commit(
	struct repo *repo, struct oid *out, const struct commit_plan *plan, struct error *err);
/* Writes a commit with the tree of commit `of`, with `parent` (OID_NONE: a root), and with
 * `message`, or the message of `of` if that is NULL. */
int repo_rewrite_commit(struct repo *repo, struct oid *out, const struct oid *of,
	const struct oid *parent, const char *message, struct error *err);

#endif
