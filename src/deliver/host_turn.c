#include "deliver/host_turn.h"

#include "base/hash.h"
#include "remote/remote.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Appends the directory of the locks, and creates it if necessary. Any user can create files in
 * /tmp, so the directory must belong to this user, and others must not have access. */
static bool own_directory(struct buf *out)
{
	struct stat st;
	buf_addf(out, "/tmp/git-build-%lu", (unsigned long)geteuid());
	if (mkdir(out->data, 0700) < 0 && errno != EEXIST)
		return false;
	return !lstat(out->data, &st) && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
		!(st.st_mode & 077);
}

/* Appends a name of the remote that is the same in all clones of this host: its URL, or the
 * absolute path without symbolic links. */
static void remote_identity(struct repo *repo, const char *remote, struct buf *out)
{
	char resolved[PATH_MAX];
	remote_url(repo, remote, out);
	if (!out->len)
		buf_addstr(out, remote);
	if (realpath(out->data, resolved)) {
		buf_reset(out);
		buf_addstr(out, resolved);
	}
}

/* Was another clone the last to hold the lock? The lock file names its holder, and keeps the name
 * after the release. */
static bool was_other(const char *path, const struct buf *who)
{
	struct buf last = BUF_INIT;
	bool other = !file_read(&last, path, PATH_MAX + 100, NULL) && last.len &&
		strncmp(last.data, who->data, who->len) != 0;
	buf_release(&last);
	return other;
}

void host_queue_enter(struct host_queue *queue, struct repo *repo, const char *remote,
	int64_t wait_ms, const struct env *env)
{
	struct buf path = BUF_INIT, identity = BUF_INIT, who = BUF_INIT;
	*queue = (struct host_queue){ FILE_LOCK_INIT, false };
	if (own_directory(&path)) {
		remote_identity(repo, remote, &identity);
		/* Two remotes with the same number take turns, too, which only costs time. */
		buf_addf(&path, "/%016" PRIx64, hash_bytes(identity.data, identity.len));
		buf_addf(&who, "git-build in %s", repo_common_dir(repo));
		queue->others = was_other(path.data, &who);
		if (file_lock_acquire(&queue->lock, path.data, who.data, 0, env, NULL) ==
			ERR_BUSY) {
			queue->others = true;
			file_lock_acquire(&queue->lock, path.data, who.data, wait_ms, env, NULL);
		}
	}
	buf_release(&path);
	buf_release(&identity);
	buf_release(&who);
}

void host_queue_leave(struct host_queue *queue)
{
	file_lock_release(&queue->lock);
}
