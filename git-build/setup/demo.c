/*
 * git build demo: shows a fleet of two servers at work.
 *
 * Every line that starts with "$" is run by a shell exactly as shown, in a directory made for the
 * demo; with --keep, users can continue there. The demo is confined to that directory: it does not
 * read the user's settings for git, and writes nothing elsewhere.
 */
#include "cli/command.h"
#include "cli/print.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STEP_MS = 120000 };

static const struct step {
	const char *about; /* NULL: continues the previous step */
	const char *command;
} steps[] = {
	{ "The shared repository is bare, and has the hooks and settings that a fleet needs.",
		"git build init --shared fleet.git" },
	{ "Each server is a clone of it. Usually these two would be on different machines.",
		"git clone -q fleet.git build1 && git clone -q fleet.git build2" },
	{ "init gives a clone its server ID, writes the files that the fleet shares, and "
	  "announces the server.",
		"git -C build1 build init --server build1 --manager Ada --ip 10.1.3.175" },
	{ NULL, "git -C build2 build init --server build2 --manager Grace --ip 10.1.3.177" },
	{ "A heartbeat is a commit on the server's own branch. It is recorded in the clone "
	  "at once, and every fifth is pushed; --push pushes immediately. A service would "
	  "run 'git build heartbeat --loop'.",
		"git -C build1 build heartbeat" },
	{ NULL, "git -C build1 build heartbeat" },
	{ NULL, "git -C build1 build heartbeat --push" },
	{ NULL, "git -C build2 build heartbeat --push" },
	{ "Each server has its own branch for heartbeats; main, which everyone fetches, "
	  "has none of them.",
		"git -C fleet.git log --graph --oneline --all" },
	{ "Someone edits the queue by hand, and makes a mistake. The push is rejected: the "
	  "hook of the shared repository reports the position and the expected value.",
		"echo '{\"jobs\": [{\"id\": \"job_1\", \"status\": \"queud\"}]}' "
		">build2/coordination/jobs.json" },
	{ NULL,
		"git -C build2 -c user.name=Grace -c user.email=grace@localhost commit -q -a -m "
		"'Add a job'" },
	{ NULL, "! git -C build2 push -q --no-verify" },
	{ NULL, "git -C build2 reset -q --hard origin/main" },
	{ "There is a job. Both servers claim it at the same moment: the server whose push "
	  "arrives first gets it, and the other is refused.",
		"git -C build1 build job add --branch main --commit d8e22ab --description 'DEB "
		"packages'" },
	{ NULL,
		"for i in 1 2; do git -C build$i build job claim >claim$i 2>&1 & done; wait; "
		"tail -n +1 claim1 claim2" },
	{ NULL, "git -C build1 build job list" },
	{ "The server that runs a job reports its result.",
		"for i in 1 2; do job=$(sed -n 's/^\\(job_[^ ]*\\) .*/\\1/p' claim$i); [ -z "
		"\"$job\" ] || "
		"git -C build$i build job complete $job; done" },
	{ "Both change one line of a file at the same time, by hand. git alone would "
	  "report a conflict; the merge driver knows from the schema that profiles are a "
	  "set.",
		"for i in 1 2; do git -C build$i pull -q --rebase && sed -i "
		"'s/\"profiles\": .*\\]/\"profiles\": [\"of-build'$i'\"]/' "
		"build$i/shared/build_config.json; done" },
	{ NULL,
		"for i in 1 2; do git -C build$i config user.name build$i && git -C build$i config "
		"user.email build$i@localhost && git -C build$i commit -q -a -m 'Add a profile'; "
		"done" },
	{ NULL,
		"git -C build1 push -q && git -C build2 pull -q --rebase && git -C build2 push "
		"-q" },
	{ NULL, "grep profiles build2/shared/build_config.json" },
	{ "Workers do all of that automatically. There is a source repository with a "
	  "script that makes a Debian package,",
		"git init -q -b main hello && mkdir hello/packaging && printf '%s\\n' '#!/bin/sh' "
		"'mkdir -p root/DEBIAN' 'printf \"Package: hello\\\\nVersion: 1.0\\\\n"
		"Architecture: all\\\\nMaintainer: Ada <ada@localhost>\\\\nDescription: a small "
		"package\\\\n\" >root/DEBIAN/control' 'dpkg-deb --root-owner-group --build root "
		"\"$2/hello_1.0_all.deb\"' >hello/packaging/build-deb.sh && chmod +x "
		"hello/packaging/build-deb.sh" },
	{ NULL,
		"git -C hello add -A && git -C hello -c user.name=Ada -c user.email=ada@localhost "
		"commit -q -m 'A small package'" },
	{ "and there are two jobs.",
		"for i in 1 2; do git -C build$i config build.source \"$PWD/hello\" && git -C "
		"build$i config build.artifacts \"$PWD/artifacts\"; done" },
	{ NULL, "for i in 1 2; do git -C build$i build job add --branch main --commit HEAD; done" },
	{ "Each worker takes one job, builds it in a separate source tree, and records the "
	  "result in one push.",
		"for i in 1 2; do git -C build$i build run --once >run$i 2>&1 & done; wait; tail "
		"-n +1 run1 run2" },
	{ NULL, "git -C build1 build artifacts list" },
	{ "The output of a build is on the shared branch, too.", "git -C build2 build logs" },
	{ NULL, "find artifacts -name '*.deb' -exec dpkg-deb -f {} Package Version ';'" },
	{ "A heartbeat branch is kept short automatically. It can be squashed at any time, "
	  "and its history can be kept.",
		"git -C build1 build squash --server build1 --backup" },
	{ NULL, "git -C fleet.git branch" },
	{ "The whole fleet, from any of its clones; and as an HTML page.",
		"git -C build1 build status" },
	{ NULL, "git -C build1 build dashboard -o \"$PWD/dashboard.html\"" },
};

struct demo_options {
	const char *keep;
};

static const struct option options[] = {
	OPT_STRING(0, "keep", "DIR", struct demo_options, keep,
		"work in DIR, which must be empty or not exist yet, and keep it"),
	OPT_END,
};

static const char *const synopsis[] = { "[--keep DIR]", NULL };

/* ---- the environment of the demo ---- */

struct world {
	char directory[PATH_MAX];
	char **environment;
	size_t count, capacity;
};

static void change(struct world *world, const char *name, const char *value)
{
	struct buf entry = BUF_INIT;
	buf_addstr(&entry, name);
	if (value)
		buf_addf(&entry, "=%s", value);
	GROW(world->environment, world->count, world->capacity);
	world->environment[world->count++] = buf_detach(&entry);
}

/* Removes everything that git or git-build would read from the user's environment. */
static void forget_user(struct world *world)
{
	static const char *const prefixes[] = { "GIT_", "XDG_", "HEARTBEAT_" };
	static const char *const names[] = { "SERVER_ID", "LOCK_WAIT", "NOTIFY_SOCKET" };
	for (char **entry = environ; *entry; entry++) {
		size_t len = strcspn(*entry, "=");
		char *name = xstrndup(*entry, len);
		for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
			/* The path of git's own programs is not a preference. */
			if (!strncmp(name, prefixes[i], strlen(prefixes[i])) &&
				strcmp(name, "GIT_EXEC_PATH"))
				change(world, name, NULL);
		free(name);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		change(world, names[i], NULL);
}

static int make_directory(struct world *world, const char *keep, struct error *err)
{
	if (!keep) {
		char pattern[PATH_MAX];
		const char *parent = getenv("TMPDIR");
		snprintf(pattern, sizeof(pattern), "%s/git-build-demo.XXXXXX",
			parent && *parent ? parent : "/tmp");
		if (!mkdtemp(pattern) || !realpath(pattern, world->directory))
			return error_errno(
				err, ERR_FAILED, "cannot create the directory %s", pattern);
		return 0;
	}
	int rc = file_make_directories(keep, err);
	if (rc < 0)
		return rc;
	if (!realpath(keep, world->directory))
		return error_errno(err, ERR_FAILED, "cannot find the directory '%s'", keep);
	struct file_list entries;
	rc = file_list_read(&entries, world->directory, err);
	size_t count = entries.count;
	file_list_release(&entries);
	if (rc < 0)
		return rc;
	if (count)
		return error_set(err, ERR_INVALID,
			"the directory '%s' is not empty; the demo needs an empty one", keep);
	return 0;
}

static int make_world(struct world *world, const char *keep, struct error *err)
{
	struct buf program = BUF_INIT, path = BUF_INIT;
	int rc = make_directory(world, keep, err);
	if (!rc)
		rc = program_path(&program, err);
	if (!rc) {
		/* Make git find this git-build first. */
		buf_truncate(&program, (size_t)(strrchr(program.data, '/') - program.data));
		buf_addf(&path, "%s:%s", program.data, getenv("PATH") ? getenv("PATH") : "/bin");
		forget_user(world);
		change(world, "PATH", path.data);
		change(world, "HOME", world->directory);
		change(world, "TMPDIR", world->directory);
		change(world, "GIT_CONFIG_NOSYSTEM", "1");
		GROW(world->environment, world->count, world->capacity);
		world->environment[world->count] = NULL;
	}
	buf_release(&program);
	buf_release(&path);
	return rc;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static void leave_world(struct world *world, bool keep)
{
	if (!keep && *world->directory)
		nftw(world->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	for (size_t i = 0; i < world->count; i++)
		free(world->environment[i]);
	free(world->environment);
}

/* ---- the steps ---- */

static int run_step(const struct invocation *inv, struct world *world, const struct step *step,
	struct error *err)
{
	struct buf script = BUF_INIT, output = BUF_INIT, shown = BUF_INIT;
	int status = 0;
	/* Both streams in the order of their output. */
	buf_addf(&script, "exec 2>&1\n%s\n", step->command);
	const char *argv[] = { "sh", "-c", script.data, NULL };
	struct child child = { .argv = argv,
		.directory = world->directory,
		.environment = (const char *const *)world->environment,
		.timeout_ms = STEP_MS,
		.output = &output };
	if (!inv->quiet && step->about) {
		show_line("%s", "");
		show_line("# %s", step->about);
	}
	if (!inv->quiet)
		show_line("$ %s", step->command);
	int rc = show_finish(err);
	if (!rc)
		rc = child_run(&child, &status, err);
	escape_add(&shown, output.data, output.len, true);
	if (!inv->quiet)
		show_text(&shown);
	if (!rc && status)
		rc = error_set(err, ERR_FAILED, "'%s' ended with exit code %d%s%s", step->command,
			status, inv->quiet ? ":\n" : "", inv->quiet ? output.data : "");
	buf_release(&script);
	buf_release(&output);
	buf_release(&shown);
	return rc;
}

static void say_end(const struct invocation *inv, const struct world *world, bool keep)
{
	if (inv->quiet)
		return;
	show_line("%s", "");
	if (keep) {
		show_line("# Everything is in %s: fleet.git is the shared repository,",
			world->directory);
		show_line("# build1 and build2 are the servers, and dashboard.html is the HTML "
			  "page. Continue there, or remove it.");
	} else {
		show_line("# Deleted %s. Use --keep DIR to keep it.", world->directory);
	}
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct demo_options *given = values;
	struct world world = { .directory = "" };
	struct timespec at_once = { 0 };
	sigset_t signals;
	(void)operands;
	/* A signal ends the demo between two steps, so that the directory is removed. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	int rc = make_world(&world, given->keep, err);
	for (size_t i = 0; !rc && i < sizeof(steps) / sizeof(*steps); i++) {
		rc = run_step(inv, &world, &steps[i], err);
		if (!rc && sigtimedwait(&signals, NULL, &at_once) > 0)
			rc = error_set(err, ERR_FAILED, "the demo was interrupted");
	}
	if (!rc)
		say_end(inv, &world, given->keep);
	leave_world(&world, given->keep);
	return rc;
}

const struct command command_demo = {
	.name = "demo",
	.summary = "show a fleet of two servers at work",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct demo_options),
	.needs = NEEDS_NOTHING,
	.run = run,
};
