#include "locks/boot_locks.h"

#include "base/boot.h"
#include "base/buf.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Is `path` still the file that was opened as `fd`, with the same time, and older than the start of
 * this host? */
static bool is_dead(int fd, const char *path, int64_t booted)
{
	struct stat here, there;
	return !fstat(fd, &here) && !lstat(path, &there) && S_ISREG(there.st_mode) &&
		here.st_dev == there.st_dev && here.st_ino == there.st_ino &&
		here.st_mtime < booted && there.st_mtime < booted;
}

/*
 * The lock file itself is locked (flock(2)) while it is examined: if two processes find it at the
 * same time, the second checks it again after the first has removed it, and does not remove a new
 * lock file of the same name. The pause protects the lock of a running git process that was created
 * just before the clock was set forward.
 */
int boot_lock_remove(const char *path, struct error *err)
{
	static const struct timespec pause = { .tv_sec = 1 };
	int64_t booted = boot_time();
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int rc = 0;
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			? 0
			: error_errno(err, ERR_FAILED, "cannot open %s", path);
	if (is_dead(fd, path, booted)) {
		nanosleep(&pause, NULL);
		if (flock(fd, LOCK_EX) < 0)
			rc = error_errno(err, ERR_FAILED, "cannot lock %s", path);
		else if (is_dead(fd, path, boot_time()))
			rc = unlink(path) < 0
				? error_errno(err, ERR_FAILED, "cannot remove %s", path)
				: 1;
	}
	close(fd);
	return rc;
}

int boot_locks_remove_for(struct lock_place *place, const char *ref, struct error *err)
{
	/* git locks HEAD together with the branch that it points to, for its reflog. */
	const char *const names[] = { "packed-refs", "HEAD", ref };
	enum { NAMES = sizeof(names) / sizeof(*names) };
	struct buf path = BUF_INIT;
	/* A name that git will refuse may lead anywhere. */
	bool valid = !strncmp(ref, "refs/", 5) && !strstr(ref, "..");
	int removed = 0, rc = 0;
	for (size_t i = 0; rc >= 0 && i < (valid ? NAMES : NAMES - 1); i++) {
		buf_reset(&path);
		buf_addf(&path, "%s/%s.lock", place->common_dir, names[i]);
		rc = boot_lock_remove(path.data, err);
		removed += rc > 0;
	}
	buf_release(&path);
	return rc < 0 ? rc : removed;
}

/* ---- all locks ---- */

static bool is_lock(const FTSENT *entry)
{
	return entry->fts_info == FTS_F && file_has_ending(entry->fts_name, ".lock");
}

/* Removes the dead lock files below `directory`, at most `depth` directories down (0: no limit).
 */
static int remove_below(char *directory, short depth, struct error *err)
{
	char *paths[] = { directory, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int removed = 0;
	if (!walk)
		return error_errno(err, ERR_FAILED, "cannot list %s", directory);
	for (FTSENT *entry; (entry = fts_read(walk));) {
		if (entry->fts_info == FTS_D && depth && entry->fts_level >= depth)
			fts_set(walk, entry, FTS_SKIP);
		else if (is_lock(entry))
			removed += boot_lock_remove(entry->fts_path, NULL) > 0;
	}
	fts_close(walk);
	return removed;
}

int boot_locks_remove_all(struct lock_place *place, struct error *err)
{
	struct buf path = BUF_INIT;
	buf_addstr(&path, place->git_dir);
	int removed = remove_below(path.data, 1, err), more = 0;
	if (removed >= 0 && strcmp(place->git_dir, place->common_dir) != 0) {
		buf_reset(&path);
		buf_addstr(&path, place->common_dir);
		more = remove_below(path.data, 1, err);
		removed = more < 0 ? more : removed + more;
	}
	if (removed >= 0) {
		buf_reset(&path);
		buf_addf(&path, "%s/refs", place->common_dir);
		more = remove_below(path.data, 0, err);
		removed = more < 0 ? more : removed + more;
	}
	buf_release(&path);
	return removed;
}
