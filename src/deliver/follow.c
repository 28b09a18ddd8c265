#include "deliver/follow.h"

#include "base/file.h"
#include "git/refs.h"
#include "git/state.h"
#include "git/worktree.h"
#include "remote/repair.h"

#include <sys/stat.h>

/* <state dir>/worktree-problem exists from the first report of a failure until an update succeeds. */
static void note(
	struct repo *repo, const char *branch, const struct error *failure, struct buf *behind)
{
	struct buf path = BUF_INIT;
	struct stat st;
	state_path(&path, repo, "worktree-problem");
	bool reported = !stat(path.data, &st);
	if (!failure && reported)
		file_remove(path.data, NULL);
	if (failure && !reported && behind) {
		buf_addf(behind,
			"cannot update the worktree to '%s'; trying again at the next change: %s",
			branch, failure->text);
		file_publish(path.data, behind->data, behind->len, NULL);
	}
	buf_release(&path);
}

int follow(struct repo *repo, const struct remote_settings *remote, const char *branch,
	const struct oid *tip, struct buf *behind, struct error *err)
{
	struct buf ref = BUF_INIT;
	struct error why = ERROR_INIT;
	ref_branch(&ref, branch);
	int rc = worktree_follow(repo, ref.data, tip, &why);
	if (rc < 0 && worktree_index_is_damaged(repo) && repair(repo, remote, NULL) > 0)
		rc = worktree_follow(repo, ref.data, tip, &why);
	if (behind)
		buf_reset(behind);
	note(repo, branch, rc < 0 ? &why : NULL, behind);
	if (rc < 0 && err)
		*err = why;
	buf_release(&ref);
	return rc;
}
