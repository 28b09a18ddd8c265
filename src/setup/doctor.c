#include "setup/doctor.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "setup/hook_files.h"
#include "fleet/names.h"
#include "clone/address.h"
#include "clone/servers.h"
#include "git/attributes.h"
#include "git/history.h"
#include "locks/stale_locks.h"
#include "remote/remote.h"
#include "schema/builtin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* git learned GIT_CONFIG_COUNT, which git-build hands settings on by, in 2.31. */
enum { GIT_MAJOR = 2, GIT_MINOR = 31, GIT_TIMEOUT_MS = 10000 };

/* How far another clock may be ahead before it is worth a word. */
enum { CLOCK_SLACK = 60 };

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

/* ---- the machine ---- */

static void examine_git(struct doctor *d)
{
	static const char *const argv[] = { "git", "version", NULL };
	struct buf output = BUF_INIT;
	struct child child = { .argv = argv, .timeout_ms = GIT_TIMEOUT_MS, .output = &output };
	int status, major = 0, minor = 0;
	if (child_run(&child, &status, NULL) < 0 || status ||
		sscanf(output.data, "git version %d.%d", &major, &minor) != 2)
		find(d, "git", FINDING_WRONG, "install git", "git cannot be run");
	else if (major < GIT_MAJOR || (major == GIT_MAJOR && minor < GIT_MINOR))
		find(d, "git", FINDING_WRONG, "install a newer git",
			"git %d.%d is too old; %d.%d is the least", major, minor, GIT_MAJOR,
			GIT_MINOR);
	else
		find(d, "git", FINDING_FINE, NULL, "git is %d.%d", major, minor);
	buf_release(&output);
}

/* ---- who and where ---- */

static void examine_server(struct doctor *d)
{
	if (d->settings->server)
		find(d, "server", FINDING_FINE, NULL, "this clone is server %s",
			d->settings->server);
	else
		find(d, "server", FINDING_WRONG, "git build init --server ID",
			"this clone has no server id");
}

/* Is there a remote to ask? */
static bool examine_remote(struct doctor *d)
{
	const char *remote = d->settings->remote;
	struct buf fix = BUF_INIT;
	bool there = remote_exists(d->repo, remote);
	buf_addf(&fix, "git remote add %s URL", remote);
	if (!there)
		find(d, "remote", FINDING_WRONG, fix.data, "there is no remote %s", remote);
	buf_release(&fix);
	return there;
}

/* ---- merging ---- */

/* The program that an sh line like "test -x '/usr/bin/git-build'" names; false if there is none. */
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
			wanted ? "the merge driver is not configured, so git merges the fleet's "
				 "files as text, without a word"
			       : "the merge driver is not configured");
	else if (!runs)
		find(d, "driver", FINDING_WRONG, fix,
			"the merge driver's program is gone: %s; git merges as text", program.data);
	else if (runs > 0)
		find(d, "driver", FINDING_FINE, NULL, "the merge driver is configured");
	buf_release(&driver);
	buf_release(&program);
	return runs < 0 ? runs : 0;
}

/* The tip of the coordination branch, or HEAD; ERR_NOT_FOUND if there is neither. */
static int find_tip(struct doctor *d, struct oid *tip, struct error *err)
{
	struct buf ref = BUF_INIT;
	buf_addf(&ref, "refs/remotes/%s/%s", d->settings->remote, d->settings->branch);
	int rc = repo_ref(d->repo, ref.data, tip, err);
	if (rc == ERR_NOT_FOUND)
		rc = repo_ref(d->repo, "HEAD", tip, err);
	buf_release(&ref);
	return rc;
}

/* Do the fleet's files have the attribute that calls the driver? 1, 0, or a negative code. */
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
			"there is no commit yet to read .gitattributes from");
	else if (lacks)
		find(d, "attributes", FINDING_WRONG, "git build init",
			".gitattributes does not give merge=git-build to %s, so git merges it as "
			"text",
			lacks);
	else
		find(d, "attributes", FINDING_FINE, NULL,
			".gitattributes gives the fleet's files to the merge driver");
	buf_release(&value);
	return known && !lacks;
}

/* ---- the attributes of other files ---- */

enum { ATTRIBUTES_LIMIT = 1 << 20 };

struct attributes_walk {
	struct doctor *doctor;
	struct oid tip;
	bool has_union; /* a .gitattributes file has merge=union */
	struct error *err;
};

/* Is the driver built into git, or configured? */
static bool is_known_driver(struct doctor *d, const char *name)
{
	static const char *const own[] = { "text", "binary", "union", "git-build" };
	struct buf key = BUF_INIT, driver = BUF_INIT;
	bool known = false;
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		known = known || !strcmp(name, own[i]);
	buf_addf(&key, "merge.%s.driver", name);
	known = known || (repo_config(d->repo, key.data, &driver) && driver.len);
	buf_release(&key);
	buf_release(&driver);
	return known;
}

/* Checks one line, "PATTERN ATTRIBUTE...", of the .gitattributes file `path`. */
static void examine_attributes_line(struct attributes_walk *walk, const char *path, char *line)
{
	const char *pattern = strsep(&line, " \t"), *word;
	while (*pattern != '#' && (word = strsep(&line, " \t\r"))) {
		const char *driver = word + strlen("merge=");
		if (strncmp(word, "merge=", strlen("merge=")) != 0)
			continue;
		walk->has_union = walk->has_union || !strcmp(driver, "union");
		if (!is_known_driver(walk->doctor, driver))
			find(walk->doctor, "attributes", FINDING_WRONG,
				"configure the driver, or remove the attribute",
				"%s gives %s to the merge driver %s, which is not configured, so "
				"git merges as text",
				path, pattern, driver);
	}
}

static int examine_attributes_file(const struct changed_file *file, void *data)
{
	struct attributes_walk *walk = data;
	struct buf text = BUF_INIT;
	const char *slash = strrchr(file->path, '/');
	size_t size;
	if (strcmp(slash ? slash + 1 : file->path, ".gitattributes") != 0)
		return 0;
	int rc = history_read_blob(
		walk->doctor->repo, &file->blob, ATTRIBUTES_LIMIT, &text, &size, walk->err);
	char *rest = text.data, *line;
	while (!rc && (line = strsep(&rest, "\n")))
		examine_attributes_line(walk, file->path, line);
	buf_release(&text);
	return rc;
}

/* A union of lines can have a key twice. */
static int examine_union(const struct changed_file *file, void *data)
{
	struct attributes_walk *walk = data;
	struct repo *repo = walk->doctor->repo;
	struct buf value = BUF_INIT;
	int rc = attribute_of(repo, &walk->tip, file->path, "merge", &value, walk->err);
	bool is_union = rc > 0 && !strcmp(value.data, "union");
	bool has_schema = is_union && builtin_for_path(file->path);
	if (is_union && !has_schema) {
		rc = attribute_of(repo, &walk->tip, file->path, "build-schema", &value, walk->err);
		has_schema = rc > 0;
	}
	if (has_schema)
		find(walk->doctor, "attributes", FINDING_WRONG,
			"set merge=git-build in .gitattributes",
			"%s has a schema and merge=union, so a merge can leave a key twice",
			file->path);
	buf_release(&value);
	return rc < 0 ? rc : 0;
}

static int examine_other_attributes(struct doctor *d, struct error *err)
{
	struct attributes_walk walk = { .doctor = d, .err = err };
	const struct oid none = OID_NONE;
	int rc = repo_ref(d->repo, "HEAD", &walk.tip, err);
	if (rc < 0)
		return rc == ERR_NOT_FOUND ? 0 : rc;
	rc = history_each_difference(
		d->repo, &none, &walk.tip, examine_attributes_file, &walk, err);
	if (!rc && walk.has_union)
		rc = history_each_difference(d->repo, &none, &walk.tip, examine_union, &walk, err);
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
	/* A fleet may call git-build's hook from a hook of its own. */
	bool calls = state == HOOK_OTHER && strstr(text.data, "git-build");
	if (state < 0 || runs < 0)
		runs = ERR_FAILED;
	else if (state == HOOK_OUTDATED)
		find(d, "hooks", FINDING_WRONG, fix,
			"the %s hook was installed by an older version", name);
	else if (!runs)
		find(d, "hooks", FINDING_WRONG, fix, "the %s hook's program is gone: %s", name,
			program.data);
	else if (state == HOOK_OURS || calls)
		find(d, "hooks", FINDING_FINE, NULL, "the %s hook is installed", name);
	else if (!own)
		find(d, "hooks", FINDING_WRONG,
			"git config --unset core.hooksPath && git build init",
			"core.hooksPath sends git to %s, where %s is not git-build's", directory,
			name);
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
	}
	for (size_t i = 0; !is_shared && !rc && i < sizeof(of_clone) / sizeof(*of_clone); i++)
		rc = examine_hook(d, directory.data, own, of_clone[i], "git build init", err);
	buf_release(&directory);
	buf_release(&fix);
	return rc;
}

/* ---- the clock ---- */

/*
 * Nobody tells the remote's time, but the others' beats are made by their clocks: one that comes
 * from the future says that theirs is ahead or this one is behind.
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
	if (newest && newest->age < -CLOCK_SLACK)
		find(d, "clock", FINDING_WRONG, "timedatectl set-ntp true",
			"this clock is %s behind that of %s, or that one is ahead",
			timestamp_format_age(-newest->age, age), newest->id);
	else if (newest && newest->state == HEARTBEAT_ALIVE)
		find(d, "clock", FINDING_FINE, NULL, "the clock fits the last beat of %s",
			newest->id);
	else
		find(d, "clock", FINDING_UNKNOWN, NULL,
			"no other server has given a beat just now to hold the clock against");
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
		find(d, "remote", FINDING_UNKNOWN, NULL, "the remote %s was not asked",
			d->settings->remote);
	else if (fleet.offline.code == ERR_BUSY)
		find(d, "remote", FINDING_UNKNOWN, NULL, "%s", fleet.offline.text);
	else if (fleet.offline.code)
		find(d, "remote", FINDING_WRONG, fix.data, "the remote does not answer: %s",
			fleet.offline.text);
	else
		find(d, "remote", FINDING_FINE, NULL, "the remote %s answers", d->settings->remote);
	examine_clock(d, &fleet);
	buf_release(&fix);
	fleet_release(&fleet);
	return 0;
}

/* A transaction has found that the work tree does not follow: deliver/transaction.c. */
static void examine_work_tree(struct doctor *d)
{
	struct buf path = BUF_INIT, why = BUF_INIT, fix = BUF_INIT;
	buf_addf(&path, "%s/behind", repo_state_dir(d->repo));
	buf_addf(&fix, "git merge --ff-only %s/%s", d->settings->remote, d->settings->branch);
	int rc = file_read(&why, path.data, sizeof(((struct error *)0)->text), NULL);
	if (!rc)
		find(d, "worktree", FINDING_WRONG, fix.data, "%s", why.data);
	else if (rc != ERR_NOT_FOUND)
		find(d, "worktree", FINDING_UNKNOWN, NULL, "%s cannot be read", path.data);
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
			"a git that was killed has left %s, which stops others", path);
	else
		find(d, "locks", FINDING_UNKNOWN, NULL,
			"%s: a git that is running may hold this lock", path);
	buf_release(&fix);
	return 0;
}

static int examine_locks(struct doctor *d, struct error *err)
{
	size_t before = d->out->count;
	int rc = stale_locks_each(repo_place(d->repo), find_lock, d, err);
	if (!rc && d->out->count == before)
		find(d, "locks", FINDING_FINE, NULL, "no lock of a killed git is left");
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
	if (!repo_work_tree(repo))
		return examine_hooks(&doctor, true, err);
	examine_work_tree(&doctor);
	examine_server(&doctor);
	if (examine_remote(&doctor))
		rc = examine_fleet(&doctor, fetch, err);
	int wanted = rc ? rc : examine_attributes(&doctor, err);
	rc = wanted < 0 ? wanted : examine_driver(&doctor, wanted, err);
	if (!rc)
		rc = examine_other_attributes(&doctor, err);
	return rc ? rc : examine_hooks(&doctor, false, err);
}
