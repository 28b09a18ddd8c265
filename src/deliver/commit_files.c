#include "deliver/commit_files.h"

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

struct documents_source commit_files_source(struct commit_files *files)
{
	return (struct documents_source){ read_file, list_directory, files };
}
