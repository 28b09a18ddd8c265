#include "remote/branch.h"

#include "base/alloc.h"
#include "git/refs.h"

#include <stdlib.h>

void remote_branch_init(struct remote_branch *branch, struct repo *repo,
	const struct remote_settings *remote, const char *name)
{
	struct buf text = BUF_INIT;
	*branch = (struct remote_branch){ repo, *remote, xstrdup(name), NULL, NULL };
	ref_branch(&text, name);
	branch->ref = buf_detach(&text);
	ref_tracking(&text, remote->name, name);
	branch->tracking = buf_detach(&text);
}

void remote_branch_release(struct remote_branch *branch)
{
	free(branch->name);
	free(branch->ref);
	free(branch->tracking);
}

int remote_branch_tip(const struct remote_branch *branch, struct oid *out, struct error *err)
{
	return repo_ref_or_none(branch->repo, branch->tracking, out, err);
}

int remote_branch_fetch(const struct remote_branch *branch, struct error *err)
{
	struct oid gone;
	struct buf refspec = BUF_INIT;
	ref_fetching(&refspec, branch->remote.name, branch->name);
	const char *refspecs[] = { refspec.data, NULL };
	int rc = remote_fetch(branch->repo, &branch->remote, refspecs, err);
	buf_release(&refspec);
	if (rc != ERR_NOT_FOUND)
		return rc;
	rc = remote_branch_tip(branch, &gone, err);
	return rc < 0 || oid_is_none(&gone) ? rc
					    : repo_ref_update(branch->repo, branch->tracking,
						      &OID_NONE, &gone, "gone at the remote", err);
}

bool remote_branch_arrived(const struct remote_branch *branch, const struct oid *new)
{
	struct oid tip;
	return !remote_ref(branch->repo, &branch->remote, branch->ref, &tip, NULL) &&
		oid_equal(&tip, new);
}

void remote_branch_pushed(
	const struct remote_branch *branch, const struct oid *old, const struct oid *new)
{
	struct oid seen;
	/* git has updated the ref itself if a fetch refspec of the remote covers it. */
	if (!remote_branch_tip(branch, &seen, NULL) && oid_equal(&seen, old))
		repo_ref_update(branch->repo, branch->tracking, new, &seen, "pushed", NULL);
}
