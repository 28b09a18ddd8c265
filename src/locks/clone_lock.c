#include "locks/clone_lock.h"

#include "git/internal.h"

#include <unistd.h>

int clone_lock_acquire(struct repo *repo, int64_t wait_ms, const struct env *env, struct error *err)
{
	struct buf path = BUF_INIT, who = BUF_INIT;
	buf_addf(&path, "%s/write", repo->state_dir);
	buf_addf(&who, "git-build, process %ld", (long)getpid());
	int rc = file_lock_acquire(&repo->writing, path.data, who.data, wait_ms, env, err);
	repo->is_writing = !rc;
	buf_release(&path);
	buf_release(&who);
	return rc;
}

void clone_lock_release(struct repo *repo)
{
	if (repo->is_writing)
		file_lock_release(&repo->writing);
	repo->is_writing = false;
}

bool clone_lock_is_held(const struct repo *repo)
{
	return repo->is_writing;
}
