#include "locks/clone_lock.h"

#include <unistd.h>

int clone_lock_acquire(
	struct lock_place *place, int64_t wait_ms, const struct env *env, struct error *err)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/write", place->state_dir);
	int rc = file_lock_acquire(&place->writing, path.data, NULL, wait_ms, env, err);
	place->is_writing = !rc;
	buf_release(&path);
	return rc;
}

void clone_lock_release(struct lock_place *place)
{
	if (place->is_writing)
		file_lock_release(&place->writing);
	place->is_writing = false;
}

bool clone_lock_is_held(const struct lock_place *place)
{
	return place->is_writing;
}
