/* Sets up a bare repository as the shared repository of a fleet. */
#include "setup/clone.h"

#include "base/alloc.h"
#include "base/env.h"
#include "base/file.h"
#include "git/run.h"
#include "setup/hook_files.h"
#include "setup/report.h"
#include "git/refs.h"
#include "request/exchange.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_BRANCH "main"

/*
 * Settings for a repository that receives small pushes all day (git-config(1)). A heartbeat branch
 * starts again from one commit regularly, which is not a fast-forward. Its old commits go into one
 * cruft pack instead of thousands of loose files, and are deleted after an hour, when no running
 * push can need them any more. Reflogs are kept, except for heartbeat branches. The time that git
 * takes to check pushed objects is too short to measure.
 */
static const struct {
	const char *key, *value, *why;
} settings_of_shared[] = {
	{ "receive.denyNonFastForwards", "false",
		"let heartbeat branches start again from one commit" },
	{ "receive.fsckObjects", "true", "reject malformed objects" },
	{ "receive.advertisePushOptions", "true", "receive requests as push options" },
	{ "receive.procReceiveRefs", EXCHANGE_REF, "apply requests in the hook proc-receive" },
	{ "gc.cruftPacks", "true", "keep unreachable objects in one pack" },
	{ "gc.pruneExpire", "1.hour.ago", "delete unreachable objects after an hour" },
	{ "gc.logExpiry", "1.hour.ago", "retry a failed automatic gc after an hour" },
	{ "core.fsync", "all", "sync every write to disk before it is acknowledged" },
	{ "core.fsyncMethod", "fsync", "use fsync(2) for these syncs" },
	{ "core.logAllRefUpdates", "true", "record each push in the reflog" },
	{ "gc.refs/heads/heartbeat-*.reflogExpire", "now",
		"expire reflog entries of heartbeats at once" },
	{ "gc.refs/heads/heartbeat-*.reflogExpireUnreachable", "now",
		"expire unreachable reflog entries of heartbeats at once" },
};

/*
 * receive-pack passes the object directories to its hooks in a list separated by colons, and quotes
 * a path that contains one; libgit2 cannot read the quotes.
 */
static int check_path(const char *path, struct error *err)
{
	if (!*path || *path == '-')
		return error_set(
			err, ERR_INVALID, "'%s' is not a valid path of a repository", path);
	if (strchr(path, ':') || *path == '"')
		return error_set(err, ERR_INVALID,
			"%s cannot be the shared repository: its path contains a colon or begins "
			"with a quote, so hooks could not find pushed objects; use another path",
			path);
	return 0;
}

static int create(const char *path, const char *branch, struct error *err)
{
	struct buf initial = BUF_INIT;
	buf_addf(&initial, "--initial-branch=%s", branch);
	const char *argv[] = { "git", "init", "--quiet", "--bare", initial.data, "--", path, NULL };
	struct git_call call = { .argv = argv, .timeout_ms = 60000 };
	int rc = git_run(&call, err);
	if (rc < 0)
		error_wrap(err, "cannot create a repository at %s", path);
	buf_release(&initial);
	return rc;
}

/* ---- a new repository ---- */

/*
 * A new repository is created and set up in UNFINISHED, a subdirectory of its directory. Then its
 * entries are moved up, HEAD last, so that git recognizes a repository only when it is complete. A
 * killed run leaves either UNFINISHED/making, which the next run creates from scratch, or
 * UNFINISHED/whole, from which the next run moves the remaining entries. A lock in UNFINISHED
 * excludes other processes.
 */
#define UNFINISHED "git-build-init"

struct making {
	struct buf path;          /* the repository */
	struct buf unfinished;    /* its subdirectory UNFINISHED */
	struct buf making, whole; /* subdirectories of `unfinished` */
	struct file_lock turn;
};

static void making_start(struct making *m, const char *path)
{
	*m = (struct making){ BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, FILE_LOCK_INIT };
	buf_addstr(&m->path, path);
	buf_addf(&m->unfinished, "%s/" UNFINISHED, path);
	buf_addf(&m->making, "%s/making", m->unfinished.data);
	buf_addf(&m->whole, "%s/whole", m->unfinished.data);
}

static void making_end(struct making *m)
{
	file_lock_release(&m->turn);
	buf_release(&m->path);
	buf_release(&m->unfinished);
	buf_release(&m->making);
	buf_release(&m->whole);
}

/* Moves all entries except HEAD. An earlier run may have moved some of them. */
static int move_entries(const struct making *m, struct error *err)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	DIR *directory = opendir(m->whole.data);
	int rc = directory ? 0 : error_errno(err, ERR_FAILED, "cannot open %s", m->whole.data);
	errno = 0;
	for (struct dirent *entry; !rc && (entry = readdir(directory)); errno = 0) {
		const char *name = entry->d_name;
		if (!strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, "HEAD"))
			continue;
		buf_reset(&from);
		buf_reset(&to);
		buf_addf(&from, "%s/%s", m->whole.data, name);
		buf_addf(&to, "%s/%s", m->path.data, name);
		if (rename(from.data, to.data) < 0)
			rc = error_errno(
				err, ERR_FAILED, "cannot move %s to %s", from.data, to.data);
	}
	if (!rc && errno)
		rc = error_errno(err, ERR_FAILED, "cannot read %s", m->whole.data);
	if (directory)
		closedir(directory);
	buf_release(&from);
	buf_release(&to);
	return rc;
}

/* Moves HEAD, which makes it a repository, when everything else is on disk. */
static int move_up(const struct making *m, struct error *err)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	buf_addf(&from, "%s/HEAD", m->whole.data);
	buf_addf(&to, "%s/HEAD", m->path.data);
	int rc = move_entries(m, err);
	if (!rc)
		rc = file_sync_tree(m->path.data, err);
	if (!rc && rename(from.data, to.data) < 0)
		rc = error_errno(err, ERR_FAILED, "cannot move %s to %s", from.data, to.data);
	if (!rc)
		rc = file_sync_directory_of(to.data, err);
	buf_release(&from);
	buf_release(&to);
	return rc;
}

static int equip(const char *path, const struct setup_plan *plan, struct setup_report *report,
	struct error *err);

static int make_whole(const struct making *m, const struct setup_plan *plan,
	struct setup_report *report, struct error *err)
{
	int rc = file_remove_tree(m->making.data, err);
	if (!rc)
		rc = create(m->making.data, plan->branch ? plan->branch : DEFAULT_BRANCH, err);
	if (!rc)
		setup_step(report, true, "created the bare repository %s", m->path.data);
	if (!rc)
		rc = equip(m->making.data, plan, report, err);
	if (!rc && rename(m->making.data, m->whole.data) < 0)
		rc = error_errno(err, ERR_FAILED, "cannot rename %s", m->making.data);
	return rc;
}

/* Waits for the lock. Its directory, UNFINISHED, also marks `path`, which was empty, as ours. */
static int take_turn(struct making *m, struct error *err)
{
	struct buf lock = BUF_INIT;
	buf_addf(&lock, "%s/lock", m->unfinished.data);
	int rc = file_lock_acquire(&m->turn, lock.data, NULL, 10000, env_system(), err);
	buf_release(&lock);
	return rc;
}

/* ---- the existing content of the path ---- */

enum place { PLACE_FREE, PLACE_UNFINISHED, PLACE_REPOSITORY, PLACE_WORK_TREE, PLACE_OTHER };

/* Does `path` have an entry `name`? 1, 0, or a negative code. */
static int has(const char *path, const char *name, struct error *err)
{
	struct buf inner = BUF_INIT;
	buf_addf(&inner, "%s/%s", path, name);
	int found = file_exists(inner.data, err);
	buf_release(&inner);
	return found;
}

/* Does it have everything that git requires of a repository? 1, 0, or a negative code. */
static int is_repository(const char *path, struct error *err)
{
	static const char *const parts[] = { "HEAD", "objects", "refs" };
	int rc = 1;
	for (size_t i = 0; rc == 1 && i < sizeof(parts) / sizeof(*parts); i++)
		rc = has(path, parts[i], err);
	return rc;
}

/* Returns what is at `path`, as an enum place, or a negative code. */
static int examine(const char *path, struct error *err)
{
	DIR *directory = opendir(path);
	bool empty = true;
	if (!directory)
		return errno == ENOENT ? PLACE_FREE
				       : error_errno(err, ERR_FAILED, "cannot open %s", path);
	errno = 0;
	for (struct dirent *entry; (entry = readdir(directory));)
		empty = empty && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."));
	int code = errno;
	closedir(directory);
	errno = code;
	if (code)
		return error_errno(err, ERR_FAILED, "cannot read %s", path);
	int whole = is_repository(path, err), tree = has(path, ".git", err);
	int unfinished = has(path, UNFINISHED, err);
	if (whole < 0 || tree < 0 || unfinished < 0)
		return ERR_FAILED;
	if (whole)
		return PLACE_REPOSITORY;
	if (empty)
		return PLACE_FREE;
	if (tree)
		return PLACE_WORK_TREE;
	return unfinished ? PLACE_UNFINISHED : PLACE_OTHER;
}

static int refuse_place(enum place place, const char *path, struct error *err)
{
	if (place == PLACE_WORK_TREE)
		return error_set(err, ERR_INVALID,
			"%s has a worktree, but the shared repository must be bare; create one "
			"with 'git clone --bare %s %s.git'",
			path, path, path);
	return error_set(err, ERR_INVALID,
		"%s: neither an empty directory nor a git repository; use another directory, or "
		"empty it first",
		path);
}

static int make(const char *path, const struct setup_plan *plan, struct setup_report *report,
	struct error *err)
{
	struct making m;
	making_start(&m, path);
	int rc = take_turn(&m, err);
	/* Another process may have created it while this one waited. */
	int place = rc ? rc : examine(path, err);
	if (place >= 0 && place != PLACE_REPOSITORY) {
		int whole = file_exists(m.whole.data, err);
		rc = whole < 0 ? whole : whole ? 0 : make_whole(&m, plan, report, err);
		if (!rc)
			rc = move_up(&m, err);
	}
	if (place < 0)
		rc = place;
	if (!rc)
		rc = file_remove_tree(m.unfinished.data, err);
	making_end(&m);
	return rc;
}

/* ---- settings, HEAD and hooks ---- */

static int set_all(struct repo *repo, struct setup_report *report, struct error *err)
{
	struct setup_config config = { NULL, 0, 0 };
	for (size_t i = 0; i < sizeof(settings_of_shared) / sizeof(*settings_of_shared); i++) {
		const char *key = settings_of_shared[i].key, *value = settings_of_shared[i].value;
		bool changed = setup_config_add(&config, repo, key, value);
		setup_step(report, changed, "%s %s=%s: %s", changed ? "set" : "found", key, value,
			settings_of_shared[i].why);
	}
	return setup_config_write(&config, repo, err);
}

/* The name of the shared branch: plan->branch, or build.branch (as the guard reads it), or main. */
static void find_branch(struct repo *repo, const struct setup_plan *plan, struct buf *out)
{
	if (plan->branch || !repo_config(repo, "build.branch", out) || !out->len) {
		buf_reset(out);
		buf_addstr(out, plan->branch ? plan->branch : DEFAULT_BRANCH);
	}
}

/* Points HEAD to the shared branch, so that clones check it out. A HEAD with commits is kept. */
static int point_head(struct repo *repo, const struct setup_plan *plan, struct setup_report *report,
	struct error *err)
{
	struct buf branch = BUF_INIT, wanted = BUF_INIT, head = BUF_INIT;
	struct oid commit;
	find_branch(repo, plan, &branch);
	ref_branch(&wanted, branch.data);
	int rc = repo_head_branch(repo, &head, err);
	bool attached = !rc;
	if (attached)
		rc = repo_ref(repo, head.data, &commit, err);
	bool has_commit = attached && !rc;
	if (rc < 0 && rc != ERR_NOT_FOUND)
		goto done;
	rc = 0;
	if (attached && !strcmp(head.data, wanted.data)) {
		setup_step(report, false, "HEAD already points to %s", branch.data);
	} else if (!attached || has_commit) {
		setup_missing(report,
			"the shared branch is %s, but HEAD %s%s; to use another branch, set "
			"build.branch to it here and in every clone",
			branch.data, attached ? "points to " : "is detached",
			attached ? head.data + strlen(REF_HEADS) : "");
	} else {
		rc = repo_set_head(repo, wanted.data, err);
		if (!rc)
			setup_step(report, true, "pointed HEAD to %s", branch.data);
	}
done:
	buf_release(&branch);
	buf_release(&wanted);
	buf_release(&head);
	return rc;
}

static int install_hook(struct repo *repo, const char *name, const struct setup_plan *plan,
	struct setup_report *report, struct error *err)
{
	struct buf directory = BUF_INIT, program = BUF_INIT;
	bool own;
	hook_directory(repo, &directory, &own);
	buf_addf(&program, "%s/%s", plan->hooks_dir, name);
	int rc = own ? hook_install(directory.data, name, program.data, err)
		     : error_set(err, ERR_INVALID,
			       "core.hooksPath is %s, so the %s hook would not run; unset "
			       "core.hooksPath, or call %s from the hook there",
			       directory.data, name, program.data);
	if (rc >= 0)
		setup_hook_step(report, name, rc);
	buf_release(&directory);
	buf_release(&program);
	return rc < 0 ? rc : 0;
}

/* Runs git in the repository, and stores its output in `output`, without the newline. */
static int run_in(struct repo *repo, const char *const *argv, const struct buf *input,
	struct buf *output, struct error *err)
{
	struct git_call call = { .argv = argv,
		.git_dir = repo_git_dir(repo),
		.input = input,
		.output = output,
		.timeout_ms = 60000 };
	int rc = git_run(&call, err);
	if (output)
		buf_trim(output);
	return rc < 0 ? rc : 0;
}

/* Creates the ref that announces to clients that this repository applies requests. Its object, a blob, is
 * the same in every such repository. */
static int announce_service(struct repo *repo, struct setup_report *report, struct error *err)
{
	static const char *const write[] = { "git", "hash-object", "-w", "--stdin", NULL };
	struct buf content = BUF_INIT, blob = BUF_INIT, now = BUF_INIT;
	const char *read[] = { "git", "for-each-ref", "--format=%(objectname)", EXCHANGE_REF,
		NULL };
	buf_addstr(&content, "git-build requests, version 1\n");
	int rc = run_in(repo, write, &content, &blob, err);
	if (!rc)
		rc = run_in(repo, read, NULL, &now, err);
	struct oid new = OID_NONE, old = OID_NONE;
	oid_parse(&new, blob.data);
	oid_parse(&old, now.data);
	bool changed = !oid_equal(&new, &old);
	/* This also removes the lock of a run that was killed. */
	if (!rc && changed)
		rc = repo_ref_update(
			repo, EXCHANGE_REF, &new, &old, "requests are applied here", err);
	if (!rc)
		setup_step(report, changed, "%s " EXCHANGE_REF ": requests are applied here",
			changed ? "created" : "found");
	buf_release(&content);
	buf_release(&blob);
	buf_release(&now);
	return rc;
}

static int equip(const char *path, const struct setup_plan *plan, struct setup_report *report,
	struct error *err)
{
	struct repo *repo = NULL;
	int rc = repo_open(&repo, path, err);
	if (!rc && repo_work_tree(repo))
		rc = error_set(
			err, ERR_INVALID, "%s: not bare, but the shared repository must be", path);
	if (!rc)
		repo_share_files(repo);
	if (!rc)
		rc = setup_sweep(repo, err);
	if (!rc)
		rc = set_all(repo, report, err);
	if (!rc)
		rc = point_head(repo, plan, report, err);
	if (!rc)
		rc = install_hook(repo, "pre-receive", plan, report, err);
	if (!rc)
		rc = install_hook(repo, "reference-transaction", plan, report, err);
	if (!rc)
		rc = install_hook(repo, "proc-receive", plan, report, err);
	if (!rc)
		rc = announce_service(repo, report, err);
	repo_close(repo);
	return rc;
}

/* Applies check_path() to the part of `path` that exists, with symbolic links resolved. */
static int check_real_path(const char *path, struct error *err)
{
	char real[PATH_MAX];
	char *at = xstrdup(path);
	while (!realpath(at, real)) {
		char *slash = strrchr(at, '/');
		if (slash)
			slash[slash == at] = '\0';
		if (!slash || slash == at) {
			free(at);
			at = xstrdup(slash ? "/" : ".");
		}
	}
	free(at);
	return check_path(real, err);
}

/* The path as given, without slashes at the end; symbolic links are not resolved. */
static char *plain_path(const char *path)
{
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	return xstrndup(path, len);
}

/* Removes the UNFINISHED of a run that was killed after the repository was complete. Waits for a
 * run that is still in progress. */
static int remove_unfinished(const char *path, struct error *err)
{
	struct making m;
	making_start(&m, path);
	int found = file_exists(m.unfinished.data, err);
	int rc = found > 0 ? take_turn(&m, err) : found;
	if (found > 0 && !rc)
		rc = file_remove_tree(m.unfinished.data, err);
	making_end(&m);
	return rc;
}

static int make_or_adopt(const char *path, const struct setup_plan *plan,
	struct setup_report *report, struct error *err)
{
	int place = examine(path, err);
	if (place < 0)
		return place;
	if (place == PLACE_WORK_TREE || place == PLACE_OTHER)
		return refuse_place((enum place)place, path, err);
	if (place != PLACE_REPOSITORY)
		return make(path, plan, report, err);
	setup_step(report, false, "%s is already a repository", path);
	return remove_unfinished(path, err);
}

int setup_shared(const char *given, const struct setup_plan *plan, struct setup_report *report,
	struct error *err)
{
	char *path = plain_path(given);
	int rc = check_path(path, err);
	if (!rc)
		rc = check_real_path(path, err);
	if (!rc)
		rc = make_or_adopt(path, plan, report, err);
	/* Also for a new one: another process may have created it with other programs. */
	if (!rc)
		rc = equip(path, plan, report, err);
	free(path);
	return rc;
}
