#include "store/stale_locks.h"

#include "base/buf.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

struct looking {
	int64_t before;
	int (*each)(const char *path, void *data);
	void *data;
};

static bool is_lock(const FTSENT *entry)
{
	static const char ending[] = ".lock";
	size_t len = strlen(ending);
	return entry->fts_info == FTS_F && entry->fts_namelen > len &&
		!strcmp(entry->fts_name + entry->fts_namelen - len, ending);
}

/* The lock files below `folder`, at most `depth` folders down (0: however deep). */
static int look(const struct looking *looking, char *folder, short depth, struct error *err)
{
	char *paths[] = { folder, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int rc = 0;
	if (!walk)
		return error_errno(err, ERR_FAILED, "cannot look into %s", folder);
	for (FTSENT *entry; !rc && (entry = fts_read(walk));) {
		if (entry->fts_info == FTS_D && depth && entry->fts_level >= depth)
			fts_set(walk, entry, FTS_SKIP);
		else if (is_lock(entry) && entry->fts_statp->st_mtime < looking->before)
			rc = looking->each(entry->fts_path, looking->data);
	}
	fts_close(walk);
	return rc;
}

int stale_locks_each(struct repo *repo, int64_t before, int (*each)(const char *path, void *data),
	void *data, struct error *err)
{
	struct looking looking = { before, each, data };
	struct buf path = BUF_INIT;
	buf_addstr(&path, repo_git_dir(repo));
	int rc = look(&looking, path.data, 1, err);
	if (!rc && strcmp(repo_git_dir(repo), repo_common_dir(repo)) != 0) {
		buf_reset(&path);
		buf_addstr(&path, repo_common_dir(repo));
		rc = look(&looking, path.data, 1, err);
	}
	if (!rc) {
		buf_reset(&path);
		buf_addf(&path, "%s/refs", repo_common_dir(repo));
		rc = look(&looking, path.data, 0, err);
	}
	buf_release(&path);
	return rc;
}
