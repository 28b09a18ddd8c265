#include "deliver/commit_files.h"

#include "base/alloc.h"
#include "clone/last_valid.h"

#include <stdlib.h>

enum { FILE_LIMIT = 256 << 20 };

static int read_file(void *data, const char *path, struct buf *out, struct error *err)
{
	const struct commit_files *files = data;
	if (oid_is_none(&files->commit))
		return error_set(err, ERR_NOT_FOUND, "%s: branch %s does not exist yet", path,
			files->branch);
	return repo_read(files->repo, &files->commit, path, FILE_LIMIT, out, NULL, err);
}

struct listing {
	documents_each *each;
	void *data;
};

static int list_entry(const struct entry *entry, void *data)
{
	const struct listing *listing = data;
	struct documents_entry file = { entry->name, entry->mode == 040000,
		entry->mode >> 12 == 010 };
	return listing->each(&file, listing->data);
}

static int list_directory(
	void *data, const char *directory, documents_each *each, void *each_data, struct error *err)
{
	const struct commit_files *files = data;
	struct listing listing = { each, each_data };
	if (oid_is_none(&files->commit))
		return error_set(err, ERR_NOT_FOUND, "branch %s does not exist yet", files->branch);
	return repo_list(files->repo, &files->commit, directory, list_entry, &listing, err);
}

static int find_history(
	void *data, const char *path, struct documents_history *out, struct error *err)
{
	const struct commit_files *files = data;
	if (oid_is_none(&files->commit))
		return 0;
	return last_valid_find(out, files->repo, &files->commit, path, err);
}

struct documents_source commit_files_source(struct commit_files *files)
{
	return (struct documents_source){
		.read = read_file, .list = list_directory, .history = find_history, .data = files
	};
}

/* Does `made` have another tree than the commit it was made from? 1, 0, or a negative code. */
static int changes_something(
	const struct commit_files *files, const struct oid *made, struct error *err)
{
	struct commit before = { .message = BUF_INIT }, after = { .message = BUF_INIT };
	int rc = 1;
	if (!oid_is_none(&files->commit)) {
		rc = repo_commit(files->repo, &files->commit, &before, err);
		if (!rc)
			rc = repo_commit(files->repo, made, &after, err);
		if (!rc)
			rc = !oid_equal(&before.tree, &after.tree);
	}
	buf_release(&before.message);
	buf_release(&after.message);
	return rc;
}

int commit_files_write(const struct commit_files *files, struct documents *documents,
	const char *message, const char *server, int64_t time, struct oid *out, struct error *err)
{
	size_t count = documents_count(documents);
	struct change *changes = xcalloc(count, sizeof(*changes));
	for (size_t i = 0; i < count; i++) {
		struct documents_change change = documents_change(documents, i);
		changes[i] = (struct change){ change.path, change.text, change.len };
	}
	struct commit_plan plan = {
		.base = files->commit,
		.parents = &files->commit,
		.parents_count = oid_is_none(&files->commit) ? 0 : 1,
		.changes = changes,
		.changes_count = count,
		.message = message,
		.fallback_name = server,
		.time = time,
	};
	int rc = count ? repo_write_commit(files->repo, out, &plan, err) : 0;
	if (!rc && count)
		rc = changes_something(files, out, err);
	free(changes);
	return rc;
}
