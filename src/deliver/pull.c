#include "deliver/pull.h"

#include "clone/reading.h"
#include "deliver/follow.h"
#include "deliver/outbox.h"
#include "deliver/write_queue.h"
#include "git/refs.h"
#include "locks/clone_lock.h"

#include <string.h>

void pull_result_release(struct pull_result *result)
{
	buf_release(&result->behind);
	buf_release(&result->said);
}

/* ---- the outbox ---- */

/* The number of requests in the outbox, or a negative code. */
static int count_outbox(struct repo *repo, size_t *count, struct error *err)
{
	struct outbox outbox;
	int rc = outbox_read(&outbox, repo, err);
	*count = rc < 0 ? 0 : outbox.count;
	outbox_release(&outbox);
	return rc;
}

static int send_outbox(struct repo *repo, const struct settings *settings, const struct env *env,
	struct pull_result *result, struct error *err)
{
	struct outcome outcome = OUTCOME_INIT;
	size_t before;
	int rc = count_outbox(repo, &before, err);
	if (rc < 0)
		return rc;
	result->left = before;
	if (!before || !settings->server)
		return 0;
	int sent = write_queue_run(repo, settings, NULL, env, &outcome, err);
	result->ran = !sent;
	/* An outage leaves the requests in the outbox. A failure of this host is one of the command. */
	rc = sent == ERR_FAILED ? sent : count_outbox(repo, &result->left, err);
	if (!rc && result->left < before)
		result->sent = before - result->left;
	buf_add(&result->said, outcome.said.data, outcome.said.len);
	outcome_release(&outcome);
	return rc;
}

/* ---- the worktree ---- */

/* Compares the branch of the worktree with the tip, neither of which changes. */
static int find_position(
	struct repo *repo, const char *branch, struct pull_result *result, struct error *err)
{
	struct buf ref = BUF_INIT, head = BUF_INIT;
	struct oid now;
	ref_branch(&ref, branch);
	int rc = repo_head_branch(repo, &head, err);
	if (rc == ERR_FAILED)
		goto done;
	if (rc < 0 || strcmp(head.data, ref.data) != 0) {
		result->worktree = PULL_ELSEWHERE;
		rc = 0;
	} else if (!(rc = repo_ref(repo, ref.data, &now, err)) && !oid_equal(&now, &result->tip)) {
		rc = repo_is_ancestor(repo, &result->tip, &now, err);
		result->worktree = rc == 1 ? PULL_AHEAD : PULL_DIVERGED;
	}
done:
	buf_release(&ref);
	buf_release(&head);
	return rc < 0 ? rc : 0;
}

/* The caller holds the clone's lock. */
static int update_worktree(struct repo *repo, const struct settings *settings,
	struct pull_result *result, struct error *err)
{
	struct remote_settings remote = { settings->remote, settings->timeout_ms };
	if (!repo_work_tree(repo)) {
		result->worktree = PULL_NONE;
		return 0;
	}
	int rc = follow(
		repo, &remote, settings->branch, &result->tip, &result->behind, &result->blocked);
	result->updated = rc > 0;
	if (rc < 0)
		result->worktree = PULL_BLOCKED;
	return rc ? 0 : find_position(repo, settings->branch, result, err);
}

static int bring_up_to_date(struct repo *repo, const struct settings *settings,
	const struct env *env, struct pull_result *result, struct error *err)
{
	struct reading reading;
	int rc = send_outbox(repo, settings, env, result, err);
	if (!rc)
		rc = reading_take(&reading, repo, settings, true, env, err);
	if (!rc && reading.offline.code)
		rc = error_set(err, reading.offline.code, "%s", reading.offline.text);
	if (!rc)
		rc = clone_lock_acquire(repo_place(repo), settings->lock_wait_ms, env, err);
	if (rc)
		return rc;
	/* The tip as it is now: another process may have fetched a later one before this one got
	 * the lock. */
	rc = repo_tracking_ref(repo, settings->remote, settings->branch, &result->tip, err);
	if (!rc)
		rc = update_worktree(repo, settings, result, err);
	clone_lock_release(repo_place(repo));
	return rc;
}

int pull(struct repo *repo, const struct settings *settings, const struct env *env,
	struct pull_result *result, struct error *err)
{
	int rc = bring_up_to_date(repo, settings, env, result, err);
	if (rc < 0 && result->ran)
		error_wrap(err, "the outbox was sent, but this clone cannot be updated");
	return rc;
}
