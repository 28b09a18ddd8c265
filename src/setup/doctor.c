#include "setup/doctor.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "setup/attributes.h"
#include "setup/files.h"
#include "setup/hook_files.h"
#include "fleet/files.h"
#include "fleet/limits.h"
#include "fleet/servers.h"
#include "clone/address.h"
#include "clone/servers.h"
#include "deliver/service.h"
#include "git/attributes.h"
#include "git/history.h"
#include "git/run.h"
#include "locks/stale_locks.h"
#include "remote/remote.h"
#include "git/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* git-build passes settings to git in GIT_CONFIG_COUNT, which needs git 2.31. */
enum { GIT_MAJOR = 2, GIT_MINOR = 31, GIT_TIMEOUT_MS = 10000 };

struct doctor {
	struct diagnosis *out;
	struct repo *repo;
	const struct settings *settings;
	const struct env *env;
};

void diagnosis_release(struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->count; i++) {
		free(diagnosis->findings[i].what);
		free(diagnosis->findings[i].fix);
	}
	free(diagnosis->findings);
	file_list_release(&diagnosis->broken);
	*diagnosis = (struct diagnosis){ 0 };
}

const char *finding_state_name(enum finding_state state)
{
	static const char *const names[] = { "fine", "wrong", "unknown" };
	return names[state];
}

static void find(struct doctor *d, const char *check, enum finding_state state, const char *fix,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
static void find(struct doctor *d, const char *check, enum finding_state state, const char *fix,
	const char *format, ...)
{
	struct diagnosis *out = d->out;
	struct buf what = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&what, format, args);
	va_end(args);
	GROW(out->findings, out->count, out->capacity);
	out->findings[out->count++] = (struct finding){ .check = check,
		.state = state,
		.what = buf_detach(&what),
		.fix = fix ? xstrdup(fix) : NULL };
	out->wrong += state == FINDING_WRONG;
}

/* ---- git ---- */

static void examine_git(struct doctor *d)
{
	static const char *const argv[] = { "git", "version", NULL };
	struct buf output = BUF_INIT;
	struct git_call call = { .argv = argv, .output = &output, .timeout_ms = GIT_TIMEOUT_MS };
	int major = 0, minor = 0;
	if (git_run(&call, NULL) < 0 ||
		sscanf(output.data, "git version %d.%d", &major, &minor) != 2)
		find(d, "git", FINDING_WRONG, "install git", "cannot run git");
	else if (major < GIT_MAJOR || (major == GIT_MAJOR && minor < GIT_MINOR))
		find(d, "git", FINDING_WRONG, "install a newer git",
			"git %d.%d is too old; git-build needs %d.%d or newer", major, minor,
			GIT_MAJOR, GIT_MINOR);
	else
		find(d, "git", FINDING_FINE, NULL, "git is %d.%d", major, minor);
	buf_release(&output);
}

/* ---- the server and its remote ---- */

static void examine_server(struct doctor *d)
{
	if (d->settings->server)
		find(d, "server", FINDING_FINE, NULL, "this clone is server %s",
			d->settings->server);
	else
		find(d, "server", FINDING_WRONG, "git build init --server ID",
			"this clone has no server ID");
}

/* Returns whether the remote is configured. */
static bool examine_remote(struct doctor *d)
{
	const char *remote = d->settings->remote;
	struct buf fix = BUF_INIT;
	bool there = remote_exists(d->repo, remote);
	buf_addf(&fix, "git remote add %s URL", remote);
	if (!there)
		find(d, "remote", FINDING_WRONG, fix.data, "remote %s does not exist", remote);
	buf_release(&fix);
	return there;
}

/* ---- merging ---- */

/* Stores the program of an sh line such as "test -x '/bin/git-build'"; false if there is none. */
static bool named_program(const char *line, const char *before, struct buf *out)
{
	const char *at = strstr(line, before);
	buf_reset(out);
	if (!at)
		return false;
	at += strlen(before);
	while (*at && *at != '\'') {
		buf_addch(out, *at);
		at++;
		if (!strncmp(at, "'\\''", 4)) {
			buf_addch(out, '\'');
			at += 4;
		}
	}
	return out->len > 0;
}

static int examine_driver(struct doctor *d, bool wanted, struct error *err)
{
	struct buf driver = BUF_INIT, program = BUF_INIT;
	const char *fix = "git build init";
	bool set = repo_config(d->repo, "merge.git-build.driver", &driver);
	bool named = set && named_program(driver.data, "test -x '", &program);
	int runs = named ? file_may_run(program.data, err) : 1;
	if (!set)
		find(d, "driver", FINDING_WRONG, fix, "%s",
			wanted ? "the merge driver is not configured, so git merges coordination "
				 "files as text"
			       : "the merge driver is not configured");
	else if (!runs)
		find(d, "driver", FINDING_WRONG, fix,
			"the merge driver's program does not exist: %s; git merges as text",
			program.data);
	else if (runs > 0)
		find(d, "driver", FINDING_FINE, NULL, "the merge driver is configured");
	buf_release(&driver);
	buf_release(&program);
	return runs < 0 ? runs : 0;
}

/* The tip of the shared branch, or else HEAD; ERR_NOT_FOUND if neither exists. */
static int find_tip(struct doctor *d, struct oid *tip, struct error *err)
{
	int rc = repo_tracking_ref(d->repo, d->settings->remote, d->settings->branch, tip, err);
	return rc == ERR_NOT_FOUND ? repo_ref(d->repo, "HEAD", tip, err) : rc;
}

/* Do the coordination files have the attribute of the merge driver? 1, 0, or a negative code. */
static int examine_attributes(struct doctor *d, struct error *err)
{
	static const char *const paths[] = { FLEET_JOBS_PATH, FLEET_LOCKS_PATH,
		FLEET_MESSAGES_PATH };
	struct buf value = BUF_INIT;
	struct oid tip;
	const char *lacks = NULL;
	int rc = find_tip(d, &tip, err);
	bool known = !rc;
	for (size_t i = 0; rc >= 0 && i < sizeof(paths) / sizeof(*paths) && !lacks; i++) {
		rc = attribute_of(d->repo, &tip, paths[i], "merge", &value, err);
		if (!rc || (rc > 0 && strcmp(value.data, "git-build") != 0))
			lacks = paths[i];
	}
	if (rc < 0 && rc != ERR_NOT_FOUND) {
		buf_release(&value);
		return rc;
	}
	if (!known)
		find(d, "attributes", FINDING_UNKNOWN, NULL,
			"there is no commit with a .gitattributes file yet");
	else if (lacks)
		find(d, "attributes", FINDING_WRONG, "git build init",
			".gitattributes does not set merge=git-build for %s, so git merges it as "
			"text",
			lacks);
	else
		find(d, "attributes", FINDING_FINE, NULL,
			".gitattributes assigns the merge driver to the coordination files");
	buf_release(&value);
	return known && !lacks;
}

/* ---- the attributes of other files ---- */

static void find_attribute(enum finding_state state, const char *what, const char *fix, void *data)
{
	find(data, "attributes", state, fix, "%s", what);
}

/* ---- the content of the coordination files ---- */

static void find_broken(const struct broken_file *file, void *data)
{
	struct doctor *d = data;
	struct file_list *broken = &d->out->broken;
	find(d, "files", FINDING_WRONG, file->fix, "%s", file->what);
	GROW(broken->names, broken->count, broken->capacity);
	broken->names[broken->count++] = xstrdup(file->path);
}

static int examine_files(struct doctor *d, struct error *err)
{
	struct oid tip;
	int rc = find_tip(d, &tip, err);
	if (rc == ERR_NOT_FOUND) {
		find(d, "files", FINDING_UNKNOWN, NULL, "there is no commit to check yet");
		return 0;
	}
	if (!rc)
		rc = files_examine(d->repo, &tip, find_broken, d, err);
	if (!rc && !d->out->broken.count)
		find(d, "files", FINDING_FINE, NULL, "the coordination files are valid");
	return rc;
}

/* ---- hooks ---- */

static int examine_hook(struct doctor *d, const char *directory, bool own, const char *name,
	const char *fix, struct error *err)
{
	struct buf text = BUF_INIT, program = BUF_INIT;
	int state = hook_examine(directory, name, &text, err);
	bool named = state == HOOK_OURS && named_program(text.data, "program='", &program);
	int runs = named ? file_may_run(program.data, err) : 1;
	/* A custom hook may call git-build's hook. */
	bool calls = state == HOOK_OTHER && strstr(text.data, "git-build");
	if (state < 0 || runs < 0)
		runs = ERR_FAILED;
	else if (state == HOOK_OUTDATED)
		find(d, "hooks", FINDING_WRONG, fix,
			"the %s hook was installed by an older version", name);
	else if (!runs)
		find(d, "hooks", FINDING_WRONG, fix, "the %s hook's program does not exist: %s",
			name, program.data);
	else if (state == HOOK_OURS || calls)
		find(d, "hooks", FINDING_FINE, NULL, "the %s hook is installed", name);
	else if (!own)
		find(d, "hooks", FINDING_WRONG,
			"git config --unset core.hooksPath && git build init",
			"core.hooksPath is %s, but the %s hook there does not run git-build",
			directory, name);
	else
		find(d, "hooks", FINDING_WRONG, fix, "the %s hook is not installed", name);
	buf_release(&text);
	buf_release(&program);
	return runs < 0 ? runs : 0;
}

static int examine_hooks(struct doctor *d, bool is_shared, struct error *err)
{
	static const char *const of_clone[] = { "pre-push", "post-merge", "post-rewrite",
		"prepare-commit-msg" };
	struct buf directory = BUF_INIT, fix = BUF_INIT;
	bool own;
	int rc = 0;
	hook_directory(d->repo, &directory, &own);
	if (is_shared) {
		buf_addstr(&fix, "git build init --shared ");
		buf_add_quoted(&fix, repo_git_dir(d->repo));
		rc = examine_hook(d, directory.data, own, "pre-receive", fix.data, err);
		if (!rc)
			rc = examine_hook(
				d, directory.data, own, "reference-transaction", fix.data, err);
		if (!rc)
			rc = examine_hook(d, directory.data, own, "proc-receive", fix.data, err);
	}
	for (size_t i = 0; !is_shared && !rc && i < sizeof(of_clone) / sizeof(*of_clone); i++)
		rc = examine_hook(d, directory.data, own, of_clone[i], "git build init", err);
	buf_release(&directory);
	buf_release(&fix);
	return rc;
}

/* ---- the clock ---- */

/*
 * The time of the remote is not known, but each heartbeat has the time of its server's clock. If a
 * heartbeat is from the future, the clock of that server or of this host is wrong.
 */
static void examine_clock(struct doctor *d, const struct fleet *fleet)
{
	const struct server *newest = NULL;
	char age[TIMESTAMP_SIZE];
	for (size_t i = 0; i < fleet->count; i++) {
		const struct server *server = &fleet->servers[i];
		bool own = d->settings->server && !strcmp(server->id, d->settings->server);
		if (server->last_heartbeat && !own &&
			(!newest || server->last_heartbeat > newest->last_heartbeat))
			newest = server;
	}
	if (newest && newest->age < -FLEET_CLOCK_REPORTED)
		find(d, "clock", FINDING_WRONG, "timedatectl set-ntp true",
			"this clock is %s behind the clock of %s; one of them is wrong",
			timestamp_format_age(-newest->age, age), newest->id);
	else if (newest && newest->state == HEARTBEAT_ALIVE)
		find(d, "clock", FINDING_FINE, NULL,
			"the clock agrees with the last heartbeat of %s", newest->id);
	else
		find(d, "clock", FINDING_UNKNOWN, NULL,
			"cannot check the clock: no recent heartbeat from another server");
}

/* How the requests of this clone get to the shared branch. */
static void examine_service(struct doctor *d)
{
	struct error err = ERROR_INIT;
	const char *remote = d->settings->remote;
	int applies = service_find(d->repo, d->settings, d->env, &err);
	if (applies < 0)
		find(d, "requests", FINDING_UNKNOWN, NULL, "%s", err.text);
	else if (applies)
		find(d, "requests", FINDING_FINE, NULL, "requests are applied by %s", remote);
	else
		find(d, "requests", FINDING_FINE, NULL, "requests are pushed as commits: %s%s",
			d->settings->requests ? remote : "build.requests is false",
			d->settings->requests ? " does not apply them" : "");
}

static int examine_fleet(struct doctor *d, bool fetch, struct error *err)
{
	struct fleet fleet = { 0 };
	struct buf fix = BUF_INIT;
	int rc = fleet_take(&fleet, d->repo, d->settings, fetch, d->env, err);
	if (rc < 0)
		return rc;
	buf_addf(&fix, "git fetch %s", d->settings->remote);
	if (!fetch)
		find(d, "remote", FINDING_UNKNOWN, NULL, "remote %s was not checked",
			d->settings->remote);
	else if (fleet.offline.code == ERR_BUSY)
		find(d, "remote", FINDING_UNKNOWN, NULL, "%s", fleet.offline.text);
	else if (fleet.offline.code)
		find(d, "remote", FINDING_WRONG, fix.data, "cannot reach the remote: %s",
			fleet.offline.text);
	else
		find(d, "remote", FINDING_FINE, NULL, "remote %s can be reached",
			d->settings->remote);
	if (fetch && !fleet.offline.code)
		examine_service(d);
	examine_clock(d, &fleet);
	buf_release(&fix);
	fleet_release(&fleet);
	return 0;
}

/* Reports a worktree that a transaction could not update (see deliver/follow.h). */
static void examine_work_tree(struct doctor *d)
{
	struct buf path = BUF_INIT, why = BUF_INIT, fix = BUF_INIT;
	state_path(&path, d->repo, "worktree-problem");
	buf_addf(&fix, "git merge --ff-only %s/%s", d->settings->remote, d->settings->branch);
	int rc = file_read(&why, path.data, sizeof(((struct error *)0)->text), NULL);
	if (!rc)
		find(d, "worktree", FINDING_WRONG, fix.data, "%s", why.data);
	else if (rc != ERR_NOT_FOUND)
		find(d, "worktree", FINDING_UNKNOWN, NULL, "cannot read %s", path.data);
	buf_release(&path);
	buf_release(&why);
	buf_release(&fix);
}

static int find_lock(const char *path, bool dead, void *data)
{
	struct doctor *d = data;
	struct buf fix = BUF_INIT;
	char *words[] = { "rm", "-f", (char *)path };
	reach_quote(&fix, words, 3);
	if (dead)
		find(d, "locks", FINDING_WRONG, fix.data,
			"stale lock file %s of a killed git process blocks other git commands",
			path);
	else
		find(d, "locks", FINDING_UNKNOWN, NULL,
			"%s: a running git process may hold this lock", path);
	buf_release(&fix);
	return 0;
}

static int examine_locks(struct doctor *d, struct error *err)
{
	size_t before = d->out->count;
	int rc = stale_locks_each(repo_place(d->repo), find_lock, d, err);
	if (!rc && d->out->count == before)
		find(d, "locks", FINDING_FINE, NULL, "no stale lock files");
	return rc;
}

/* ---- */

int doctor_examine(struct diagnosis *out, struct repo *repo, const struct settings *settings,
	bool fetch, const struct env *env, struct error *err)
{
	struct doctor doctor = { out, repo, settings, env };
	examine_git(&doctor);
	int rc = examine_locks(&doctor, err);
	if (rc < 0)
		return rc;
	if (!repo_work_tree(repo)) {
		rc = examine_hooks(&doctor, true, err);
		return rc ? rc : examine_files(&doctor, err);
	}
	examine_work_tree(&doctor);
	examine_server(&doctor);
	if (examine_remote(&doctor))
		rc = examine_fleet(&doctor, fetch, err);
	int wanted = rc ? rc : examine_attributes(&doctor, err);
	rc = wanted < 0 ? wanted : examine_driver(&doctor, wanted, err);
	if (!rc)
		rc = attributes_examine(repo, find_attribute, &doctor, err);
	if (!rc)
		rc = examine_files(&doctor, err);
	return rc ? rc : examine_hooks(&doctor, false, err);
}
