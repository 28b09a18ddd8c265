/* A branch of the remote, and its remote-tracking ref in the clone. */
#ifndef REMOTE_BRANCH_H
#define REMOTE_BRANCH_H

#include "remote/remote.h"

struct remote_branch {
	struct repo *repo;
	struct remote_settings remote;
	char *name;     /* short: "main" */
	char *ref;      /* refs/heads/<name>, at the remote and in the clone */
	char *tracking; /* refs/remotes/<remote>/<name> */
};

/* Initializes `branch` without reading anything. `repo` and the remote's name are borrowed. Release
 * with remote_branch_release(). */
void remote_branch_init(struct remote_branch *branch, struct repo *repo,
	const struct remote_settings *remote, const char *name);
void remote_branch_release(struct remote_branch *branch);

/* Stores the tip as last fetched; OID_NONE if and only if there is no remote-tracking ref. */
int remote_branch_tip(const struct remote_branch *branch, struct oid *out, struct error *err);

/* Fetches the branch, with the errors of remote_fetch(). If it does not exist at the remote, removes
 * the remote-tracking ref and returns 0. */
int remote_branch_fetch(const struct remote_branch *branch, struct error *err);

/* After a push of `new` with an unknown result: has it arrived? Asks the remote; false if that fails. */
bool remote_branch_arrived(const struct remote_branch *branch, const struct oid *new);

/* Records, after a push, that the branch has moved from `old` to `new`. If the remote-tracking ref
 * cannot be updated, the next fetch does it. */
void remote_branch_pushed(
	const struct remote_branch *branch, const struct oid *old, const struct oid *new);

#endif
