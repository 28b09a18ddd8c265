/* Writes commits: the blobs, their trees and the commit, without an index or a worktree. */
#include "git/internal.h"

#include "base/alloc.h"
#include "base/env.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

/* Accepts a path that is valid in git and cannot lead out of the tree. */
static int check_path(const char *path, struct error *err)
{
	for (const char *part = path;; part++) {
		size_t len = strcspn(part, "/");
		bool dots = (len == 1 && part[0] == '.') || (len == 2 && !memcmp(part, "..", 2));
		if (!len || dots || (len == 4 && !strncasecmp(part, ".git", 4)))
			return error_set(err, ERR_INVALID,
				"'%s' is not a valid path in a repository: '%.*s' cannot be a part "
				"of it",
				path, (int)len, part);
		part += len;
		if (!*part)
			return 0;
	}
}

/* Writes the blob of `change` and sets `*update` to the change of the tree. Returns 1 if the tree
 * does not change. */
static int plan_update(struct repo *repo, git_tree *base, const struct oid *commit,
	const struct change *change, git_tree_update *update, struct error *err)
{
	int rc = check_path(change->path, err);
	if (rc < 0)
		return rc;
	git_tree_entry *entry = NULL;
	rc = base ? store_find_entry(repo, base, change->path, &entry, commit, err) : ERR_NOT_FOUND;
	if (rc < 0 && rc != ERR_NOT_FOUND)
		return rc;
	bool stands = !rc;
	git_filemode_t mode = stands ? git_tree_entry_filemode(entry) : GIT_FILEMODE_BLOB;
	git_tree_entry_free(entry);
	if (mode != GIT_FILEMODE_BLOB && mode != GIT_FILEMODE_BLOB_EXECUTABLE)
		return error_set(err, ERR_INVALID,
			"%s: cannot write it; it is not a file in the repository", change->path);
	*update = (git_tree_update){
		.action = change->data ? GIT_TREE_UPDATE_UPSERT : GIT_TREE_UPDATE_REMOVE,
		.filemode = mode,
		.path = change->path,
	};
	if (!change->data)
		return stands ? 0 : 1;
	if (git_odb_write(&update->id, repo->odb, change->data, change->len, GIT_OBJECT_BLOB) < 0)
		return store_error(err, ERR_FAILED, "cannot write %s into %s", change->path,
			repo->place.common_dir);
	return 0;
}

static int write_tree(
	struct repo *repo, git_oid *out, const struct commit_plan *plan, struct error *err)
{
	git_tree *base = NULL;
	git_commit *commit = NULL;
	git_tree_update *updates = xcalloc(plan->changes_count, sizeof(*updates));
	size_t count = 0;
	int rc = 0;
	if (!oid_is_none(&plan->base)) {
		git_oid id = store_git_oid(&plan->base);
		if (git_commit_lookup(&commit, repo->git, &id) < 0 ||
			git_commit_tree(&base, commit) < 0) {
			rc = store_error(
				err, ERR_FAILED, "cannot read commit %.12s", plan->base.hex);
			goto done;
		}
	}
	for (size_t i = 0; i < plan->changes_count; i++) {
		rc = plan_update(repo, base, &plan->base, &plan->changes[i], &updates[count], err);
		if (rc < 0)
			goto done;
		count += !rc;
	}
	rc = git_tree_create_updated(out, repo->git, base, count, updates);
	if (rc < 0)
		rc = store_error(
			err, ERR_FAILED, "cannot write a tree into %s", repo->place.common_dir);
done:
	free(updates);
	git_tree_free(base);
	git_commit_free(commit);
	return rc;
}

/* The committer: the identity that is configured in git, or the server if there is none. */
static int make_signature(
	struct repo *repo, git_signature **out, const struct commit_plan *plan, struct error *err)
{
	struct buf name = BUF_INIT, email = BUF_INIT;
	if (!repo_config(repo, "user.name", &name) || !repo_config(repo, "user.email", &email)) {
		char host[HOST_SIZE];
		const char *fallback = plan->fallback_name ? plan->fallback_name : "git-build";
		env_system()->hostname(NULL, host);
		buf_reset(&name);
		buf_reset(&email);
		buf_addstr(&name, fallback);
		buf_addf(&email, "%s@%s", fallback, host);
	}
	int rc = git_signature_new(out, name.data, email.data, plan->time, 0);
	if (rc < 0)
		rc = store_error(
			err, ERR_INVALID, "cannot commit as '%s <%s>'", name.data, email.data);
	buf_release(&name);
	buf_release(&email);
	return rc;
}

/* Looks up `count` commits; released with free_commits(). */
static int lookup_commits(
	struct repo *repo, git_commit **out, const struct oid *ids, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		git_oid id = store_git_oid(&ids[i]);
		if (git_commit_lookup(&out[i], repo->git, &id) < 0)
			return store_error(err, ERR_FAILED, "cannot read commit %.12s", ids[i].hex);
	}
	return 0;
}

static void free_commits(git_commit **commits, size_t count)
{
	for (size_t i = 0; i < count; i++)
		git_commit_free(commits[i]);
	free(commits);
}

/* libgit2 syncs an object and its directory, but not the name of that directory, which it may have
 * created. */
static int sync_objects_directory(struct repo *repo, struct error *err)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/objects", repo->place.common_dir);
	int rc = file_sync(path.data, err);
	buf_release(&path);
	return rc;
}

static int create_commit(struct repo *repo, struct oid *out, const git_signature *who,
	const char *message, const git_tree *tree, git_commit **parents, size_t count,
	struct error *err)
{
	struct buf text = BUF_INIT;
	git_oid id;
	buf_addstr(&text, message);
	if (!text.len || text.data[text.len - 1] != '\n')
		buf_addch(&text, '\n');
	int rc = git_commit_create(&id, repo->git, NULL, who, who, NULL, text.data, tree, count,
		(const git_commit **)parents);
	buf_release(&text);
	if (rc < 0)
		return store_error(
			err, ERR_FAILED, "cannot write a commit into %s", repo->place.common_dir);
	*out = store_oid(&id);
	return sync_objects_directory(repo, err);
}

int repo_write_commit(
	struct repo *repo, struct oid *out, const struct commit_plan *plan, struct error *err)
{
	git_signature *who = NULL;
	git_tree *tree = NULL;
	git_commit **parents = xcalloc(plan->parents_count, sizeof(*parents));
	git_oid tree_id;
	int rc = write_tree(repo, &tree_id, plan, err);
	if (!rc && git_tree_lookup(&tree, repo->git, &tree_id) < 0)
		rc = store_error(err, ERR_FAILED, "cannot read a tree just written");
	if (!rc)
		rc = make_signature(repo, &who, plan, err);
	if (!rc)
		rc = lookup_commits(repo, parents, plan->parents, plan->parents_count, err);
	if (!rc)
		rc = create_commit(
			repo, out, who, plan->message, tree, parents, plan->parents_count, err);
	free_commits(parents, plan->parents_count);
	git_tree_free(tree);
	git_signature_free(who);
	return rc;
}

int repo_rewrite_commit(struct repo *repo, struct oid *out, const struct oid *of,
	const struct oid *parent, const char *message, struct error *err)
{
	git_commit *commit = NULL;
	git_tree *tree = NULL;
	size_t count = oid_is_none(parent) ? 0 : 1;
	git_commit **parents = xcalloc(1, sizeof(*parents));
	int rc = lookup_commits(repo, &commit, of, 1, err);
	if (!rc && git_commit_tree(&tree, commit) < 0)
		rc = store_error(err, ERR_FAILED, "cannot read the tree of %.12s", of->hex);
	if (!rc)
		rc = lookup_commits(repo, parents, parent, count, err);
	if (!rc)
		rc = create_commit(repo, out, git_commit_committer(commit),
			message ? message : git_commit_message(commit), tree, parents, count, err);
	free_commits(parents, count);
	git_tree_free(tree);
	git_commit_free(commit);
	return rc;
}
