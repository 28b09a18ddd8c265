/*
 * Files: read whole, replaced whole, locked.
 *
 * A file that is written here is never seen half: it is written under a temporary name in the same
 * folder, synced, and renamed over the old one. A process that is killed leaves that file behind;
 * file_sweep() removes it.
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
 * Appends the whole file `path` ("-": standard input) to `out`. More than `limit` bytes are refused
 * with ERR_INVALID; a file that is not there is ERR_NOT_FOUND; what is not a regular file, a pipe
 * or a terminal (a folder, say) is ERR_INVALID.
 */
int file_read(struct buf *out, const char *path, size_t limit, struct error *err);

/* Appends all that `fd` still gives to `out`; `name` is what errors call it. As file_read. */
int file_read_fd(struct buf *out, int fd, const char *name, size_t limit, struct error *err);

/*
 * Replaces `path` by `len` bytes of `data`, or creates it with `mode` (an existing file keeps its
 * permissions). After a failure the old file is as it was, and no temporary file is left; only if
 * the directory cannot be synced is the new file in place, and may not survive a power cut. A
 * device or a pipe, such as /dev/null, is written to and stays what it is.
 */
int file_replace(const char *path, const void *data, size_t len, mode_t mode, struct error *err);

/* As file_replace(), without waiting for the disk: for what only processes that are alive read. */
int file_publish(const char *path, const void *data, size_t len, struct error *err);

/*
 * Creates an empty temporary file in the directory of `path`, named after it: its name replaces
 * `name`, and its descriptor is returned, or a negative code. A lock (flock) on the file marks it
 * as in use for as long as the descriptor is open, so that file_sweep() can tell it from what a
 * process that died has left.
 */
int file_temporary(struct buf *name, const char *path, struct error *err);

/* Removes the temporary files in the directory `path` (not below it) that no process uses any more.
 * What cannot be removed stays until the next time. */
void file_sweep(const char *path);

/* Creates the directory `path` and those above it that are missing; each one that is made is on
 * disk, with its name, before this returns. */
int file_make_directories(const char *path, struct error *err);

/* Waits until the file or directory `path` is on disk: its content, not its name. A file system
 * that cannot sync a directory is not a failure. */
int file_sync(const char *path, struct error *err);
/* The same for the directory that holds the name `path`: a name lasts only once that is on disk. */
int file_sync_directory_of(const char *path, struct error *err);
/* The same for the directory `path` and those above it, up to and including `top`, which `path`
 * begins with: whoever made them, their names last. */
int file_sync_directories(const char *path, const char *top, struct error *err);
/* The same for all regular files and directories below `path`, and `path` itself. */
int file_sync_tree(const char *path, struct error *err);

/* Removes `path`; a file that is not there is no failure. */
int file_remove(const char *path, struct error *err);

/* 1 if there is a file or a directory `path`, 0 if there is none. ERR_FAILED if that cannot be
 * found out: only ENOENT says that it is not there. */
int file_exists(const char *path, struct error *err);

/* 1 if this process may execute `path`, 0 if there is no such file or it may not. ERR_FAILED if
 * that cannot be found out. */
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
 * Fills `list`, which is yours to be given to file_list_release() in either case, with all names in
 * `directory`. ERR_NOT_FOUND, and an empty list, if there is no such directory. A directory that
 * cannot be read to its end is ERR_FAILED: half a list is never returned as a whole one.
 */
int file_list_read(struct file_list *list, const char *directory, struct error *err);
void file_list_release(struct file_list *list);

/*
 * An advisory lock between processes of one host (flock(2)), which ends with the process that holds
 * it, however that ends. The file stays, since removing it would let two processes lock two files
 * of one name; it says who holds it, in one line.
 */
struct file_lock {
	int fd; /* -1: not held */
};
#define FILE_LOCK_INIT                                                                             \
	{                                                                                          \
		-1                                                                                 \
	}

/*
 * Takes the lock `path`, creating the file and its directory, and writes `who` into it: one line; NULL:
 * that it is this process. Waits up to `wait_ms` milliseconds (0: not at all); then ERR_BUSY, with
 * the holder's line in the text.
 */
int file_lock_acquire(struct file_lock *lock, const char *path, const char *who, int64_t wait_ms,
	const struct env *env, struct error *err);
/* Lets go; nothing happens if it is not held. */
void file_lock_release(struct file_lock *lock);

#endif
