#include "heartbeat/squash.h"

#include "base/timestamp.h"
#include "fleet/names.h"
#include "remote/branch.h"
#include "git/refs.h"

#include <string.h>

enum { RACES_PER_ATTEMPT = 20, MOST_UNMOVED = 4, MOST_PAUSE_MS = 60 };

enum { COUNT_LIMIT = 10000000 };

void squash_result_release(struct squash_result *result)
{
	buf_release(&result->backup);
	buf_release(&result->said);
}

static int check_branch(const struct settings *settings, const char *branch, struct error *err)
{
	if (!repo_branch_name_ok(branch))
		return error_set(err, ERR_INVALID, "'%s': not a valid branch name", branch);
	if (!strcmp(branch, settings->branch))
		return error_set(err, ERR_INVALID,
			"%s: cannot be squashed, because it is the shared branch", branch);
	return 0;
}

static int count_commits(
	struct repo *repo, const struct oid *tip, int64_t *count, struct error *err)
{
	struct commit commit = { .message = BUF_INIT };
	struct oid at = *tip;
	int rc = 0;
	for (*count = 0; !oid_is_none(&at) && *count < COUNT_LIMIT && !rc; ++*count) {
		rc = repo_commit(repo, &at, &commit, err);
		at = rc ? at : commit.parent;
	}
	buf_release(&commit.message);
	return rc;
}

/* Creates the commit without a parent that replaces the history of `tip`. */
static int make_squashed(struct repo *repo, const char *branch, const struct oid *tip,
	int64_t count, const struct env *env, struct oid *out, struct error *err)
{
	char uuid[UUID_SIZE];
	struct buf message = BUF_INIT;
	env->uuid(env->data, uuid);
	buf_addf(&message, "Squash %lld commits of %s\n\n" OPERATION_TRAILER "%s\n",
		(long long)count, branch, uuid);
	struct oid none = OID_NONE;
	int rc = repo_rewrite_commit(repo, out, tip, &none, message.data, err);
	buf_release(&message);
	return rc;
}

static void name_backup(
	const struct squash *squash, const struct env *env, struct squash_result *result)
{
	char when[TIMESTAMP_SIZE];
	timestamp_format_compact(env_now(env), when);
	buf_reset(&result->backup);
	buf_addf(&result->backup, FLEET_BACKUP_BRANCH "%s-%s", squash->branch, when);
}

/*
 * Checks, after a failed push, that the backup branch can be created: neither its name nor a
 * leading directory of it may be the name of a branch. Returns 0, or ERR_REFUSED with the reason.
 */
static int check_backup_name(struct repo *repo, const struct remote_settings *remote,
	const char *backup, struct error *err)
{
	struct buf taken = BUF_INIT;
	int rc = 0;
	for (const char *end = strchr(backup, '/'); !rc; end = strchr(end + 1, '/')) {
		buf_reset(&taken);
		buf_add(&taken, backup, end ? (size_t)(end - backup) : strlen(backup));
		rc = remote_has_branch(repo, remote, taken.data, err);
		if (!end)
			break;
	}
	if (rc == 1)
		rc = error_set(err, ERR_REFUSED,
			"%s: cannot be created at '%s', which has a branch '%s'; rename that "
			"branch, or squash without --backup",
			backup, remote->name, taken.data);
	buf_release(&taken);
	return rc;
}

/*
 * Pushes the squashed branch and its backup atomically, so that no backup remains after a lost
 * race. Returns the same as remote_push().
 */
static int push_both(
	const struct remote_branch *branch, struct squash_result *result, struct error *err)
{
	struct buf ref = BUF_INIT;
	ref_branch(&ref, result->backup.data);
	struct push pushes[] = {
		{ .ref = branch->ref, .new = result->new, .expected = result->old, .force = true },
		{ .ref = ref.data, .new = result->old },
	};
	int rc = remote_push(branch->repo, &branch->remote, pushes, result->backup.len ? 2 : 1,
		&result->said, err);
	if ((rc == ERR_UNKNOWN || rc == ERR_TIMEOUT) && remote_branch_arrived(branch, &result->new))
		rc = 0;
	if (result->backup.len && (rc == ERR_LOST_RACE || rc == ERR_REFUSED)) {
		struct error taken = ERROR_INIT;
		if (check_backup_name(branch->repo, &branch->remote, result->backup.data, &taken) ==
			ERR_REFUSED) {
			buf_reset(&result->said);
			rc = ERR_REFUSED;
			if (err)
				*err = taken;
		}
	}
	buf_release(&ref);
	return rc;
}

/* Tries once, with the last known tip. ERR_LOST_RACE if there is a newer one. */
static int squash_tip(const struct remote_branch *branch, const struct squash *squash,
	const struct env *env, struct squash_result *result, struct error *err)
{
	struct repo *repo = branch->repo;
	const char *from = squash->no_push ? branch->ref : branch->tracking;
	int rc = repo_ref(repo, from, &result->old, err);
	if (rc < 0 && rc != ERR_NOT_FOUND)
		return rc;
	if (rc < 0)
		return error_set(err, ERR_NOT_FOUND, "no such branch: %s %s%s", squash->branch,
			squash->no_push ? "in this clone" : "at ",
			squash->no_push ? "" : branch->remote.name);
	result->new = result->old;
	rc = count_commits(repo, &result->old, &result->commits, err);
	if (rc < 0 || result->commits <= 1)
		return rc;
	if (squash->backup && !squash->no_push)
		name_backup(squash, env, result);
	if (squash->dry_run)
		return 0;
	rc = make_squashed(
		repo, squash->branch, &result->old, result->commits, env, &result->new, err);
	if (rc < 0)
		return rc;
	if (squash->no_push)
		return repo_ref_update(
			repo, branch->ref, &result->new, &result->old, "squash", err);
	rc = push_both(branch, result, err);
	if (!rc) {
		remote_branch_pushed(branch, &result->old, &result->new);
		/* New heartbeats of this clone follow the squashed commit, if it had the same tip. */
		repo_ref_update(repo, branch->ref, &result->new, &result->old, "squash", NULL);
	}
	return rc;
}

int squash_run(struct repo *repo, const struct settings *settings, const struct squash *squash,
	const struct env *env, struct squash_result *result, struct error *err)
{
	int rc = check_branch(settings, squash->branch, err);
	if (rc < 0)
		return rc;
	struct remote_settings remote = { settings->remote, settings->timeout_ms };
	struct remote_branch branch;
	remote_branch_init(&branch, repo, &remote, squash->branch);
	/* A lost race means that a heartbeat has arrived: this is not a failure of the remote. */
	struct oid seen = OID_NONE;
	int unmoved = 0;
	for (int64_t attempt = 0; attempt < settings->attempts * RACES_PER_ATTEMPT; attempt++) {
		if (attempt)
			env_sleep(env, env_random(env, MOST_PAUSE_MS));
		buf_reset(&result->said);
		rc = squash->no_push ? 0 : remote_branch_fetch(&branch, err);
		if (!rc)
			rc = squash_tip(&branch, squash, env, result, err);
		unmoved = oid_equal(&seen, &result->old) ? unmoved + 1 : 0;
		seen = result->old;
		/* If the branch has not changed, no race was lost: the remote cannot do it. */
		if (rc != ERR_LOST_RACE || unmoved == MOST_UNMOVED)
			break;
	}
	if (rc < 0)
		buf_reset(&result->backup);
	remote_branch_release(&branch);
	return rc;
}

struct each_branch {
	int (*each)(const char *branch, void *data);
	void *data;
	size_t prefix_len;
};

static int call_each(const char *name, const struct oid *oid, void *data)
{
	struct each_branch *each = data;
	(void)oid;
	return each->each(name + each->prefix_len, each->data);
}

int squash_each_branch(struct repo *repo, const struct settings *settings,
	int (*each)(const char *branch, void *data), void *data, struct error *err)
{
	struct remote_settings remote = { settings->remote, settings->timeout_ms };
	struct buf refspec = BUF_INIT, prefix = BUF_INIT;
	ref_fetching(&refspec, settings->remote, FLEET_HEARTBEAT_BRANCH "*");
	ref_tracking(&prefix, settings->remote, "");
	const char *refspecs[] = { refspec.data, NULL };
	struct each_branch call = { each, data, prefix.len };
	int rc = remote_fetch(repo, &remote, refspecs, err);
	buf_addstr(&prefix, FLEET_HEARTBEAT_BRANCH);
	if (!rc)
		rc = repo_ref_each(repo, prefix.data, call_each, &call, err);
	buf_release(&refspec);
	buf_release(&prefix);
	return rc;
}
