#include "locks/stale_locks.h"

#include "base/alloc.h"
#include "base/env.h"
#include "base/file.h"
#include "locks/clone_lock.h"
#include "locks/live_git.h"

#include <errno.h>
#include <fts.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LEAST_AGE_MS = 1000, PAUSE_MS = 50 };

/* A list of paths; ends with NULL. */
struct paths {
	char **list;
	size_t count, capacity;
};

static void add_path(struct paths *paths, const char *path)
{
	GROW(paths->list, paths->count + 1, paths->capacity);
	paths->list[paths->count++] = xstrdup(path);
	paths->list[paths->count] = NULL;
}

static void paths_release(struct paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->list[i]);
	free(paths->list);
}

/* ---- the directories of git processes ---- */

static void add_root(struct paths *roots, const char *path)
{
	char resolved[PATH_MAX];
	if (path && realpath(path, resolved))
		add_path(roots, resolved);
}

/* The linked worktrees of a repository: each has the path of its .git file. */
static void add_work_trees(struct paths *roots, const char *common_dir)
{
	struct buf pattern = BUF_INIT, text = BUF_INIT;
	glob_t found = { 0 };
	buf_addf(&pattern, "%s/worktrees/*/gitdir", common_dir);
	if (!glob(pattern.data, 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++) {
			buf_reset(&text);
			if (file_read(&text, found.gl_pathv[i], PATH_MAX, NULL) < 0)
				continue;
			char *end = strrchr(text.data, '/');
			if (end)
				*end = '\0';
			add_root(roots, text.data);
		}
	globfree(&found);
	buf_release(&pattern);
	buf_release(&text);
}

/* ---- finding them ---- */

static bool is_lock(const FTSENT *entry)
{
	return entry->fts_info == FTS_F && file_has_ending(entry->fts_name, ".lock");
}

/* The lock files of refs, or of their logs, at any depth. */
static int find_ref_locks(
	struct paths *found, const char *common_dir, const char *name, struct error *err)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/%s", common_dir, name);
	char *paths[] = { path.data, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int rc = walk ? 0 : error_errno(err, ERR_FAILED, "cannot read %s", path.data);
	for (FTSENT *entry; !rc && (entry = fts_read(walk));) {
		bool gone = entry->fts_errno == ENOENT;
		if (is_lock(entry))
			add_path(found, entry->fts_path);
		else if (!gone &&
			(entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
				entry->fts_info == FTS_NS))
			rc = error_set(err, ERR_FAILED, "cannot read %s: %s", entry->fts_path,
				strerror(entry->fts_errno));
	}
	if (walk)
		fts_close(walk);
	buf_release(&path);
	return rc;
}

static void find_named_locks(struct paths *found, const char *git_dir)
{
	static const char *const names[] = { "HEAD.lock", "ORIG_HEAD.lock", "index.lock",
		"config.lock", "config.worktree.lock", "packed-refs.lock", "shallow.lock",
		"objects/maintenance.lock" };
	struct buf path = BUF_INIT;
	struct stat st;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		buf_reset(&path);
		buf_addf(&path, "%s/%s", git_dir, names[i]);
		if (!lstat(path.data, &st) && S_ISREG(st.st_mode))
			add_path(found, path.data);
	}
	buf_release(&path);
}

/* One git directory with its refs, and the directories of processes that may use it. */
struct found {
	struct paths locks, roots;
};

static void place_release(struct found *found)
{
	paths_release(&found->locks);
	paths_release(&found->roots);
}

static int examine(struct found *found, const char *git_dir, const char *common_dir,
	const char *work_tree, struct error *err)
{
	*found = (struct found){ 0 };
	find_named_locks(&found->locks, git_dir);
	if (strcmp(git_dir, common_dir) != 0)
		find_named_locks(&found->locks, common_dir);
	int rc = find_ref_locks(&found->locks, common_dir, "refs", err);
	if (!rc)
		rc = find_ref_locks(&found->locks, common_dir, "logs", err);
	if (!found->locks.count)
		return rc;
	add_root(&found->roots, git_dir);
	add_root(&found->roots, common_dir);
	add_root(&found->roots, work_tree);
	add_work_trees(&found->roots, common_dir);
	return rc;
}

/* ---- proving that they are dead ---- */

struct sight {
	struct stat st;
	int64_t moment;  /* when it was first seen, for live_git_may_hold(), */
	int64_t seen_ms; /* and on the monotonic clock */
};

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
		a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool see(struct sight *sight, const char *path)
{
	const struct env *env = env_system();
	sight->moment = live_git_moment();
	sight->seen_ms = env_ms(env);
	return !lstat(path, &sight->st) && S_ISREG(sight->st.st_mode);
}

static bool is_old(const struct sight *sight)
{
	const struct env *env = env_system();
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	int64_t age = (int64_t)(now.tv_sec - sight->st.st_ctim.tv_sec) * 1000 +
		(now.tv_nsec - sight->st.st_ctim.tv_nsec) / 1000000;
	return age >= LEAST_AGE_MS || env_ms(env) - sight->seen_ms >= LEAST_AGE_MS;
}

static bool is_dead(const struct sight *sight, const char *path, const struct paths *roots)
{
	struct stat now;
	return roots->count && is_old(sight) &&
		!live_git_may_hold(
			path, sight->st.st_uid, (const char *const *)roots->list, sight->moment) &&
		!lstat(path, &now) && is_same(&now, &sight->st);
}

/* Removes the lock as soon as its process is known to be dead, and returns 1; 0 if that is not
 * known by the deadline, or if the lock no longer exists. */
static int remove_one(const char *path, const struct paths *roots, int64_t deadline_ms)
{
	const struct env *env = env_system();
	struct sight sight;
	struct stat now;
	if (!see(&sight, path))
		return 0;
	while (!is_dead(&sight, path, roots)) {
		if (env_ms(env) >= deadline_ms || lstat(path, &now) < 0 ||
			!is_same(&now, &sight.st))
			return 0;
		env->sleep_ms(env->data, PAUSE_MS);
	}
	return !unlink(path);
}

static int remove_all(const struct found *found, int64_t wait_ms)
{
	const struct env *env = env_system();
	int64_t deadline_ms = env_ms(env) + wait_ms;
	int count = 0;
	for (size_t i = 0; i < found->locks.count; i++)
		count += remove_one(found->locks.list[i], &found->roots, deadline_ms);
	return count;
}

int stale_locks_remove(struct lock_place *place, int64_t wait_ms)
{
	struct found found;
	int count = 0;
	bool held = clone_lock_is_held(place);
	if (!held && clone_lock_acquire(place, wait_ms, env_system(), NULL) < 0)
		return 0;
	/* Locks that were found before reading a directory failed are used. */
	examine(&found, place->git_dir, place->common_dir, place->work_tree, NULL);
	count = remove_all(&found, wait_ms);
	place_release(&found);
	if (!held)
		clone_lock_release(place);
	return count;
}

int stale_locks_remove_in(const char *git_dir, int64_t wait_ms)
{
	struct found found;
	examine(&found, git_dir, git_dir, NULL, NULL);
	int count = remove_all(&found, wait_ms);
	place_release(&found);
	return count;
}

/* ---- reporting them ---- */

static int report(
	const struct found *found, int (*each)(const char *path, bool dead, void *data), void *data)
{
	struct sight sight;
	int rc = 0;
	for (size_t i = 0; !rc && i < found->locks.count; i++) {
		const char *path = found->locks.list[i];
		if (see(&sight, path))
			rc = each(path, is_dead(&sight, path, &found->roots), data);
	}
	return rc;
}

int stale_locks_each(struct lock_place *place, int (*each)(const char *path, bool dead, void *data),
	void *data, struct error *err)
{
	struct found found;
	struct buf mirror = BUF_INIT;
	int rc = examine(&found, place->git_dir, place->common_dir, place->work_tree, err);
	if (!rc)
		rc = report(&found, each, data);
	place_release(&found);
	if (rc)
		return rc;
	buf_addf(&mirror, "%s/source.git", place->state_dir);
	rc = examine(&found, mirror.data, mirror.data, NULL, err);
	if (!rc)
		rc = report(&found, each, data);
	place_release(&found);
	buf_release(&mirror);
	return rc;
}
