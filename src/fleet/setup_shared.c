/* Making a bare repository the fleet's shared one. */
#include "fleet/setup.h"

#include "base/child.h"
#include "base/file.h"
#include "fleet/hook_files.h"
#include "fleet/setup_report.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_BRANCH "main"

/*
 * What a repository needs that takes small pushes all day (git-config(1)):
 * heartbeat branches start anew now and then, which is no fast-forward; what they leave behind goes
 * into one cruft pack instead of thousands of loose files, and away after an hour, long after any
 * push that could still need it; their reflog is worth nothing, all others' are. Having git look
 * over what is pushed takes no time that can be measured beside the push itself.
 */
static const struct {
	const char *key, *value, *why;
} settings_of_shared[] = {
	{ "receive.denyNonFastForwards", "false", "heartbeat branches may start anew" },
	{ "receive.fsckObjects", "true", "objects that git calls broken are refused" },
	{ "gc.cruftPacks", "true", "what is left behind is packed" },
	{ "gc.pruneExpire", "1.hour.ago", "and goes away after an hour" },
	{ "gc.logExpiry", "1.hour.ago", "and gc that found too much of it tries again then" },
	{ "core.logAllRefUpdates", "true", "who pushed what is written down" },
	{ "gc.refs/heads/heartbeat-*.reflogExpire", "now", "but not for heartbeats" },
	{ "gc.refs/heads/heartbeat-*.reflogExpireUnreachable", "now", "nor what they left" },
};

/*
 * receive-pack hands its hooks the object folders in a list split at colons, and quotes those that
 * have one in their name; libgit2 does not read the quotes.
 */
static int check_path(const char *path, struct error *err)
{
	if (!*path || *path == '-')
		return error_set(err, ERR_INVALID, "'%s' cannot be a repository's path", path);
	if (strchr(path, ':') || *path == '"')
		return error_set(err, ERR_INVALID,
			"%s cannot be the shared repository: hooks cannot find pushed objects "
			"below a path "
			"with a colon or a quote at its start",
			path);
	return 0;
}

static int create(const char *path, const char *branch, struct error *err)
{
	struct buf output = BUF_INIT, initial = BUF_INIT;
	buf_addf(&initial, "--initial-branch=%s", branch);
	const char *argv[] = { "git", "init", "--quiet", "--bare", initial.data, "--", path, NULL };
	const char *environment[] = { "GIT_DIR", "GIT_WORK_TREE", "LC_ALL=C", NULL };
	struct child child = { .argv = argv,
		.environment = environment,
		.timeout_ms = 60000,
		.output = &output,
		.errors = &output };
	int status, rc = child_run(&child, &status, err);
	buf_trim(&output);
	if (!rc && status)
		rc = error_set(
			err, ERR_FAILED, "cannot make a repository at %s: %s", path, output.data);
	buf_release(&output);
	buf_release(&initial);
	return rc;
}

/* Opens the repository at `path` itself, not one around it; makes it first if there is none. */
static int open_or_create(struct repo **repo, const char *path, const char *branch,
	struct setup_report *report, struct error *err)
{
	struct buf head = BUF_INIT, dot_git = BUF_INIT;
	buf_addf(&head, "%s/HEAD", path);
	buf_addf(&dot_git, "%s/.git", path);
	int tree = file_exists(dot_git.data, err);
	int stands = tree < 0 ? tree : file_exists(head.data, err);
	int rc = 0;
	if (stands < 0) {
		rc = stands;
	} else if (tree) {
		rc = error_set(err, ERR_INVALID,
			"%s has a work tree; the shared repository must be bare, since nobody "
			"works in it "
			"(git clone --bare %s %s.git)",
			path, path, path);
	} else if (!stands) {
		rc = create(path, branch, err);
		if (!rc)
			setup_step(report, true, "made the bare repository %s", path);
	} else {
		setup_step(report, false, "%s is a repository", path);
	}
	if (!rc)
		rc = repo_open(repo, path, err);
	buf_release(&head);
	buf_release(&dot_git);
	return rc;
}

static int set_all(struct repo *repo, struct setup_report *report, struct error *err)
{
	for (size_t i = 0; i < sizeof(settings_of_shared) / sizeof(*settings_of_shared); i++) {
		const char *key = settings_of_shared[i].key, *value = settings_of_shared[i].value;
		int rc = setup_set_config(repo, key, value, err);
		if (rc < 0)
			return rc;
		setup_step(report, rc > 0, "%s %s=%s: %s", rc ? "set" : "found", key, value,
			settings_of_shared[i].why);
	}
	return 0;
}

/* The coordination branch: build.branch, as the guard reads it, else `main`. */
static void find_branch(struct repo *repo, const struct setup_plan *plan, struct buf *out)
{
	if (plan->branch || !repo_config(repo, "build.branch", out) || !out->len) {
		buf_reset(out);
		buf_addstr(out, plan->branch ? plan->branch : DEFAULT_BRANCH);
	}
}

/* Lets clones start on the coordination branch. A HEAD that has commits is somebody's choice. */
static int point_head(struct repo *repo, const struct setup_plan *plan, struct setup_report *report,
	struct error *err)
{
	struct buf branch = BUF_INIT, wanted = BUF_INIT, head = BUF_INIT;
	struct oid commit;
	find_branch(repo, plan, &branch);
	buf_addf(&wanted, "refs/heads/%s", branch.data);
	int rc = repo_head_branch(repo, &head, err);
	bool attached = !rc;
	if (attached)
		rc = repo_ref(repo, head.data, &commit, err);
	bool has_commit = attached && !rc;
	if (rc < 0 && rc != ERR_NOT_FOUND)
		goto done;
	rc = 0;
	if (attached && !strcmp(head.data, wanted.data)) {
		setup_step(report, false, "HEAD stands on %s", branch.data);
	} else if (!attached || has_commit) {
		setup_missing(report,
			"the coordination branch is %s, and HEAD stands elsewhere%s%s; to use that "
			"one, set build.branch to it here and in every clone",
			branch.data, attached ? ": on " : "",
			attached ? head.data + strlen("refs/heads/") : "");
	} else {
		rc = repo_set_head(repo, wanted.data, err);
		if (!rc)
			setup_step(report, true, "set HEAD to %s", branch.data);
	}
done:
	buf_release(&branch);
	buf_release(&wanted);
	buf_release(&head);
	return rc;
}

static int install_pre_receive(struct repo *repo, const struct setup_plan *plan,
	struct setup_report *report, struct error *err)
{
	struct buf folder = BUF_INIT, program = BUF_INIT;
	bool own;
	hook_folder(repo, &folder, &own);
	buf_addf(&program, "%s/pre-receive", plan->hooks_dir);
	int rc = own ? hook_install(folder.data, "pre-receive", program.data, err)
		     : error_set(err, ERR_INVALID,
			       "core.hooksPath sends git to %s, so the pre-receive hook would not "
			       "run; unset it, or call %s from there",
			       folder.data, program.data);
	if (rc >= 0)
		setup_hook_step(report, "pre-receive", rc);
	buf_release(&folder);
	buf_release(&program);
	return rc < 0 ? rc : 0;
}

int setup_shared(const char *path, const struct setup_plan *plan, struct setup_report *report,
	struct error *err)
{
	struct repo *repo = NULL;
	char absolute[PATH_MAX];
	int rc = check_path(path, err);
	if (!rc)
		rc = open_or_create(
			&repo, path, plan->branch ? plan->branch : DEFAULT_BRANCH, report, err);
	if (!rc && repo_work_tree(repo))
		rc = error_set(
			err, ERR_INVALID, "%s is not bare; the shared repository must be", path);
	if (!rc && realpath(path, absolute))
		rc = check_path(absolute, err);
	if (!rc)
		rc = set_all(repo, report, err);
	if (!rc)
		rc = point_head(repo, plan, report, err);
	if (!rc)
		rc = install_pre_receive(repo, plan, report, err);
	repo_close(repo);
	return rc;
}
