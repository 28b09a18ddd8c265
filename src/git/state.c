#include "git/state.h"

#include <string.h>

void state_path(struct buf *path, const struct repo *repo, const char *name)
{
	buf_reset(path);
	buf_addf(path, "%s/%s", repo_state_dir(repo), name);
}

int state_read(
	struct buf *out, const struct repo *repo, const char *name, size_t limit, struct error *err)
{
	struct buf path = BUF_INIT;
	state_path(&path, repo, name);
	int rc = file_read(out, path.data, limit, err);
	buf_release(&path);
	return rc;
}

int state_write(const struct repo *repo, const char *name, const char *text, bool is_durable,
	struct error *err)
{
	struct buf path = BUF_INIT;
	state_path(&path, repo, name);
	int rc = file_make_directories(repo_state_dir(repo), err);
	if (!rc)
		rc = is_durable ? file_replace(path.data, text, strlen(text), 0644, err)
				: file_publish(path.data, text, strlen(text), err);
	buf_release(&path);
	return rc;
}

int state_lock(struct file_lock *lock, const struct repo *repo, const char *name, int64_t wait_ms,
	const struct env *env, struct error *err)
{
	struct buf path = BUF_INIT;
	state_path(&path, repo, name);
	int rc = file_lock_acquire(lock, path.data, NULL, wait_ms, env, err);
	buf_release(&path);
	return rc;
}
