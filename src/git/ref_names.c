/*
 * The names of refs: files below refs/, and lines of packed-refs.
 *
 * git_reference_list() is not used, because it skips refs that it cannot read, as if they did not
 * exist.
 */
#include "git/internal.h"

#include "base/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PACKED_LIMIT = 1 << 30 };

static void add(struct file_list *names, const char *name, size_t len)
{
	GROW(names->names, names->count, names->capacity);
	names->names[names->count++] = xstrndup(name, len);
}

int store_packed_refs(struct repo *repo, struct buf *out, struct error *err)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/packed-refs", repo->place.common_dir);
	int rc = file_read(out, path.data, PACKED_LIMIT, err);
	buf_release(&path);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* Each line is "<object> <name>"; those that start with # or ^ have no name (gitrepository-layout).
 */
static int add_packed(
	struct repo *repo, const char *prefix, struct file_list *names, struct error *err)
{
	struct buf text = BUF_INIT;
	size_t object = sizeof(((struct oid *)0)->hex) - 1;
	int rc = store_packed_refs(repo, &text, err);
	for (const char *line = text.data; !rc && *line;) {
		size_t len = strcspn(line, "\n");
		const char *name = line + object + 1;
		if (*line != '#' && *line != '^' && len > object + 1 &&
			!strncmp(name, prefix, strlen(prefix)))
			add(names, name, len - object - 1);
		line += len + (line[len] == '\n');
	}
	buf_release(&text);
	return rc;
}

static bool is_name(const char *name)
{
	int valid = 0;
	git_reference_name_is_valid(&valid, name);
	return valid;
}

/* 1 if `path` is a directory; 0 if it is not, or does not exist any more; or a negative code. */
static int is_directory(const char *path, struct error *err)
{
	struct stat st;
	if (!stat(path, &st))
		return S_ISDIR(st.st_mode);
	/* A link to nothing, or in a cycle, is a ref that cannot be read: reading it later fails.
	 */
	return errno == ENOENT || errno == ELOOP
		? 0
		: error_errno(err, ERR_FAILED, "cannot access %s", path);
}

/* Adds the refs that begin with `prefix` in the directory `below` ("refs/heads") and its
 * subdirectories. */
static int add_loose(struct repo *repo, const char *below, const char *prefix,
	struct file_list *names, struct error *err)
{
	struct buf path = BUF_INIT, name = BUF_INIT;
	struct file_list found;
	buf_addf(&path, "%s/%s", repo->place.common_dir, below);
	int rc = file_list_read(&found, path.data, err);
	for (size_t i = 0; !rc && i < found.count; i++) {
		buf_reset(&path);
		buf_reset(&name);
		buf_addf(&name, "%s/%s", below, found.names[i]);
		buf_addf(&path, "%s/%s", repo->place.common_dir, name.data);
		size_t len = name.len < strlen(prefix) ? name.len : strlen(prefix);
		if (strncmp(name.data, prefix, len))
			continue;
		int directory = is_directory(path.data, err);
		if (directory > 0)
			rc = add_loose(repo, name.data, prefix, names, err);
		else if (directory < 0)
			rc = directory;
		else if (!strncmp(name.data, prefix, strlen(prefix)) && is_name(name.data))
			add(names, name.data, name.len);
	}
	file_list_release(&found);
	buf_release(&path);
	buf_release(&name);
	/* A directory that was removed in the meantime was empty. */
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int store_ref_names(
	struct repo *repo, const char *prefix, struct file_list *names, struct error *err)
{
	*names = (struct file_list)FILE_LIST_INIT;
	int rc = add_packed(repo, prefix, names, err);
	if (!rc)
		rc = add_loose(repo, "refs", prefix, names, err);
	if (names->count)
		qsort(names->names, names->count, sizeof(*names->names), by_name);
	return rc;
}
