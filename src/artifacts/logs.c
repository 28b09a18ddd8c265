#include "artifacts/logs.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/gzip.h"
#include "base/timestamp.h"
#include "clone/job_directory.h"
#include "fleet/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { STORED_LIMIT = 256 << 20, TEXT_LIMIT = 256 << 20 };

void log_list_release(struct log_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->files[i].path);
		free(list->files[i].server);
	}
	free(list->files);
	*list = (struct log_list){ 0 };
}

/* ---- listing ---- */

/* The time in a name such as "20251029T120000Z.log"; 0 if there is none. */
static int64_t time_of(const char *name)
{
	char text[TIMESTAMP_SIZE];
	int64_t seconds;
	if (strlen(name) < 16)
		return 0;
	snprintf(text, sizeof(text), "%.4s-%.2s-%.5s:%.2s:%.3s", name, name + 4, name + 6,
		name + 11, name + 13);
	return timestamp_parse(text, strlen(text), &seconds) ? seconds : 0;
}

/* A log and its job. */
struct owner {
	const char *log, *job;
};

static size_t stem(const char *log)
{
	return strlen(log) - (file_has_ending(log, ".gz") ? strlen(".gz") : 0);
}

/* Orders by the name of the log without ".gz", because archiving compresses logs that a manifest
 * names. */
static int by_log(const void *a_owner, const void *b_owner)
{
	const char *a = ((const struct owner *)a_owner)->log;
	const char *b = ((const struct owner *)b_owner)->log;
	size_t a_len = stem(a), b_len = stem(b);
	int order = strncmp(a, b, a_len < b_len ? a_len : b_len);
	return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* The owners of all logs, ordered by log; free them with free(). */
static struct owner *list_owners(const struct manifest_list *manifests, size_t *count)
{
	struct owner *owners = xcalloc(manifests->count + 1, sizeof(*owners));
	*count = 0;
	for (size_t i = 0; i < manifests->count; i++) {
		const struct manifest *manifest = &manifests->entries[i].manifest;
		if (manifest->log)
			owners[(*count)++] = (struct owner){ manifest->log, manifest->job };
	}
	qsort(owners, *count, sizeof(*owners), by_log);
	return owners;
}

struct listing {
	struct log_list *list;
	const struct reading *reading;
	struct owner *owners;
	size_t owners_count;
	const char *server; /* the server of the directory */
	struct error *err;
};

static const char *job_of(const struct listing *l, const char *path)
{
	struct owner key = { .log = path };
	const struct owner *found =
		bsearch(&key, l->owners, l->owners_count, sizeof(*l->owners), by_log);
	return found ? found->job : NULL;
}

static void add_file(struct listing *l, const char *name, bool shared)
{
	struct log_list *list = l->list;
	struct buf path = BUF_INIT;
	if (!fleet_is_file_name(name) ||
		(!file_has_ending(name, ".log") && !file_has_ending(name, ".log.gz")))
		return;
	buf_addf(&path, "%s/logs/%s", l->server, name);
	GROW(list->files, list->count, list->capacity);
	list->files[list->count++] = (struct log_file){ .server = xstrdup(l->server),
		.job = job_of(l, path.data),
		.time = time_of(name),
		.shared = shared };
	list->files[list->count - 1].path = buf_detach(&path);
}

static int list_shared(const struct entry *entry, void *data)
{
	enum { FILE_BITS = 0100000, FILE_MASK = 0170000 };
	if ((entry->mode & FILE_MASK) == FILE_BITS)
		add_file(data, entry->name, true);
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct log_file *)a)->path, ((const struct log_file *)b)->path);
}

/* Is `path` a regular file, and not a symbolic link? 1, 0, or a negative code. */
static int is_file(const char *path, struct error *err)
{
	struct stat st;
	if (!lstat(path, &st))
		return S_ISREG(st.st_mode);
	return errno == ENOENT ? 0
			       : error_errno(err, ERR_FAILED, "cannot read the status of %s", path);
}

static bool is_shared(const struct listing *l, size_t first, size_t count, char *path)
{
	struct log_file key = { .path = path };
	return count && bsearch(&key, l->list->files + first, count, sizeof(key), by_path);
}

/* Lists the logs in the worktree. Those on the branch are already listed, beginning at `first`. */
static int list_local(struct listing *l, size_t first, struct error *err)
{
	const char *top = repo_work_tree(l->reading->repo);
	size_t shared = l->list->count - first;
	struct buf path = BUF_INIT;
	struct file_list names;
	if (!top)
		return 0;
	buf_addf(&path, "%s/%s/logs", top, l->server);
	int rc = file_list_read(&names, path.data, err);
	if (shared)
		qsort(l->list->files + first, shared, sizeof(*l->list->files), by_path);
	for (size_t i = 0; !rc && i < names.count; i++) {
		buf_reset(&path);
		buf_addf(&path, "%s/%s/logs/%s", top, l->server, names.names[i]);
		int own = is_file(path.data, err);
		if (own > 0 && !is_shared(l, first, shared, path.data + strlen(top) + 1))
			add_file(l, names.names[i], false);
		rc = own < 0 ? own : 0;
	}
	file_list_release(&names);
	buf_release(&path);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int list_server(struct listing *l, const char *server, struct error *err)
{
	const struct reading *reading = l->reading;
	struct buf directory = BUF_INIT;
	size_t first = l->list->count;
	int rc = 0;
	l->server = server;
	buf_addf(&directory, "%s/logs", server);
	if (!oid_is_none(&reading->tip))
		rc = repo_list(reading->repo, &reading->tip, directory.data, list_shared, l, err);
	buf_release(&directory);
	return rc < 0 && rc != ERR_NOT_FOUND ? rc : list_local(l, first, err);
}

static int list_directory(const struct entry *directory, void *data)
{
	enum { DIRECTORY = 040000 };
	if (directory->mode != DIRECTORY || fleet_check_id(directory->name, NULL) < 0)
		return 0;
	struct listing *l = data;
	return list_server(l, directory->name, l->err);
}

/* Orders the newest first, and names without a time last. */
static int by_age(const void *a_file, const void *b_file)
{
	const struct log_file *a = a_file, *b = b_file;
	if (a->time != b->time)
		return a->time < b->time ? 1 : -1;
	return strcmp(b->path, a->path);
}

int log_list_read(struct log_list *out, const struct reading *reading,
	const struct manifest_list *manifests, const char *server, struct error *err)
{
	struct listing l = { .list = out, .reading = reading, .err = err };
	int rc = 0;
	*out = (struct log_list){ 0 };
	l.owners = list_owners(manifests, &l.owners_count);
	if (server)
		rc = fleet_check_id(server, err) < 0 ? ERR_INVALID : list_server(&l, server, err);
	else if (!oid_is_none(&reading->tip))
		rc = repo_list(reading->repo, &reading->tip, "", list_directory, &l, err);
	if (out->count)
		qsort(out->files, out->count, sizeof(*out->files), by_age);
	free(l.owners);
	return rc;
}

/* ---- reading ---- */

/* Reads the content of `path` from the shared branch, or else from the worktree. */
static int read_stored(
	struct buf *out, const struct reading *reading, const char *path, struct error *err)
{
	const char *top = repo_work_tree(reading->repo);
	int rc = ERR_NOT_FOUND;
	if (!oid_is_none(&reading->tip))
		rc = repo_read(reading->repo, &reading->tip, path, STORED_LIMIT, out, NULL, err);
	if (rc == ERR_NOT_FOUND && top) {
		struct buf file = BUF_INIT;
		buf_addf(&file, "%s/%s", top, path);
		rc = file_read(out, file.data, STORED_LIMIT, err);
		buf_release(&file);
	}
	return rc;
}

int log_read(struct buf *out, const struct reading *reading, const char *path, struct error *err)
{
	struct buf stored = BUF_INIT, other = BUF_INIT;
	int rc = read_stored(&stored, reading, path, err);
	buf_addstr(&other, path);
	if (rc == ERR_NOT_FOUND && !file_has_ending(path, ".gz")) {
		buf_addstr(&other, ".gz");
		rc = read_stored(&stored, reading, other.data, err);
	}
	if (rc == ERR_NOT_FOUND)
		error_set(err, rc, "log %s exists neither on the shared branch nor in this clone",
			path);
	else if (!rc && file_has_ending(other.data, ".gz"))
		rc = gzip_decompress(&stored, path, TEXT_LIMIT, out, err);
	else if (!rc)
		buf_add(out, stored.data, stored.len);
	buf_release(&stored);
	buf_release(&other);
	return rc;
}

int log_growing(struct buf *path, struct repo *repo, const char *job, struct error *err)
{
	job_directory(path, repo, job);
	buf_addstr(path, "/log");
	return file_exists(path->data, err);
}

int log_grows(struct repo *repo, const char *job, struct error *err)
{
	struct buf path = BUF_INIT;
	job_directory(&path, repo, job);
	buf_addstr(&path, "/result");
	int over = file_exists(path.data, err);
	buf_release(&path);
	return over < 0 ? over : !over;
}
