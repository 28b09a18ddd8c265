#include "locks/lockfile.h"

#include "base/env.h"
#include "base/file.h"
#include "locks/boot_locks.h"
#include "locks/stale_locks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 10000, STALE_AFTER_MS = 200, STALE_WAIT_MS = 2000, FILE_LIMIT = 16 << 20 };

struct names {
	struct buf file, lock; /* NAME and NAME.lock */
	struct buf directory;  /* NAME.git-build/, the directory of the files below */
	struct buf ours;       /* the same file as the lock, while we hold it */
	struct buf draft;      /* the copy that `edit` changes */
};

/* git locks the target of a symbolic link. */
static struct names names_of(const char *directory, const char *name)
{
	struct names names = { BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT };
	char resolved[PATH_MAX];
	buf_addf(&names.file, "%s/%s", directory, name);
	if (realpath(names.file.data, resolved)) {
		buf_reset(&names.file);
		buf_addstr(&names.file, resolved);
	}
	buf_addf(&names.lock, "%s.lock", names.file.data);
	buf_addf(&names.directory, "%s.git-build", names.file.data);
	buf_addf(&names.ours, "%s/lock", names.directory.data);
	buf_addf(&names.draft, "%s/draft", names.directory.data);
	return names;
}

static void names_release(struct names *names)
{
	buf_release(&names->file);
	buf_release(&names->lock);
	buf_release(&names->directory);
	buf_release(&names->ours);
	buf_release(&names->draft);
}

static bool same_file(const char *a, const char *b)
{
	struct stat one, other;
	return !lstat(a, &one) && !lstat(b, &other) && one.st_dev == other.st_dev &&
		one.st_ino == other.st_ino;
}

/* Removes all its files: a killed process may have left temporary files, too. */
static int remove_directory(const char *path, struct error *err)
{
	struct buf name = BUF_INIT;
	DIR *directory = opendir(path);
	int rc = 0;
	if (!directory)
		return errno == ENOENT ? 0 : error_errno(err, ERR_FAILED, "cannot open %s", path);
	for (struct dirent *entry; !rc && (entry = readdir(directory));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		buf_reset(&name);
		buf_addf(&name, "%s/%s", path, entry->d_name);
		rc = file_remove(name.data, err);
	}
	closedir(directory);
	buf_release(&name);
	if (!rc && rmdir(path) < 0)
		rc = error_errno(err, ERR_FAILED, "cannot remove %s", path);
	return rc;
}

/* Removes the files of a process that was killed in any of the steps below. */
static int clear(const struct names *names, struct error *err)
{
	int rc = 0;
	if (same_file(names->lock.data, names->ours.data))
		rc = file_remove(names->lock.data, err);
	if (!rc)
		rc = boot_lock_remove(names->lock.data, err);
	return rc < 0 ? rc : remove_directory(names->directory.data, err);
}

/* Waits for another program that holds the lock, and removes it in a clone if the program was a git
 * process that was killed. */
static int lock(struct lock_place *place, const struct names *names, struct error *err)
{
	static const struct timespec pause = { .tv_nsec = 10000000 };
	int rc = file_make_directories(names->directory.data, err);
	if (!rc)
		rc = file_replace(names->ours.data, "", 0, 0644, err);
	for (int waited = 0; !rc && link(names->ours.data, names->lock.data) < 0; waited += 10) {
		if (errno != EEXIST)
			rc = error_errno(err, ERR_FAILED, "cannot lock %s", names->file.data);
		else if (waited >= WAIT_MS)
			rc = error_set(err, ERR_BUSY,
				"%s: locked by another program; if no git process is running, "
				"remove this file",
				names->lock.data);
		else if (!place->work_tree || waited != STALE_AFTER_MS ||
			!stale_locks_remove(place, STALE_WAIT_MS))
			nanosleep(&pause, NULL);
	}
	return rc;
}

/* Stores the new content in `out`. The file may have a password, so only its owner may read the
 * draft, even after libgit2 has replaced it. */
static int edit_draft(const struct names *names, lockfile_edit *edit, void *data, struct buf *out,
	struct error *err)
{
	mode_t mask = umask(077);
	int rc = file_read(out, names->file.data, FILE_LIMIT, err);
	if (!rc || rc == ERR_NOT_FOUND)
		rc = file_replace(names->draft.data, out->data, out->len, 0600, err);
	if (!rc)
		rc = edit(names->draft.data, data, err);
	umask(mask);
	buf_reset(out);
	return rc < 0 ? rc : file_read(out, names->draft.data, FILE_LIMIT, err);
}

/* Writes to the existing lock file, which must remain the same file as `ours`. */
static int write_lock(const struct names *names, const struct buf *text, struct error *err)
{
	struct stat st;
	int fd = open(names->lock.data, O_WRONLY | O_CLOEXEC | O_NOFOLLOW), rc = 0;
	if (fd < 0 || write(fd, text->data, text->len) != (ssize_t)text->len ||
		(!stat(names->file.data, &st) && fchmod(fd, st.st_mode & 07777) < 0) ||
		fsync(fd) < 0)
		rc = error_errno(err, ERR_FAILED, "cannot write %s", names->lock.data);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int replace(const struct names *names, lockfile_edit *edit, void *data, struct error *err)
{
	struct buf text = BUF_INIT;
	int rc = edit_draft(names, edit, data, &text, err);
	if (!rc)
		rc = write_lock(names, &text, err);
	if (!rc && rename(names->lock.data, names->file.data) < 0)
		rc = error_errno(err, ERR_FAILED, "cannot replace %s", names->file.data);
	buf_release(&text);
	return rc < 0 ? rc : file_sync_directory_of(names->file.data, err);
}

static int take_turn(struct lock_place *place, struct file_lock *turn, struct error *err)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/settings", place->state_dir);
	int rc = file_lock_acquire(turn, path.data, NULL, WAIT_MS, env_system(), err);
	buf_release(&path);
	return rc;
}

int lockfile_replace(struct lock_place *place, const char *directory, const char *name,
	lockfile_edit *edit, void *data, struct error *err)
{
	struct names names = names_of(directory, name);
	struct file_lock turn = FILE_LOCK_INIT;
	int rc = take_turn(place, &turn, err);
	if (!rc)
		rc = clear(&names, err);
	if (!rc) {
		rc = lock(place, &names, err);
		if (!rc)
			rc = replace(&names, edit, data, err);
		clear(&names, NULL);
	}
	file_lock_release(&turn);
	names_release(&names);
	return rc;
}

int lockfile_sweep(
	struct lock_place *place, const char *directory, const char *name, struct error *err)
{
	struct names names = names_of(directory, name);
	struct file_lock turn = FILE_LOCK_INIT;
	int rc = file_exists(names.directory.data, err);
	if (rc > 0) {
		rc = take_turn(place, &turn, err);
		if (!rc)
			rc = clear(&names, err);
		file_lock_release(&turn);
	}
	names_release(&names);
	return rc;
}
