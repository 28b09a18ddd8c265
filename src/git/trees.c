/*
 * Compares two trees. git_diff_tree_to_tree() of libgit2 gives the same answer, but takes several times as long:
 * it reads the settings of the repository each time, and stores all files before it reports the first.
 */
#include "git/internal.h"

/* As in newer versions of git (core.maxTreeDepth). */
enum { MAX_TREE_DEPTH = 2048 };

struct comparison {
	struct repo *repo;
	struct buf path; /* of the directory, with a slash, or of the entry */
	int depth;
	int (*each)(const struct tree_change *change, void *data);
	void *data;
	struct error *err;
};

static int compare_trees(struct comparison *c, const git_tree *before, const git_tree *after);

static bool is_directory(const git_tree_entry *entry)
{
	return entry && git_tree_entry_type(entry) == GIT_OBJECT_TREE;
}

static bool is_same(const git_tree_entry *before, const git_tree_entry *after)
{
	return before && after &&
		git_tree_entry_filemode_raw(before) == git_tree_entry_filemode_raw(after) &&
		git_oid_equal(git_tree_entry_id(before), git_tree_entry_id(after));
}

/* Reads the tree of a directory; an entry that is NULL or a file has none. */
static int read_directory(struct comparison *c, const git_tree_entry *entry, git_tree **out)
{
	if (!is_directory(entry) || !git_tree_lookup(out, c->repo->git, git_tree_entry_id(entry)))
		return 0;
	return store_error(c->err, ERR_FAILED, "cannot read the directory %s", c->path.data);
}

static int compare_directories(
	struct comparison *c, const git_tree_entry *before, const git_tree_entry *after)
{
	git_tree *old = NULL, *new = NULL;
	if (c->depth == MAX_TREE_DEPTH)
		return error_set(c->err, ERR_FAILED,
			"the commit has more than %d directories inside each other",
			MAX_TREE_DEPTH);
	int rc = read_directory(c, before, &old);
	if (!rc)
		rc = read_directory(c, after, &new);
	buf_addch(&c->path, '/');
	c->depth++;
	if (!rc)
		rc = compare_trees(c, old, new);
	c->depth--;
	git_tree_free(old);
	git_tree_free(new);
	return rc;
}

static int report_file(
	struct comparison *c, const git_tree_entry *before, const git_tree_entry *after)
{
	struct tree_change change = { .path = c->path.data };
	if (before && !is_directory(before))
		change.before = git_tree_entry_id(before);
	if (after && !is_directory(after)) {
		change.after = git_tree_entry_id(after);
		change.mode = git_tree_entry_filemode_raw(after);
	}
	return change.before || change.after ? c->each(&change, c->data) : 0;
}

/* Compares two entries with the same name; one may be NULL. */
static int compare_entries(
	struct comparison *c, const git_tree_entry *before, const git_tree_entry *after)
{
	size_t len = c->path.len;
	if (is_same(before, after))
		return 0;
	buf_addstr(&c->path, git_tree_entry_name(before ? before : after));
	int rc = report_file(c, before, after);
	if (!rc && (is_directory(before) || is_directory(after)))
		rc = compare_directories(c, before, after);
	buf_truncate(&c->path, len);
	return rc;
}

static int compare_trees(struct comparison *c, const git_tree *before, const git_tree *after)
{
	size_t old_count = before ? git_tree_entrycount(before) : 0, old_next = 0;
	size_t new_count = after ? git_tree_entrycount(after) : 0, new_next = 0;
	int rc = 0;
	while (!rc && (old_next < old_count || new_next < new_count)) {
		const git_tree_entry *old =
			old_next < old_count ? git_tree_entry_byindex(before, old_next) : NULL;
		const git_tree_entry *new =
			new_next < new_count ? git_tree_entry_byindex(after, new_next) : NULL;
		int order = !old ? 1 : !new ? -1 : git_tree_entry_cmp(old, new);
		old_next += order <= 0;
		new_next += order >= 0;
		rc = compare_entries(c, order <= 0 ? old : NULL, order >= 0 ? new : NULL);
	}
	return rc;
}

int store_compare_trees(struct repo *repo, const git_tree *before, const git_tree *after,
	int (*each)(const struct tree_change *change, void *data), void *data, struct error *err)
{
	struct comparison c = {
		.repo = repo, .path = BUF_INIT, .each = each, .data = data, .err = err
	};
	int rc = compare_trees(&c, before, after);
	buf_release(&c.path);
	return rc;
}
