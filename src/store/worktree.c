#include "store/worktree.h"

#include "store/internal.h"

#include "base/child.h"
#include "store/history.h"

#include <string.h>

enum { TIMEOUT_MS = 60000, OUTPUT_LIMIT = 1 << 30 };

/* Runs git at the top of the work tree, with its own eyes for where that is. */
static int run_git(struct repo *repo, const char *const *argv, struct buf *output, int *status,
	struct error *err)
{
	/* What a hook or `git -C` around us has set holds for this repository as well. */
	static const char *const environment[] = { "GIT_PREFIX", "LC_ALL=C", NULL };
	struct buf errors = BUF_INIT;
	struct child child = { .argv = argv,
		.folder = repo->work_tree,
		.environment = environment,
		.timeout_ms = TIMEOUT_MS,
		.output = output,
		.errors = &errors,
		.output_limit = OUTPUT_LIMIT };
	int rc = child_run(&child, status, err);
	buf_trim(&errors);
	if (!rc && *status)
		rc = error_set(err, ERR_FAILED, "git %s failed: %s", argv[1], errors.data);
	buf_release(&errors);
	return rc;
}

static int need_work_tree(const struct repo *repo, struct error *err)
{
	if (repo->work_tree)
		return 0;
	return error_set(err, ERR_INVALID, "%s is bare: it has no work tree", repo->git_dir);
}

/* Runs git in the work tree, whatever a hook or an alias around us has set: 1 if it succeeds, 0 if
 * it does not, or a negative code. */
static int try_git(struct repo *repo, const char *const *argv, struct error *err)
{
	static const char *const environment[] = { "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE",
		"GIT_PREFIX", "LC_ALL=C", NULL };
	struct buf ignored = BUF_INIT;
	struct child child = { .argv = argv,
		.folder = repo->work_tree,
		.environment = environment,
		.timeout_ms = TIMEOUT_MS,
		.output = &ignored,
		.errors = &ignored };
	int status, rc = child_run(&child, &status, err);
	buf_release(&ignored);
	return rc < 0 ? rc : status == 0;
}

/* What a fast-forward does with index and work tree, in half the time of `git merge`; 0 also where
 * a file only looks changed, since nothing is compared by content. */
static int read_tree(
	struct repo *repo, const struct oid *from, const struct oid *to, struct error *err)
{
	const char *argv[] = { "git", "read-tree", "-m", "-u", from->hex, to->hex, NULL };
	return try_git(repo, argv, err);
}

static int merge_forward(struct repo *repo, const struct oid *to, struct error *err)
{
	const char *argv[] = { "git", "-c", "core.hooksPath=/dev/null", "merge", "--ff-only",
		"--quiet", to->hex, NULL };
	return try_git(repo, argv, err);
}

/* Looks for a commit with a certain tree. */
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
 * A process that was killed in the middle of following has left the index, and the files, at a
 * commit that the branch does not stand on yet. It is one that is published, so nothing of
 * anybody's is lost by going on from there: 1 if that was it.
 */
static int resume(
	struct repo *repo, const struct oid *now, const struct oid *tip, struct error *err)
{
	const char *argv[] = { "git", "write-tree", NULL };
	struct search search = { .repo = repo };
	struct buf output = BUF_INIT;
	int status, rc = run_git(repo, argv, &output, &status, NULL);
	buf_trim(&output);
	if (!rc && oid_parse(&search.tree, output.data))
		history_each_new(repo, tip, now, 1, NULL, has_tree, &search, NULL);
	buf_release(&output);
	return oid_is_none(&search.found) ? 0 : read_tree(repo, &search.found, tip, err);
}

int worktree_follow(struct repo *repo, const char *branch, const struct oid *tip, struct error *err)
{
	struct buf head = BUF_INIT;
	struct oid now = OID_NONE;
	int rc = 0;
	if (!repo->work_tree || repo_head_branch(repo, &head, NULL) < 0 ||
		strcmp(head.data, branch))
		goto done;
	/* A branch without a commit follows too: a clone of what was an empty repository. */
	rc = repo_ref(repo, branch, &now, err);
	bool stands = !rc;
	if ((rc < 0 && rc != ERR_NOT_FOUND) || (stands && oid_equal(&now, tip)))
		goto done;
	rc = 0;
	/* One in 256, by its name, goes through `git merge`, which packs the clone now and then. */
	bool quick = stands && strncmp(tip->hex, "00", 2) != 0 &&
		repo_is_ancestor(repo, &now, tip, NULL) == 1;
	if (quick)
		rc = read_tree(repo, &now, tip, err);
	if (quick && !rc)
		rc = resume(repo, &now, tip, err);
	if (rc == 1)
		rc = repo_ref_update(repo, branch, tip, &now, "git-build: fast-forward", err) < 0
			? ERR_FAILED
			: 1;
	else if (!rc)
		rc = merge_forward(repo, tip, err);
done:
	buf_release(&head);
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
	int status, rc = need_work_tree(repo, err);
	if (!rc)
		rc = run_git(repo, staged ? in_index : known, &output, &status, err);
	for (const char *path = output.data; !rc && path < output.data + output.len;
		path += strlen(path) + 1)
		rc = each(path, data);
	buf_release(&output);
	return rc;
}

int worktree_read_staged(struct repo *repo, const char *path, struct buf *out, struct error *err)
{
	struct buf name = BUF_INIT;
	int status;
	buf_addf(&name, ":0:%s", path);
	const char *argv[] = { "git", "cat-file", "blob", name.data, NULL };
	int rc = run_git(repo, argv, out, &status, err);
	buf_release(&name);
	return rc;
}

int worktree_attribute(
	struct repo *repo, const char *path, const char *name, struct buf *out, struct error *err)
{
	const char *value = NULL;
	buf_reset(out);
	if (git_attr_get(&value, repo->git, GIT_ATTR_CHECK_FILE_THEN_INDEX, path, name) < 0)
		return store_error(err, ERR_FAILED, "cannot read the attributes of %s", path);
	if (git_attr_value(value) != GIT_ATTR_VALUE_STRING)
		return 0;
	buf_addstr(out, value);
	return 1;
}
