#include "base/file.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/env.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read_fd(struct buf *out, int fd, const char *name, size_t limit, struct error *err)
{
	size_t start = out->len;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return error_errno(err, ERR_FAILED, "cannot read %s", name);
	if (S_ISDIR(st.st_mode))
		return error_set(err, ERR_INVALID, "%s is a directory, not a file", name);
	if (S_ISREG(st.st_mode) && st.st_size > 0 && (uintmax_t)st.st_size <= limit)
		buf_grow(out, (size_t)st.st_size + 4097); /* and reads nothing at the end */
	for (;;) {
		buf_grow(out, 4096);
		ssize_t got = read(fd, out->data + out->len, out->cap - out->len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			buf_truncate(out, start);
			return error_errno(err, ERR_FAILED, "cannot read %s", name);
		}
		if (!got)
			return 0;
		buf_truncate(out, out->len + (size_t)got);
		if (out->len - start > limit) {
			buf_truncate(out, start);
			return error_set(err, ERR_INVALID,
				"%s is larger than the limit of %zu bytes", name, limit);
		}
	}
}

int file_read(struct buf *out, const char *path, size_t limit, struct error *err)
{
	if (!strcmp(path, "-"))
		return file_read_fd(out, STDIN_FILENO, "standard input", limit, err);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(
			err, errno == ENOENT ? ERR_NOT_FOUND : ERR_FAILED, "cannot open %s", path);
	int rc = file_read_fd(out, fd, path, limit, err);
	close(fd);
	return rc;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t wrote = write(fd, data, len);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -1;
		data += wrote;
		len -= (size_t)wrote;
	}
	return 0;
}

/* The directory of `path`; the caller frees it. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return xstrdup(".");
	return xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* Some file systems cannot sync a directory, which is not a failure. */
static bool cannot_sync(int code)
{
	return code == EINVAL || code == ENOTSUP || code == EROFS;
}

int file_sync(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc = 0;
	if (fd < 0 || (fsync(fd) < 0 && !cannot_sync(errno)))
		rc = error_errno(err, ERR_FAILED, "cannot sync %s to disk", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int file_sync_directory_of(const char *path, struct error *err)
{
	char *directory = directory_of(path);
	int rc = file_sync(directory, err);
	free(directory);
	return rc;
}

int file_sync_directories(const char *path, const char *top, struct error *err)
{
	char *at = xstrdup(path);
	size_t least = strlen(top);
	int rc = file_sync(at, err);
	while (!rc && strlen(at) > least) {
		char *above = directory_of(at);
		free(at);
		at = above;
		rc = file_sync(at, err);
	}
	free(at);
	return rc;
}

int file_sync_tree(const char *path, struct error *err)
{
	char *paths[] = { (char *)(uintptr_t)path, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int rc = walk ? 0 : error_errno(err, ERR_FAILED, "cannot read %s", path);
	errno = 0;
	for (FTSENT *entry; !rc && walk && (entry = fts_read(walk)); errno = 0) {
		if (entry->fts_info == FTS_F || entry->fts_info == FTS_DP)
			rc = file_sync(entry->fts_path, err);
		else if (entry->fts_errno)
			rc = error_set(err, ERR_FAILED, "cannot read %s: %s", entry->fts_path,
				strerror(entry->fts_errno));
	}
	if (!rc && errno)
		rc = error_errno(err, ERR_FAILED, "cannot read %s", path);
	if (walk)
		fts_close(walk);
	return rc;
}

/* A device or a pipe is written to, not replaced by a file. */
static int write_through(const char *path, const void *data, size_t len, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	int rc = fd < 0 || write_all(fd, data, len) < 0
		? error_errno(err, ERR_FAILED, "cannot write %s", path)
		: 0;
	if (fd >= 0)
		close(fd);
	return rc;
}

/* The name of a temporary file: the name of the final file, this string, and six characters. */
static const char mark[] = ".git-build-", unique[] = "XXXXXX";

static bool is_temporary(const char *name)
{
	size_t len = strlen(name), end = strlen(mark) + strlen(unique);
	return len > end && !memcmp(name + len - end, mark, strlen(mark));
}

/* Locks a new temporary file; false if file_sweep() was faster, and has removed it. */
static bool mark_used(int fd)
{
	struct stat st;
	while (flock(fd, LOCK_SH) < 0 && errno == EINTR)
		;
	return fstat(fd, &st) < 0 || st.st_nlink > 0;
}

int file_temporary(struct buf *name, const char *path, struct error *err)
{
	for (;;) {
		buf_reset(name);
		buf_addf(name, "%s%s%s", path, mark, unique);
		int fd = mkostemp(name->data, O_CLOEXEC);
		if (fd < 0)
			return error_errno(
				err, ERR_FAILED, "cannot create a temporary file for %s", path);
		if (mark_used(fd))
			return fd;
		close(fd);
	}
}

static void sweep_one(int directory, const char *name)
{
	struct stat st;
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && !flock(fd, LOCK_EX | LOCK_NB))
		unlinkat(directory, name, 0);
	close(fd);
}

void file_sweep(const char *path)
{
	DIR *dir = opendir(path);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (is_temporary(entry->d_name))
			sweep_one(dirfd(dir), entry->d_name);
	if (dir)
		closedir(dir);
}

static int replace(
	const char *path, const void *data, size_t len, mode_t mode, bool sync, struct error *err)
{
	struct buf temporary = BUF_INIT;
	struct stat st;
	bool stands = !stat(path, &st);
	int fd, rc = 0;
	if (!stands && errno != ENOENT) {
		rc = error_errno(err, ERR_FAILED, "cannot replace %s", path);
		goto done;
	}
	if (stands && !S_ISREG(st.st_mode)) {
		rc = write_through(path, data, len, err);
		goto done;
	}
	fd = file_temporary(&temporary, path, err);
	if (fd < 0) {
		rc = fd;
		goto done;
	}
	if (fchmod(fd, stands ? st.st_mode & 07777 : mode) < 0 || write_all(fd, data, len) < 0 ||
		(sync && fsync(fd) < 0)) {
		rc = error_errno(err, ERR_FAILED, "cannot write %s", path);
		unlink(temporary.data);
		close(fd);
		goto done;
	}
	/* The lock marks the file as in use until it has its final name, but it must not be open
	 * for writing then, since it may be a program. */
	int used = open(temporary.data, O_RDONLY | O_CLOEXEC);
	if (used >= 0)
		mark_used(used);
	if (close(fd) < 0 || rename(temporary.data, path) < 0) {
		rc = error_errno(err, ERR_FAILED, "cannot replace %s", path);
		unlink(temporary.data);
	}
	if (used >= 0)
		close(used);
	if (sync && !rc)
		rc = file_sync_directory_of(path, err);
done:
	buf_release(&temporary);
	return rc;
}

int file_replace(const char *path, const void *data, size_t len, mode_t mode, struct error *err)
{
	return replace(path, data, len, mode, true, err);
}

int file_publish(const char *path, const void *data, size_t len, struct error *err)
{
	return replace(path, data, len, 0644, false, err);
}

/* Creates one directory, if it does not exist, and syncs it and its name to disk. */
static int make_directory(const char *path, struct error *err)
{
	if (!mkdir(path, 0777)) {
		int rc = file_sync(path, err);
		return rc < 0 ? rc : file_sync_directory_of(path, err);
	}
	return errno == EEXIST
		? 0
		: error_errno(err, ERR_FAILED, "cannot create the directory %s", path);
}

int file_make_directories(const char *path, struct error *err)
{
	char *copy = xstrdup(path);
	int rc = 0;
	for (char *at = copy + 1; *copy; at++) {
		bool last = *at == '\0';
		if (*at != '/' && !last)
			continue;
		*at = '\0';
		rc = make_directory(copy, err);
		if (rc < 0 || last)
			break;
		*at = '/';
	}
	free(copy);
	return rc;
}

int file_remove(const char *path, struct error *err)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(err, ERR_FAILED, "cannot remove %s", path);
	return 0;
}

int file_remove_tree(const char *path, struct error *err)
{
	const char *argv[] = { "rm", "-rf", "--", path, NULL };
	struct buf errors = BUF_INIT;
	struct child child = { .argv = argv, .errors = &errors };
	int status, rc = child_run(&child, &status, err);
	buf_trim(&errors);
	if (!rc && status)
		rc = error_set(err, ERR_FAILED, "cannot remove %s: %s", path, errors.data);
	buf_release(&errors);
	return rc;
}

void file_occupy_streams(int flags)
{
	int fd;
	do
		fd = open("/dev/null", flags);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

bool file_has_ending(const char *path, const char *ending)
{
	size_t len = strlen(path), ending_len = strlen(ending);
	return len > ending_len && !strcmp(path + len - ending_len, ending);
}

int file_exists(const char *path, struct error *err)
{
	struct stat st;
	if (!stat(path, &st))
		return 1;
	return errno == ENOENT ? 0 : error_errno(err, ERR_FAILED, "cannot access %s", path);
}

int file_may_run(const char *path, struct error *err)
{
	if (!access(path, X_OK))
		return 1;
	return errno == ENOENT || errno == ENOTDIR || errno == EACCES
		? 0
		: error_errno(err, ERR_FAILED, "cannot access %s", path);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* readdir(3) returns NULL at the end and after a failure; only errno differs. */
static int read_names(struct file_list *list, DIR *dir)
{
	struct dirent *entry;
	while (errno = 0, (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		GROW(list->names, list->count, list->capacity);
		list->names[list->count++] = xstrdup(entry->d_name);
	}
	return errno ? -1 : 0;
}

int file_list_read(struct file_list *list, const char *directory, struct error *err)
{
	*list = (struct file_list)FILE_LIST_INIT;
	DIR *dir = opendir(directory);
	if (!dir)
		return error_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_FAILED,
			"cannot read the directory %s", directory);
	int rc = 0;
	if (read_names(list, dir) < 0) {
		rc = error_errno(err, ERR_FAILED, "cannot read the directory %s", directory);
		file_list_release(list);
	}
	closedir(dir);
	if (list->count)
		qsort(list->names, list->count, sizeof(*list->names), by_name);
	return rc;
}

void file_list_release(struct file_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct file_list)FILE_LIST_INIT;
}

/* The line that the holder of the lock file `fd` has written. */
static int busy(int fd, const char *path, struct error *err)
{
	char who[256];
	ssize_t got = pread(fd, who, sizeof(who) - 1, 0);
	who[got > 0 ? got : 0] = '\0';
	who[strcspn(who, "\n")] = '\0';
	return error_set(err, ERR_BUSY, "%s is held by %s", path, *who ? who : "another process");
}

int file_lock_acquire(struct file_lock *lock, const char *path, const char *who, int64_t wait_ms,
	const struct env *env, struct error *err)
{
	char *directory = directory_of(path);
	int rc = file_make_directories(directory, err);
	free(directory);
	if (rc < 0)
		return rc;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return error_errno(err, ERR_FAILED, "cannot open the lock file %s", path);
	int64_t deadline = env_ms(env) + wait_ms;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			rc = error_errno(err, ERR_FAILED, "cannot lock %s", path);
			close(fd);
			return rc;
		}
		int64_t left = deadline - env_ms(env);
		if (left <= 0) {
			rc = busy(fd, path, err);
			close(fd);
			return rc;
		}
		/* flock(2) has no time limit: try often, but not in step with other processes. */
		int64_t pause = 2 + env_random(env, 8);
		env_sleep(env, pause < left ? pause : left);
	}
	struct buf line = BUF_INIT;
	if (who)
		buf_addf(&line, "%s\n", who);
	else
		buf_addf(&line, "git-build, process %ld\n", (long)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, line.data, line.len, 0) < 0) {
		/* The lock is held anyway, only without the name of its holder, for example if the
		 * disk is full. */
	}
	buf_release(&line);
	lock->fd = fd;
	return 0;
}

void file_lock_release(struct file_lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}
