/*
 * post-merge: checks the commits that a merge or pull added. It prints invalid files, and changes
 * that concern this server: new messages, and jobs and locks with a new owner. It sends a heartbeat
 * if one is due. Otherwise it prints nothing. It never fails a merge (according to githooks(5), it
 * cannot).
 *
 * It is also installed as post-rewrite, because `git pull --rebase` does not run post-merge if it
 * rebases commits.
 */
#include "check.h"

#include "base/child.h"
#include "base/env.h"
#include "base/file.h"
#include "notify/changes.h"
#include "heartbeat/heartbeat.h"
#include "host/program.h"
#include "clone/settings.h"
#include "hook.h"
#include "git/attributes.h"
#include "git/history.h"
#include "git/refs.h"
#include "fleet/files.h"
#include "fleet/limits.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LINES = 10 };

struct looking {
	struct repo *repo;
	struct settings settings;
	struct oid before, now;
	size_t lines;
};

/* ---- invalid files ---- */

/* Only files that the merge changed: older errors are known already. */
static int check_file(const struct changed_file *file, void *data)
{
	struct looking *looking = data;
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;
	size_t size;
	int rc = attribute_of(
		looking->repo, &looking->now, file->path, FORMAT_ATTRIBUTE, &text, &err);
	enum json_format format = fleet_format(file->path, rc > 0 ? text.data : NULL);
	bool is_document =
		format != FORMAT_NONE && strchr(file->path, '/') && !oid_is_none(&file->blob);
	buf_reset(&text);
	if (rc >= 0 && is_document)
		rc = history_read_blob(
			looking->repo, &file->blob, FLEET_DOCUMENT_LIMIT, &text, &size, &err);
	if (rc >= 0 && is_document)
		rc = guard_check_content(file->path, format, text.data, text.len, &err);
	if (rc < 0)
		hook_print("warning: %s", err.text);
	buf_release(&text);
	return 0;
}

static void check_driver(struct repo *repo)
{
	struct buf driver = BUF_INIT;
	if (!repo_config(repo, "merge.git-build.driver", &driver))
		hook_print(
			"warning: the merge driver is not configured, so git merges coordination "
			"files as text; run git build init");
	buf_release(&driver);
}

/* ---- changes that concern this server ---- */

static bool concerns(const struct looking *looking, const struct state_change *change)
{
	const char *server = looking->settings.server;
	return change->kind != CHANGE_JOB || (change->before && !strcmp(change->before, server)) ||
		(change->after && !strcmp(change->after, server)) ||
		(change->before && change->after);
}

static int say_change(const struct state_change *change, void *data)
{
	struct looking *looking = data;
	struct buf text = BUF_INIT;
	if (!concerns(looking, change))
		return 0;
	if (looking->lines++ < MOST_LINES) {
		change_say(&text, change, looking->settings.server);
		hook_print("%s", text.data);
	}
	buf_release(&text);
	return 0;
}

static void say_changes(struct looking *looking)
{
	const struct env *env = env_system();
	struct error err = ERROR_INIT;
	if (changes_each(looking->repo, &looking->before, &looking->now, looking->settings.server,
		    env_now(env), say_change, looking, &err) < 0)
		hook_print("warning: cannot list the changes: %s", err.text);
	if (looking->lines > MOST_LINES)
		hook_print("and %zu more", looking->lines - MOST_LINES);
}

/* ---- the heartbeat ---- */

/* A running loop sends its own heartbeats. */
static bool is_sent_by_loop(const struct looking *looking)
{
	struct file_lock lock = FILE_LOCK_INIT;
	int rc = heartbeat_loop_acquire(
		&lock, looking->repo, &looking->settings, env_system(), NULL);
	file_lock_release(&lock);
	return rc < 0;
}

/* Does this clone send heartbeats, and is the next one due? */
static bool is_due(const struct looking *looking)
{
	const struct env *env = env_system();
	const char *branch = looking->settings.heartbeat_branch;
	struct buf ref = BUF_INIT;
	struct oid tip;
	struct commit commit = { .message = BUF_INIT };
	ref_branch(&ref, branch ? branch : "");
	bool due = branch && strcmp(branch, looking->settings.branch) != 0 &&
		!repo_ref(looking->repo, ref.data, &tip, NULL) &&
		!repo_commit(looking->repo, &tip, &commit, NULL) &&
		env_now(env) - commit.time >= looking->settings.interval;
	buf_release(&ref);
	buf_release(&commit.message);
	return due;
}

/* Sends the heartbeat from a detached process, because a push can take long. It uses the settings of
 * the clone, as this hook does. */
static void send_heartbeat(void)
{
	static const char *const no_overrides[] = { "SERVER_ID", "HEARTBEAT_BRANCH",
		"HEARTBEAT_PUSH_EVERY", "LOCK_WAIT", NULL };
	struct buf path = BUF_INIT;
	struct error err = ERROR_INIT;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int rc = program_full_path(&path, &err);
	const char *argv[] = { path.data, "heartbeat", NULL };
	struct program program = { .argv = argv,
		.environment = no_overrides,
		.streams = { null, null, null },
		.group = PROGRAM_DETACHED };
	if (!rc && (null < 0 || program_start(&program) < 0))
		rc = error_errno(&err, ERR_FAILED, "cannot run %s", path.data);
	if (rc < 0)
		hook_print("warning: no heartbeat was sent: %s", err.text);
	if (null >= 0)
		close(null);
	buf_release(&path);
}

/* ---- */

static void look_over(void)
{
	struct looking looking = { .repo = NULL };
	if (repo_open(&looking.repo, NULL, NULL) < 0)
		return;
	if (repo_ref(looking.repo, "ORIG_HEAD", &looking.before, NULL) < 0)
		looking.before = OID_NONE;
	check_driver(looking.repo);
	if (!repo_ref(looking.repo, "HEAD", &looking.now, NULL))
		history_each_difference(
			looking.repo, &looking.before, &looking.now, check_file, &looking, NULL);
	if (!settings_load(&looking.settings, looking.repo, NULL, NULL)) {
		if (looking.settings.server) {
			say_changes(&looking);
			if (is_due(&looking) && !is_sent_by_loop(&looking))
				send_heartbeat();
		}
		settings_release(&looking.settings);
	}
	repo_close(looking.repo);
}

int main(int argc, char **argv)
{
	struct hook hook;
	hook_start(&hook, argc, argv);
	/* post-rewrite gets a list on standard input, which only the user's own hook reads. */
	int status = hook_run_kept(&hook, NULL);
	/* The commits that `git commit --amend` rewrites are not from others. */
	if (!status && !(hook.arguments[0] && !strcmp(hook.arguments[0], "amend")))
		look_over();
	return status;
}
