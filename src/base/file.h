/*
 * Reads, replaces and locks files.
 *
 * No process ever sees a partly written file: a new file is written under a temporary name in the
 * same directory, synced, and renamed over the old one. If a process is killed, its temporary file
 * remains until file_sweep() removes it.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct env;

/*
 * Appends the whole file `path` ("-": standard input) to `out`. Returns 0; ERR_NOT_FOUND if the
 * file does not exist; ERR_INVALID if it has more than `limit` bytes, or is not a regular file, a
 * pipe or a terminal (but, for example, a directory); or ERR_FAILED.
 */
int file_read(struct buf *out, const char *path, size_t limit, struct error *err);

/* Like file_read(), but reads `fd` to its end; `name` is used in errors. */
int file_read_fd(struct buf *out, int fd, const char *name, size_t limit, struct error *err);

/*
 * Replaces `path` by `len` bytes of `data`, or creates it with `mode` (an existing file keeps its
 * permissions). After a failure, the old file is unchanged and no temporary file remains, with one
 * exception: if only the directory cannot be synced, the new file is in place, but may not survive
 * a power cut. A device or a pipe, such as /dev/null, is not replaced, but written to.
 */
int file_replace(const char *path, const void *data, size_t len, mode_t mode, struct error *err);

/* Like file_replace() with the mode 0644, without syncing: for files that need not survive a power
 * cut. */
int file_publish(const char *path, const void *data, size_t len, struct error *err);

/*
 * Creates an empty temporary file in the directory of `path`, named after it. Stores its name in
 * `name`, and returns its descriptor or a negative code. A lock (flock) on the file marks it as in
 * use as long as the descriptor is open, so that file_sweep() can distinguish it from the files of
 * dead processes.
 */
int file_temporary(struct buf *name, const char *path, struct error *err);

/* Removes the temporary files in the directory `path` (not in its subdirectories) that no process
 * uses any more. Ignores failures: the next call tries again. */
void file_sweep(const char *path);

/* Creates the directory `path` and any missing parents. Each new directory is on disk, with its
 * name, before this returns. */
int file_make_directories(const char *path, struct error *err);

/* Waits until the content, not the name, of the file or directory `path` is on disk. A file system
 * that cannot sync a directory is not a failure. */
int file_sync(const char *path, struct error *err);
/* The same for the directory of `path`: only then, the name `path` is on disk. */
int file_sync_directory_of(const char *path, struct error *err);
/* The same for the directory `path` and its parents up to and including `top`, which `path` begins
 * with: the names of all these directories are on disk then. */
int file_sync_directories(const char *path, const char *top, struct error *err);
/* The same for all regular files and directories below `path`, and `path` itself. */
int file_sync_tree(const char *path, struct error *err);

/* Removes `path`. It is not a failure if the file does not exist. */
int file_remove(const char *path, struct error *err);

/* Removes `path` with everything below it, by rm(1). It is not a failure if it does not exist. */
int file_remove_tree(const char *path, struct error *err);

/* Does the name of `path` end with `ending` (".json"), after at least one other character? */
bool file_has_ending(const char *path, const char *ending);

/* Returns 1 if there is a file or a directory `path`, 0 if not (ENOENT), or ERR_FAILED if that
 * cannot be checked. */
int file_exists(const char *path, struct error *err);

/* Opens /dev/null with `flags` for each standard stream that the caller closed: no file that is
 * opened later may get its number, since output would be written into it. */
void file_occupy_streams(int flags);

/* Returns 1 if this process may execute `path`, 0 if there is no such file or it may not, or
 * ERR_FAILED if that cannot be checked. */
int file_may_run(const char *path, struct error *err);

/* The names in a directory, without "." and "..", in the order of their bytes. */
struct file_list {
	char **names;
	size_t count, capacity;
};
#define FILE_LIST_INIT                                                                             \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

/*
 * Stores all names in `directory` in `list`. Returns 0; ERR_NOT_FOUND, and an empty list, if the
 * directory does not exist; ERR_FAILED if it cannot be read to its end, so that an incomplete list
 * is never used. Always release `list` with file_list_release().
 */
int file_list_read(struct file_list *list, const char *directory, struct error *err);
void file_list_release(struct file_list *list);

/*
 * An advisory lock between processes of one host (flock(2)). The kernel releases it when its holder
 * ends, even if it is killed. The lock file is never removed, since otherwise two processes could
 * lock two files of the same name; it has one line with the name of the holder.
 */
struct file_lock {
	int fd; /* -1: not held */
};
#define FILE_LOCK_INIT                                                                             \
	{                                                                                          \
		-1                                                                                 \
	}

/*
 * Acquires the lock `path`, creating the file and its directory, and writes `who` (one line) to it.
 * Waits up to `wait_ms` milliseconds (0: not at all); then returns ERR_BUSY with the holder's line
 * in the text.
 */
int file_lock_acquire(struct file_lock *lock, const char *path, const char *who, int64_t wait_ms,
	const struct env *env, struct error *err);
/* Releases the lock. Does nothing if it is not held. */
void file_lock_release(struct file_lock *lock);

#endif
