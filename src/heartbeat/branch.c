#include "heartbeat/branch.h"

#include "base/alloc.h"

#include <stdlib.h>

void heartbeat_branch_init(struct heartbeat_branch *branch, struct repo *repo, const char *name,
	const struct remote_settings *remote, int64_t history)
{
	*branch = (struct heartbeat_branch){ .history = history };
	remote_branch_init(&branch->at, repo, remote, name);
}

void heartbeat_branch_release(struct heartbeat_branch *branch)
{
	remote_branch_release(&branch->at);
}

/* Counts the commits of the branch, up to `history`, and those that the remote does not have. */
static int count(struct heartbeat_branch *branch, struct error *err)
{
	struct commit commit = { .message = BUF_INIT };
	struct oid at = branch->tip;
	bool theirs_seen = false;
	int rc = 0;
	branch->length = branch->pending = 0;
	while (!oid_is_none(&at) && branch->length < branch->history) {
		theirs_seen = theirs_seen || oid_equal(&at, &branch->theirs);
		branch->length++;
		branch->pending += !theirs_seen;
		rc = repo_commit(branch->at.repo, &at, &commit, err);
		if (rc < 0)
			break;
		at = commit.parent;
	}
	/* The counts are incomplete: make the next load count again. */
	if (rc < 0)
		branch->length = 0;
	buf_release(&commit.message);
	return rc;
}

int heartbeat_branch_load(struct heartbeat_branch *branch, struct error *err)
{
	struct oid theirs, tip;
	int rc = remote_branch_tip(&branch->at, &theirs, err);
	if (!rc)
		rc = repo_ref_or_none(branch->at.repo, branch->at.ref, &tip, err);
	if (rc < 0)
		return rc;
	/* A new clone continues the branch of the remote. */
	if (oid_is_none(&tip))
		tip = theirs;
	if (branch->length && oid_equal(&tip, &branch->tip) && oid_equal(&theirs, &branch->theirs))
		return 0;
	branch->tip = tip;
	branch->theirs = theirs;
	return count(branch, err);
}

static int move(
	struct heartbeat_branch *branch, const struct oid *to, const char *why, struct error *err)
{
	struct oid from;
	int rc = repo_ref_or_none(branch->at.repo, branch->at.ref, &from, err);
	if (!rc)
		rc = repo_ref_update(branch->at.repo, branch->at.ref, to, &from, why, err);
	if (!rc)
		branch->tip = *to;
	return rc;
}

int heartbeat_branch_add(struct heartbeat_branch *branch, struct commit_plan *plan, bool *restarted,
	struct error *err)
{
	struct oid made;
	bool root = oid_is_none(&branch->tip) || branch->length >= branch->history;
	plan->parents = &branch->tip;
	plan->parents_count = root ? 0 : 1;
	*restarted = root && !oid_is_none(&branch->tip);
	int rc = repo_write_commit(branch->at.repo, &made, plan, err);
	if (!rc)
		rc = move(branch, &made, "heartbeat", err);
	if (rc < 0)
		return rc;
	branch->length = root ? 1 : branch->length + 1;
	branch->pending = *restarted ? 1 : branch->pending + 1;
	return 0;
}

/* Returns the pending commits, the newest first. Free the list. */
static struct oid *list_pending(struct heartbeat_branch *branch, size_t *count, struct error *err)
{
	struct commit commit = { .message = BUF_INIT };
	struct oid *list = xcalloc((size_t)branch->pending, sizeof(*list));
	struct oid at = branch->tip;
	for (*count = 0; *count < (size_t)branch->pending && !oid_is_none(&at);) {
		list[(*count)++] = at;
		if (repo_commit(branch->at.repo, &at, &commit, err) < 0) {
			free(list);
			list = NULL;
			break;
		}
		at = commit.parent;
	}
	buf_release(&commit.message);
	return list;
}

/* Rebases the pending heartbeats onto the remote's tip. If the branch would become longer than
 * `history`, the first of them becomes a root. */
static int replay(struct heartbeat_branch *branch, struct error *err)
{
	size_t pending;
	struct oid *list = list_pending(branch, &pending, err);
	if (!list)
		return ERR_FAILED;
	struct oid mine = branch->tip;
	branch->tip = branch->theirs;
	int rc = count(branch, err);
	struct oid parent =
		branch->length + (int64_t)pending <= branch->history ? branch->theirs : OID_NONE;
	for (size_t i = pending; !rc && i-- > 0;)
		rc = repo_rewrite_commit(branch->at.repo, &parent, &list[i], &parent, NULL, err);
	free(list);
	branch->tip = mine;
	if (!rc)
		rc = move(branch, &parent, "heartbeat: rebased onto the remote's", err);
	return rc < 0 ? rc : count(branch, err);
}

static int push_once(struct heartbeat_branch *branch, struct buf *said, struct error *err)
{
	bool follows = oid_is_none(&branch->theirs) || branch->pending < branch->length;
	struct push push = { .ref = branch->at.ref,
		.new = branch->tip,
		.expected = branch->theirs,
		/* If all commits are pending, the branch has been restarted. */
		.force = !follows };
	return remote_push(branch->at.repo, &branch->at.remote, &push, 1, said, err);
}

/*
 * After a lost race: rebases the pending heartbeats onto the remote's tip. Returns 1 if the remote
 * has all of them already.
 */
static int catch_up(struct heartbeat_branch *branch, struct error *err)
{
	int rc = remote_branch_fetch(&branch->at, err);
	if (rc < 0)
		return rc;
	rc = remote_branch_tip(&branch->at, &branch->theirs, err);
	if (rc < 0)
		return rc;
	int is_there = oid_is_none(&branch->theirs)
		? 0
		: repo_is_ancestor(branch->at.repo, &branch->tip, &branch->theirs, err);
	if (is_there == 1)
		branch->pending = 0;
	return is_there ? is_there : replay(branch, err);
}

int heartbeat_branch_push(
	struct heartbeat_branch *branch, int64_t attempts, struct buf *said, struct error *err)
{
	struct error why = ERROR_INIT; /* `err` is not changed if a later attempt succeeds */
	size_t before = said->len;
	int rc = 0;
	while (branch->pending && attempts-- > 0) {
		buf_truncate(said, before);
		rc = push_once(branch, said, &why);
		if ((rc == ERR_UNKNOWN || rc == ERR_TIMEOUT) &&
			remote_branch_arrived(&branch->at, &branch->tip))
			rc = 0;
		if (!rc) {
			remote_branch_pushed(&branch->at, &branch->theirs, &branch->tip);
			branch->theirs = branch->tip;
			branch->pending = 0;
		}
		if (rc != ERR_LOST_RACE)
			break;
		int caught_up = catch_up(branch, &why);
		if (caught_up)
			rc = caught_up < 0 ? caught_up : 0;
		if (rc != ERR_LOST_RACE)
			break;
	}
	if (rc < 0 && err)
		*err = why;
	return rc;
}
