#include "git/history.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "git/internal.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_PROBED = 64 };

/* Follows tags from `tip`; 0 if they lead to a commit. */
static int peel(struct repo *repo, const struct oid *tip, git_oid *out)
{
	git_oid id = store_git_oid(tip);
	git_object *object = NULL, *commit = NULL;
	int rc = git_object_lookup(&object, repo->git, &id, GIT_OBJECT_ANY);
	if (!rc)
		rc = git_object_peel(&commit, object, GIT_OBJECT_COMMIT);
	if (!rc)
		*out = *git_object_id(commit);
	git_object_free(commit);
	git_object_free(object);
	return rc;
}

/* Opens a walk, which is NULL or must be freed, even after a failure. */
static int open_walk(git_revwalk **walk, struct repo *repo, unsigned sorting, const git_oid *tip,
	const struct oid *known, size_t known_count, const char *standing)
{
	*walk = NULL;
	int rc = git_revwalk_new(walk, repo->git);
	if (!rc)
		rc = git_revwalk_sorting(*walk, sorting);
	if (!rc)
		rc = git_revwalk_push(*walk, tip);
	if (!rc && standing)
		rc = git_revwalk_hide_glob(*walk, standing);
	for (size_t i = 0; !rc && i < known_count; i++) {
		git_oid hidden;
		if (!oid_is_none(&known[i]) && !peel(repo, &known[i], &hidden))
			rc = git_revwalk_hide(*walk, &hidden);
	}
	return rc;
}

/* Stores whether one of the commits of `tip`, without those of `known`, is in `own`; true as well if
 * there are too many to check. */
static int find_stored(struct repo *repo, git_odb *own, const git_oid *tip, const struct oid *known,
	size_t known_count, bool *found)
{
	git_revwalk *walk;
	git_oid id;
	int rc = open_walk(&walk, repo, GIT_SORT_NONE, tip, known, known_count, NULL);
	*found = false;
	for (int count = 0; !rc && !*found && !(rc = git_revwalk_next(&id, walk)); count++)
		*found = count == MOST_PROBED || git_odb_exists(own, &id);
	git_revwalk_free(walk);
	return rc == GIT_ITEROVER ? 0 : rc;
}

/*
 * While a push is in quarantine, the refs of the repository lead only to objects outside of the
 * quarantine. So if all commits are inside, no ref has one of them, and the refs need not be read:
 * there may be ten thousand, and nearly every push has few commits. False also if in doubt.
 */
static bool are_all_new(
	struct repo *repo, const git_oid *tip, const struct oid *known, size_t known_count)
{
	struct buf path = BUF_INIT;
	git_odb *own = NULL;
	bool stored = true;
	if (!getenv("GIT_QUARANTINE_PATH"))
		return false;
	buf_addf(&path, "%s/objects", repo->place.common_dir);
	bool ok = !git_odb_open(&own, path.data) &&
		!find_stored(repo, own, tip, known, known_count, &stored);
	git_odb_free(own);
	buf_release(&path);
	return ok && !stored;
}

int history_each_new(struct repo *repo, const struct oid *tip, const struct oid *known,
	size_t known_count, const char *standing, int (*each)(const struct oid *commit, void *data),
	void *data, struct error *err)
{
	git_revwalk *walk = NULL;
	git_oid id;
	int next = peel(repo, tip, &id);
	if (next == GIT_EPEEL || next == GIT_EINVALIDSPEC)
		return 0;
	if (!next && standing && are_all_new(repo, &id, known, known_count))
		standing = NULL;
	if (!next)
		next = open_walk(&walk, repo, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE, &id, known,
			known_count, standing);
	int rc = 0;
	while (!next && !rc && !(next = git_revwalk_next(&id, walk))) {
		struct oid commit = store_oid(&id);
		rc = each(&commit, data);
	}
	if (!rc && next != GIT_ITEROVER)
		rc = store_error(err, ERR_FAILED, "cannot walk the history of %.12s", tip->hex);
	git_revwalk_free(walk);
	return rc;
}

/* Reads a commit (may be NULL) and its tree. */
static int read_tree(struct repo *repo, const git_oid *id, git_commit **commit, git_tree **tree,
	struct error *err)
{
	git_commit *found = NULL;
	int rc = 0;
	if (git_commit_lookup(&found, repo->git, id) < 0 || git_commit_tree(tree, found) < 0)
		rc = store_error(err, ERR_FAILED, "cannot read commit %.12s", store_oid(id).hex);
	if (commit)
		*commit = found;
	else
		git_commit_free(found);
	return rc;
}

/* Does `parent` have the same version of the file? 1, 0, or a negative code. */
static int has_file(
	struct repo *repo, const git_oid *parent, const struct tree_change *file, struct error *err)
{
	git_tree *tree = NULL;
	git_tree_entry *entry = NULL;
	struct oid name = store_oid(parent);
	int rc = read_tree(repo, parent, NULL, &tree, err);
	if (!rc)
		rc = store_find_entry(repo, tree, file->path, &entry, &name, err);
	if (!rc)
		rc = git_oid_equal(git_tree_entry_id(entry), file->after) &&
			git_tree_entry_filemode_raw(entry) == file->mode;
	git_tree_entry_free(entry);
	git_tree_free(tree);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* Does a parent other than the first have the same version of the file? If so, a merge took it from
 * there. 1, 0, or a negative code. */
static int taken_over(
	struct repo *repo, git_commit *commit, const struct tree_change *file, struct error *err)
{
	int found = 0;
	for (unsigned i = 1; i < git_commit_parentcount(commit) && !found; i++)
		found = has_file(repo, git_commit_parent_id(commit, i), file, err);
	return found;
}

static struct changed_file changed_file(const struct tree_change *change)
{
	return (struct changed_file){
		.path = change->path,
		.mode = change->mode,
		.blob = change->after ? store_oid(change->after) : OID_NONE,
		.before = change->before ? store_oid(change->before) : OID_NONE,
	};
}

/* A pass over the files that a commit changes. */
struct changing {
	struct repo *repo;
	git_commit *commit;
	int (*each)(const struct changed_file *file, void *data);
	void *data;
	struct error *err;
};

/* Skips a file that the commit took from a parent. */
static int each_change(const struct tree_change *change, void *data)
{
	struct changing *c = data;
	struct changed_file file = changed_file(change);
	int taken = change->after ? taken_over(c->repo, c->commit, change, c->err) : 0;
	return taken > 0 ? 0 : taken < 0 ? taken : c->each(&file, c->data);
}

int history_each_changed(struct repo *repo, const struct oid *oid,
	int (*each)(const struct changed_file *file, void *data), void *data, struct error *err)
{
	struct changing changing = { repo, NULL, each, data, err };
	git_oid id = store_git_oid(oid);
	git_tree *tree = NULL, *before = NULL;
	int rc = read_tree(repo, &id, &changing.commit, &tree, err);
	if (!rc && git_commit_parentcount(changing.commit))
		rc = read_tree(repo, git_commit_parent_id(changing.commit, 0), NULL, &before, err);
	if (!rc)
		rc = store_compare_trees(repo, before, tree, each_change, &changing, err);
	git_tree_free(before);
	git_tree_free(tree);
	git_commit_free(changing.commit);
	return rc;
}

struct difference {
	struct changed_file *files;
	size_t count, capacity;
	struct arena paths;
};

static int keep_change(const struct tree_change *change, void *data)
{
	struct difference *difference = data;
	struct changed_file file = changed_file(change);
	file.path = arena_strndup(&difference->paths, change->path, strlen(change->path));
	GROW(difference->files, difference->count, difference->capacity);
	difference->files[difference->count++] = file;
	return 0;
}

int history_difference(struct difference **out, struct repo *repo, const struct oid *from,
	const struct oid *to, struct error *err)
{
	struct difference *found = xcalloc(1, sizeof(*found));
	git_oid from_id = store_git_oid(from), to_id = store_git_oid(to);
	git_tree *before = NULL, *after = NULL;
	int rc = oid_is_none(from) ? 0 : read_tree(repo, &from_id, NULL, &before, err);
	if (!rc)
		rc = read_tree(repo, &to_id, NULL, &after, err);
	if (!rc)
		rc = store_compare_trees(repo, before, after, keep_change, found, err);
	git_tree_free(before);
	git_tree_free(after);
	if (rc < 0)
		history_difference_free(found);
	else
		*out = found;
	return rc;
}

void history_difference_free(struct difference *difference)
{
	if (!difference)
		return;
	arena_release(&difference->paths);
	free(difference->files);
	free(difference);
}

int history_each_file(const struct difference *difference,
	int (*each)(const struct changed_file *file, void *data), void *data)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < difference->count; i++)
		rc = each(&difference->files[i], data);
	return rc;
}

int history_each_difference(struct repo *repo, const struct oid *from, const struct oid *to,
	int (*each)(const struct changed_file *file, void *data), void *data, struct error *err)
{
	struct difference *difference = NULL;
	int rc = history_difference(&difference, repo, from, to, err);
	if (!rc)
		rc = history_each_file(difference, each, data);
	history_difference_free(difference);
	return rc;
}

int history_read_blob(struct repo *repo, const struct oid *oid, size_t limit, struct buf *out,
	size_t *size, struct error *err)
{
	git_oid id = store_git_oid(oid);
	int rc = store_read_blob(repo, &id, limit, out, size);
	if (rc == ERR_INVALID)
		return error_set(err, rc, "blob %.12s has %zu bytes", oid->hex, *size);
	return rc < 0 ? store_error(err, rc, "cannot read blob %.12s", oid->hex) : 0;
}
