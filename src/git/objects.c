/* Reads commits, trees and files. */
#include "git/internal.h"

#include "base/alloc.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

/* If a commit that a ref or another commit names cannot be read, the repository is damaged. */
static int lookup_commit(
	struct repo *repo, const struct oid *id, git_commit **out, struct error *err)
{
	git_oid git_id = store_git_oid(id);
	if (git_commit_lookup(out, repo->git, &git_id) < 0)
		return store_error(err, ERR_FAILED, "cannot read commit %.12s", id->hex);
	return 0;
}

static int lookup_tree(
	struct repo *repo, const struct oid *commit, git_tree **out, struct error *err)
{
	git_commit *found;
	if (!repo->root || !oid_equal(&repo->root_of, commit)) {
		int rc = lookup_commit(repo, commit, &found, err);
		if (rc < 0)
			return rc;
		git_tree_free(repo->root);
		repo->root = NULL;
		rc = git_commit_tree(&repo->root, found);
		git_commit_free(found);
		if (rc < 0)
			return store_error(
				err, ERR_FAILED, "cannot read the tree of %.12s", commit->hex);
		repo->root_of = *commit;
	}
	git_tree_dup(out, repo->root);
	return 0;
}

int store_find_entry(struct repo *repo, const git_tree *top, const char *path, git_tree_entry **out,
	const struct oid *commit, struct error *err)
{
	git_tree *tree = NULL;
	for (const char *part = path;;) {
		size_t len = strcspn(part, "/");
		char *name = xstrndup(part, len);
		const git_tree_entry *entry = git_tree_entry_byname(tree ? tree : top, name);
		bool last = !part[len],
		     leads = entry && git_tree_entry_type(entry) == GIT_OBJECT_TREE;
		int rc = 0;
		free(name);
		if (!entry || (!last && !leads))
			rc = error_set(
				err, ERR_NOT_FOUND, "%.12s:%s does not exist", commit->hex, path);
		else if (last && git_tree_entry_dup(out, entry) < 0)
			rc = store_error(
				err, ERR_FAILED, "cannot read %.12s:%s", commit->hex, path);
		if (rc < 0 || last) {
			git_tree_free(tree);
			return rc;
		}
		git_tree *next = NULL;
		if (git_tree_lookup(&next, repo->git, git_tree_entry_id(entry)) < 0)
			rc = store_error(err, ERR_FAILED, "cannot read the directory %.12s:%.*s",
				commit->hex, (int)(part + len - path), path);
		git_tree_free(tree);
		if (rc < 0)
			return rc;
		tree = next;
		part += len + 1;
	}
}

int store_read_blob(
	struct repo *repo, const git_oid *id, size_t limit, struct buf *out, size_t *size)
{
	git_odb_object *object;
	git_object_t type;
	/* The header has the size, so that an object that is too large is not unpacked. */
	if (git_odb_read_header(size, &type, repo->odb, id) < 0)
		return ERR_FAILED;
	if (limit && *size > limit)
		return ERR_INVALID;
	if (git_odb_read(&object, repo->odb, id) < 0)
		return ERR_FAILED;
	buf_add(out, git_odb_object_data(object), git_odb_object_size(object));
	git_odb_object_free(object);
	return 0;
}

int repo_read(struct repo *repo, const struct oid *commit, const char *path, size_t limit,
	struct buf *out, struct oid *blob, struct error *err)
{
	git_tree *tree = NULL;
	git_tree_entry *entry = NULL;
	int rc = lookup_tree(repo, commit, &tree, err);
	if (rc < 0)
		return rc;
	char name[512];
	size_t size;
	snprintf(name, sizeof(name), "%.12s:%s", commit->hex, path);
	rc = store_find_entry(repo, tree, path, &entry, commit, err);
	if (rc < 0) {
		/* store_find_entry() has set the error. */
	} else if (git_tree_entry_filemode(entry) != GIT_FILEMODE_BLOB &&
		git_tree_entry_filemode(entry) != GIT_FILEMODE_BLOB_EXECUTABLE) {
		rc = error_set(err, ERR_INVALID, "%s is %s, not a file", name,
			git_tree_entry_filemode(entry) == GIT_FILEMODE_TREE ? "a directory"
				: git_tree_entry_filemode(entry) == GIT_FILEMODE_LINK
				? "a symbolic link"
				: "a submodule");
	} else {
		rc = store_read_blob(repo, git_tree_entry_id(entry), limit, out, &size);
		if (rc == ERR_INVALID)
			error_set(err, rc, "%s has %zu bytes; the limit is %zu", name, size, limit);
		else if (rc < 0)
			store_error(err, rc, "cannot read %s", name);
		else if (blob)
			*blob = store_oid(git_tree_entry_id(entry));
	}
	git_tree_entry_free(entry);
	git_tree_free(tree);
	return rc;
}

int repo_find(struct repo *repo, const struct oid *commit, const char *path, struct oid *out,
	struct error *err)
{
	git_tree *tree = NULL;
	git_tree_entry *entry = NULL;
	int rc = lookup_tree(repo, commit, &tree, err);
	if (rc < 0)
		return rc;
	rc = store_find_entry(repo, tree, path, &entry, commit, err);
	if (!rc)
		*out = store_oid(git_tree_entry_id(entry));
	git_tree_entry_free(entry);
	git_tree_free(tree);
	return rc;
}

/* Replaces `*tree` by its subtree at `directory`. */
static int enter_directory(struct repo *repo, const struct oid *commit, const char *directory,
	git_tree **tree, struct error *err)
{
	git_tree_entry *entry = NULL;
	git_tree *inner = NULL;
	int rc = store_find_entry(repo, *tree, directory, &entry, commit, err);
	if (!rc && git_tree_entry_type(entry) != GIT_OBJECT_TREE)
		rc = error_set(
			err, ERR_NOT_FOUND, "%.12s:%s is not a directory", commit->hex, directory);
	else if (!rc && git_tree_lookup(&inner, repo->git, git_tree_entry_id(entry)) < 0)
		rc = store_error(err, ERR_FAILED, "cannot read the directory %.12s:%s", commit->hex,
			directory);
	git_tree_entry_free(entry);
	git_tree_free(*tree);
	*tree = inner;
	return rc;
}

int repo_list(struct repo *repo, const struct oid *commit, const char *directory,
	int (*each)(const struct entry *entry, void *data), void *data, struct error *err)
{
	git_tree *tree = NULL;
	int rc = lookup_tree(repo, commit, &tree, err);
	if (rc < 0)
		return rc;
	if (*directory)
		rc = enter_directory(repo, commit, directory, &tree, err);
	for (size_t i = 0; !rc && i < git_tree_entrycount(tree); i++) {
		const git_tree_entry *found = git_tree_entry_byindex(tree, i);
		struct entry entry = {
			.name = git_tree_entry_name(found),
			.mode = (unsigned)git_tree_entry_filemode(found),
			.oid = store_oid(git_tree_entry_id(found)),
		};
		rc = each(&entry, data);
	}
	git_tree_free(tree);
	return rc;
}

int repo_commit(struct repo *repo, const struct oid *id, struct commit *out, struct error *err)
{
	git_commit *commit;
	int rc = lookup_commit(repo, id, &commit, err);
	if (rc < 0)
		return rc;
	out->id = *id;
	out->tree = store_oid(git_commit_tree_id(commit));
	out->parents = git_commit_parentcount(commit);
	out->parent = out->parents ? store_oid(git_commit_parent_id(commit, 0)) : OID_NONE;
	out->time = git_commit_time(commit);
	buf_reset(&out->message);
	buf_addstr(&out->message, git_commit_message(commit));
	git_commit_free(commit);
	return 0;
}

/* libgit2 1.5 treats a failed access(2) like an object that does not exist. */
int repo_has(struct repo *repo, const struct oid *id, struct error *err)
{
	git_oid git_id = store_git_oid(id);
	struct buf path = BUF_INIT;
	if (git_odb_exists(repo->odb, &git_id))
		return 1;
	buf_addf(&path, "%s/objects/%.2s/%s", repo->place.common_dir, id->hex, id->hex + 2);
	int rc = file_exists(path.data, err);
	if (rc > 0)
		rc = error_set(err, ERR_FAILED, "cannot read the object %.12s", id->hex);
	buf_release(&path);
	return rc;
}

int repo_parent(struct repo *repo, const struct oid *id, unsigned number, struct oid *out,
	struct error *err)
{
	git_commit *commit;
	int rc = lookup_commit(repo, id, &commit, err);
	if (rc < 0)
		return rc;
	if (number < git_commit_parentcount(commit))
		*out = store_oid(git_commit_parent_id(commit, number));
	else
		rc = error_set(err, ERR_NOT_FOUND, "%.12s has no parent %u", id->hex, number);
	git_commit_free(commit);
	return rc;
}

int repo_is_ancestor(
	struct repo *repo, const struct oid *ancestor, const struct oid *tip, struct error *err)
{
	if (oid_equal(ancestor, tip))
		return 1;
	git_oid a = store_git_oid(ancestor), t = store_git_oid(tip);
	int rc = git_graph_descendant_of(repo->git, &t, &a);
	if (rc < 0)
		return store_error(err, ERR_FAILED, "cannot compare %.12s with %.12s",
			ancestor->hex, tip->hex);
	return rc;
}

int repo_merge_base(struct repo *repo, const struct oid *a, const struct oid *b, struct oid *out,
	struct error *err)
{
	git_oid one = store_git_oid(a), two = store_git_oid(b), base;
	int rc = git_merge_base(&base, repo->git, &one, &two);
	if (rc == GIT_ENOTFOUND)
		return error_set(err, ERR_NOT_FOUND, "%.12s and %.12s have no common ancestor",
			a->hex, b->hex);
	if (rc < 0)
		return store_error(
			err, ERR_FAILED, "cannot compare %.12s with %.12s", a->hex, b->hex);
	*out = store_oid(&base);
	return 0;
}

int repo_people(struct repo *repo, const struct oid *id, struct buf *author, struct buf *committer,
	struct error *err)
{
	git_commit *commit;
	int rc = lookup_commit(repo, id, &commit, err);
	if (rc < 0)
		return rc;
	const git_signature *by = git_commit_author(commit), *with = git_commit_committer(commit);
	buf_addf(author, "%s <%s>", by->name, by->email);
	buf_addf(committer, "%s <%s>", with->name, with->email);
	git_commit_free(commit);
	return 0;
}

int repo_is_shallow(struct repo *repo, struct error *err)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/shallow", repo->place.common_dir);
	int rc = file_exists(path.data, err);
	buf_release(&path);
	return rc;
}
