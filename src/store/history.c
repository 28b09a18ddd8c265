#include "store/history.h"

#include "store/internal.h"

#include <string.h>

int history_each_new(struct repo *repo, const struct oid *tip, const struct oid *known,
	const char *standing, int (*each)(const struct oid *commit, void *data), void *data,
	struct error *err)
{
	git_revwalk *walk;
	git_oid id = store_git_oid(tip);
	if (git_revwalk_new(&walk, repo->git) < 0)
		return store_error(err, ERR_FAILED, "cannot walk the history of %.12s", tip->hex);
	git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
	int rc = git_revwalk_push(walk, &id);
	if (!rc)
		rc = git_revwalk_hide_glob(walk, standing);
	if (!rc && !oid_is_none(known)) {
		git_oid hidden = store_git_oid(known);
		rc = git_revwalk_hide(walk, &hidden);
	}
	if (rc < 0)
		rc = store_error(err, ERR_FAILED, "cannot walk the history of %.12s", tip->hex);
	int next = 0;
	while (!rc && !(next = git_revwalk_next(&id, walk))) {
		struct oid commit = store_oid(&id);
		rc = each(&commit, data);
	}
	if (!rc && next != GIT_ITEROVER)
		rc = store_error(err, ERR_FAILED, "cannot walk the history of %.12s", tip->hex);
	git_revwalk_free(walk);
	return rc;
}

static int commit_tree(git_commit *commit, git_tree **tree, struct error *err)
{
	if (git_commit_tree(tree, commit) < 0)
		return store_error(err, ERR_FAILED, "cannot read the tree of a commit");
	return 0;
}

/* Has some parent but the first the file as it is now? Then a merge took it over, and did not make
 * it. */
static bool taken_over(git_commit *commit, const git_diff_file *file)
{
	bool found = false;
	for (unsigned i = 1; i < git_commit_parentcount(commit) && !found; i++) {
		git_commit *parent = NULL;
		git_tree *tree = NULL;
		git_tree_entry *entry = NULL;
		found = !git_commit_parent(&parent, commit, i) && !git_commit_tree(&tree, parent) &&
			!git_tree_entry_bypath(&entry, tree, file->path) &&
			git_oid_equal(git_tree_entry_id(entry), &file->id) &&
			git_tree_entry_filemode(entry) == file->mode;
		git_tree_entry_free(entry);
		git_tree_free(tree);
		git_commit_free(parent);
	}
	return found;
}

static int each_delta(git_diff *diff, git_commit *commit,
	int (*each)(const struct changed_file *file, void *data), void *data)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < git_diff_num_deltas(diff); i++) {
		const git_diff_delta *delta = git_diff_get_delta(diff, i);
		bool gone = delta->status == GIT_DELTA_DELETED;
		const git_diff_file *file = gone ? &delta->old_file : &delta->new_file;
		if (!gone && taken_over(commit, file))
			continue;
		struct changed_file changed = {
			.path = file->path,
			.mode = gone ? 0 : file->mode,
			.blob = gone ? OID_NONE : store_oid(&file->id),
			.before = delta->status == GIT_DELTA_ADDED ? OID_NONE
								   : store_oid(&delta->old_file.id),
		};
		rc = each(&changed, data);
	}
	return rc;
}

int history_each_changed(struct repo *repo, const struct oid *oid,
	int (*each)(const struct changed_file *file, void *data), void *data, struct error *err)
{
	git_oid id = store_git_oid(oid);
	git_commit *commit = NULL, *parent = NULL;
	git_tree *tree = NULL, *before = NULL;
	git_diff *diff = NULL;
	git_diff_options options;
	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	/* The patch text is never made; only the trees are compared. */
	options.flags = GIT_DIFF_SKIP_BINARY_CHECK | GIT_DIFF_INCLUDE_TYPECHANGE;
	int rc = 0;
	if (git_commit_lookup(&commit, repo->git, &id) < 0)
		rc = store_error(err, ERR_FAILED, "cannot read commit %.12s", oid->hex);
	if (!rc)
		rc = commit_tree(commit, &tree, err);
	if (!rc && git_commit_parentcount(commit) && git_commit_parent(&parent, commit, 0) < 0)
		rc = store_error(err, ERR_FAILED, "cannot read the parent of %.12s", oid->hex);
	if (!rc && parent)
		rc = commit_tree(parent, &before, err);
	if (!rc && git_diff_tree_to_tree(&diff, repo->git, before, tree, &options) < 0)
		rc = store_error(err, ERR_FAILED, "cannot compare %.12s with its parent", oid->hex);
	if (!rc)
		rc = each_delta(diff, commit, each, data);
	git_diff_free(diff);
	git_tree_free(before);
	git_tree_free(tree);
	git_commit_free(parent);
	git_commit_free(commit);
	return rc;
}

int history_read_blob(struct repo *repo, const struct oid *oid, size_t limit, struct buf *out,
	size_t *size, struct error *err)
{
	git_oid id = store_git_oid(oid);
	git_object_t type;
	git_odb_object *object;
	if (git_odb_read_header(size, &type, repo->odb, &id) < 0)
		return store_error(err, ERR_FAILED, "cannot read blob %.12s", oid->hex);
	if (*size > limit)
		return error_set(err, ERR_INVALID, "blob %.12s has %zu bytes", oid->hex, *size);
	if (git_odb_read(&object, repo->odb, &id) < 0)
		return store_error(err, ERR_FAILED, "cannot read blob %.12s", oid->hex);
	buf_add(out, git_odb_object_data(object), git_odb_object_size(object));
	git_odb_object_free(object);
	return 0;
}
