#include "git/worktree.h"

#include "git/internal.h"

#include "base/file.h"
#include "git/history.h"
#include "git/run.h"
#include "git/state.h"
#include "locks/stale_locks.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TIMEOUT_MS = 60000, FILE_LIMIT = 256 << 20, LOCK_WAIT_MS = 300 };

static int need_work_tree(const struct repo *repo, struct error *err)
{
	if (repo->place.work_tree)
		return 0;
	return error_set(err, ERR_INVALID, "%s is bare: it has no worktree", repo->place.git_dir);
}

/* Runs git in the worktree. With `theirs`, uses the index that a surrounding hook names. */
static int run_git(struct repo *repo, const char *const *argv, bool theirs, struct buf *output,
	struct buf *errors, struct error *err)
{
	struct buf index = BUF_INIT;
	const char *name = getenv("GIT_INDEX_FILE");
	buf_addf(&index, "GIT_INDEX_FILE=%s", name ? name : "");
	const char *environment[] = { theirs && name ? index.data : NULL, NULL };
	struct git_call call = { .argv = argv,
		.git_dir = repo->place.git_dir,
		.work_tree = repo->place.work_tree,
		.directory = repo->place.work_tree,
		.environment = environment,
		.output = output,
		.errors = errors,
		.timeout_ms = TIMEOUT_MS };
	int rc = git_run(&call, err);
	buf_release(&index);
	return rc;
}

/* Returns 1 if git succeeds, 0 if it fails, or a negative code. `output` may be NULL. */
static int try_git(struct repo *repo, const char *const *argv, struct buf *output,
	struct buf *errors, struct error *err)
{
	struct buf ignored = BUF_INIT;
	int rc = run_git(repo, argv, false, output, errors ? errors : &ignored, err);
	buf_release(&ignored);
	return rc < 0 ? rc : !rc;
}

/* Updates the index and the worktree like a fast-forward, in half the time of `git merge`. Also
 * returns 0 if a file only seems to be changed, since the contents are not compared. */
static int read_tree(
	struct repo *repo, const struct oid *from, const struct oid *to, struct error *err)
{
	const char *argv[] = { "git", "read-tree", "-m", "-u", from->hex, to->hex, NULL };
	return try_git(repo, argv, NULL, NULL, err);
}

static int merge_forward(
	struct repo *repo, const struct oid *to, struct buf *errors, struct error *err)
{
	const char *argv[] = { "git", "-c", "core.hooksPath=/dev/null", "merge", "--ff-only",
		"--quiet", to->hex, NULL };
	return try_git(repo, argv, NULL, errors, err);
}

/* Removes the stale locks of a killed git process, without waiting long: a lock that may be held is
 * kept for the next time. Returns whether the index was locked, and is not any more: that process
 * may have been updating the worktree. */
static bool unlock(struct repo *repo, const char *branch)
{
	struct buf paths[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
	bool locked = false, was_updating = false;
	buf_addf(&paths[0], "%s/index.lock", repo->place.git_dir);
	buf_addf(&paths[1], "%s/HEAD.lock", repo->place.git_dir);
	buf_addf(&paths[2], "%s/%s.lock", repo->place.common_dir, branch);
	for (size_t i = 0; i < 3; i++) {
		locked = locked || !access(paths[i].data, F_OK);
		was_updating = was_updating || (!i && locked);
	}
	if (locked)
		stale_locks_remove(&repo->place, LOCK_WAIT_MS);
	was_updating = was_updating && access(paths[0].data, F_OK) < 0;
	for (size_t i = 0; i < 3; i++)
		buf_release(&paths[i]);
	return was_updating;
}

/* ---- files of a checkout that was killed ---- */

/* A file of the worktree, compared with the versions of that file on the shared branch. */
struct written {
	struct repo *repo;
	const char *path;
	const struct buf *content;
};

/* Is the file equal to its version in the commit, or to the beginning of it? */
static int is_beginning(const struct oid *id, void *data)
{
	const struct written *w = data;
	struct buf published = BUF_INIT;
	int rc = repo_read(w->repo, id, w->path, 0, &published, NULL, NULL);
	bool is = !rc && w->content->len <= published.len &&
		!memcmp(w->content->data, published.data, w->content->len);
	buf_release(&published);
	return is;
}

/*
 * Restores `path` to its version at `now` if a killed checkout has written it, that is, if it is
 * equal to (the beginning of) a version on the shared branch after `now`, up to `tip`. Such a
 * version is published, so the user loses nothing.
 */
static void take_back_file(
	struct repo *repo, const char *path, const struct oid *now, const struct oid *tip)
{
	struct buf full = BUF_INIT, content = BUF_INIT, before = BUF_INIT;
	struct written written = { repo, path, &content };
	const char *restore[] = { "git", "checkout-index", "-f", "-u", "--", path, NULL };
	buf_addf(&full, "%s/%s", repo->place.work_tree, path);
	int rc = file_read(&content, full.data, FILE_LIMIT, NULL);
	int had = rc ? rc : repo_read(repo, now, path, 0, &before, NULL, NULL);
	bool dirty = !had &&
		(before.len != content.len || memcmp(before.data, content.data, content.len) != 0);
	if ((dirty || had == ERR_NOT_FOUND) && !rc &&
		history_each_new(repo, tip, now, 1, NULL, is_beginning, &written, NULL) == 1) {
		if (dirty)
			try_git(repo, restore, NULL, NULL, NULL);
		else
			unlink(full.data);
	}
	buf_release(&full);
	buf_release(&content);
	buf_release(&before);
}

/* The same for every file that differs between the two. */
static void take_back(struct repo *repo, const struct oid *now, const struct oid *tip)
{
	const char *argv[] = { "git", "diff-tree", "-r", "-z", "--name-only", "--no-renames",
		now->hex, tip->hex, NULL };
	struct buf names = BUF_INIT;
	if (try_git(repo, argv, &names, NULL, NULL) == 1)
		for (const char *path = names.data; path < names.data + names.len;
			path += strlen(path) + 1)
			take_back_file(repo, path, now, tip);
	buf_release(&names);
}

/* ---- an index of a checkout that was killed ---- */

/* Searches for a commit with a given tree. */
struct search {
	struct repo *repo;
	struct oid tree, found;
};

static int has_tree(const struct oid *id, void *data)
{
	struct search *search = data;
	struct commit commit = { .message = BUF_INIT };
	int rc = repo_commit(search->repo, id, &commit, NULL);
	if (!rc && oid_equal(&commit.tree, &search->tree)) {
		search->found = *id;
		rc = 1;
	}
	buf_release(&commit.message);
	return rc;
}

/*
 * A process that was killed while it updated the worktree may have left the index and the files at
 * a newer commit than the branch. If that commit is published, continues from there, which loses
 * no changes. Returns 1 if this was the case.
 */
static int resume(
	struct repo *repo, const struct oid *now, const struct oid *tip, struct error *err)
{
	const char *argv[] = { "git", "write-tree", NULL };
	struct search search = { .repo = repo };
	struct buf output = BUF_INIT;
	int rc = run_git(repo, argv, true, &output, NULL, NULL);
	buf_trim(&output);
	if (!rc && oid_parse(&search.tree, output.data))
		history_each_new(repo, tip, now, 1, NULL, has_tree, &search, NULL);
	buf_release(&output);
	return oid_is_none(&search.found) ? 0 : read_tree(repo, &search.found, tip, err);
}

/*
 * Fast-forwards the index and the worktree: 1 if it has succeeded, otherwise 0 or a negative code.
 * `was_killed`: a process was killed while it did this, so that a file may have been written partly;
 * without that, such a file is a change of the user. <state dir>/checkout exists while it is done.
 */
static int move_files(struct repo *repo, const struct oid *now, const struct oid *tip,
	bool was_killed, struct error *err)
{
	struct buf mark = BUF_INIT;
	state_path(&mark, repo, "checkout");
	was_killed = was_killed || !access(mark.data, F_OK);
	int rc = state_write(repo, "checkout", "", false, err);
	if (!rc)
		rc = read_tree(repo, now, tip, err);
	if (!rc)
		rc = resume(repo, now, tip, err);
	if (!rc && was_killed) {
		take_back(repo, now, tip);
		rc = read_tree(repo, now, tip, err);
	}
	file_remove(mark.data, NULL);
	buf_release(&mark);
	return rc;
}

static int not_followed(const char *branch, struct buf *errors, struct error *err)
{
	buf_trim(errors);
	return error_set(err, ERR_FAILED, "git cannot update the worktree: %s",
		errors->len ? errors->data : branch);
}

int worktree_follow(struct repo *repo, const char *branch, const struct oid *tip, struct error *err)
{
	struct buf head = BUF_INIT, errors = BUF_INIT;
	struct oid now = OID_NONE;
	int rc = 0;
	if (!repo->place.work_tree || repo_head_branch(repo, &head, NULL) < 0 ||
		strcmp(head.data, branch))
		goto done;
	/* A branch without a commit is updated, too: in a clone of an empty repository. */
	rc = repo_ref(repo, branch, &now, err);
	bool exists = !rc;
	if ((rc < 0 && rc != ERR_NOT_FOUND) || (exists && oid_equal(&now, tip)))
		goto done;
	rc = 0;
	bool forward = exists && repo_is_ancestor(repo, &now, tip, NULL) == 1;
	if (exists && !forward && repo_is_ancestor(repo, tip, &now, NULL) == 1)
		goto done;
	bool was_killed = unlock(repo, branch);
	if (forward)
		rc = move_files(repo, &now, tip, was_killed, err);
	if (rc == 1)
		rc = repo_ref_update(repo, branch, tip, &now, "git-build: fast-forward", err) < 0
			? ERR_FAILED
			: 1;
	else if (!rc)
		rc = merge_forward(repo, tip, &errors, err);
	if (!rc && forward)
		rc = not_followed(branch, &errors, err);
done:
	buf_release(&head);
	buf_release(&errors);
	return rc;
}

int worktree_each_file(struct repo *repo, bool staged, int (*each)(const char *path, void *data),
	void *data, struct error *err)
{
	static const char *const known[] = { "git", "ls-files", "-z", "--cached", "--others",
		"--exclude-standard", "--deduplicate", NULL };
	static const char *const in_index[] = { "git", "diff", "--cached", "--name-only", "-z",
		"--no-renames", "--diff-filter=d", NULL };
	struct buf output = BUF_INIT;
	int rc = need_work_tree(repo, err);
	if (!rc)
		rc = run_git(repo, staged ? in_index : known, true, &output, NULL, err);
	for (const char *path = output.data; !rc && path < output.data + output.len;
		path += strlen(path) + 1)
		rc = each(path, data);
	buf_release(&output);
	return rc;
}

/* 1, 0, or a negative code. */
static int is_in_index(struct repo *repo, const char *path, struct error *err)
{
	struct buf found = BUF_INIT;
	const char *argv[] = { "git", "--literal-pathspecs", "ls-files", "-z", "--cached", "--",
		path, NULL };
	int rc = run_git(repo, argv, true, &found, NULL, err);
	rc = rc < 0 ? rc : found.len && !strcmp(found.data, path);
	buf_release(&found);
	return rc;
}

int worktree_read_staged(struct repo *repo, const char *path, struct buf *out, struct error *err)
{
	struct buf name = BUF_INIT;
	buf_addf(&name, ":0:%s", path);
	const char *argv[] = { "git", "cat-file", "blob", name.data, NULL };
	struct error why = ERROR_INIT;
	int rc = run_git(repo, argv, true, out, NULL, &why);
	int known = rc ? is_in_index(repo, path, err) : 1;
	if (!known)
		rc = error_set(err, ERR_NOT_FOUND, "%s: not in the index", path);
	else if (known > 0 && rc)
		error_set(err, rc, "%s", why.text);
	buf_release(&name);
	return known < 0 ? known : rc;
}

static int look_up(const char **value, struct repo *repo, const char *path, const char *name,
	struct error *err)
{
	if (git_attr_get(value, repo->git, GIT_ATTR_CHECK_FILE_THEN_INDEX, path, name) < 0)
		return store_error(err, ERR_FAILED, "cannot read the attributes of %s", path);
	return 0;
}

int worktree_attribute(
	struct repo *repo, const char *path, const char *name, struct buf *out, struct error *err)
{
	const char *value = NULL;
	buf_reset(out);
	int rc = look_up(&value, repo, path, name, err);
	if (rc < 0 || git_attr_value(value) != GIT_ATTR_VALUE_STRING)
		return rc;
	buf_addstr(out, value);
	return 1;
}

int worktree_attribute_is_unset(
	struct repo *repo, const char *path, const char *name, struct error *err)
{
	const char *value = NULL;
	int rc = look_up(&value, repo, path, name, err);
	return rc < 0 ? rc : git_attr_value(value) == GIT_ATTR_VALUE_FALSE;
}

bool worktree_index_is_damaged(struct repo *repo)
{
	struct buf path = BUF_INIT;
	git_index *index = NULL;
	buf_addf(&path, "%s/index", repo->place.git_dir);
	bool damaged = git_index_open(&index, path.data) < 0;
	git_index_free(index);
	buf_release(&path);
	return damaged;
}
