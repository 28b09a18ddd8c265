/* Sets up a clone as a server, and undoes it. setup/shared.c sets up the shared repository. */
#include "setup/clone.h"

#include "heartbeat/heartbeat.h"
#include "setup/hook_files.h"
#include "host/machine.h"
#include "locks/stale_locks.h"
#include "setup/report.h"
#include "deliver/write_queue.h"
#include "json/document.h"
#include "request/layout.h"
#include "git/refs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Each hook, and the program it runs. */
static const char *const client_hooks[][2] = { { "pre-push", "pre-push" },
	{ "post-merge", "post-merge" }, { "post-rewrite", "post-merge" },
	{ "prepare-commit-msg", "prepare-commit-msg" } };
enum { CLIENT_HOOKS = sizeof(client_hooks) / sizeof(*client_hooks), LOCK_WAIT_MS = 2000 };

#define DRIVER_KEY      "merge.git-build.driver"
#define DRIVER_NAME_KEY "merge.git-build.name"

/* ---- settings ---- */

/*
 * The driver's command line. If the program does not exist, git's own text merge is used:
 * otherwise, git would keep one side without conflict markers. Each % is doubled, because git
 * expands it.
 */
static void write_driver(const char *hooks_dir, struct buf *out)
{
	struct buf program = BUF_INIT, word = BUF_INIT, quoted = BUF_INIT;
	buf_addf(&program, "%s/merge-driver", hooks_dir);
	buf_add_quoted(&quoted, program.data);
	for (const char *at = quoted.data; *at; at++) {
		if (*at == '%')
			buf_addch(&word, '%');
		buf_addch(&word, *at);
	}
	buf_addf(out,
		"if test -x %s; then %s -- %%O %%A %%B %%L %%P %%S %%X %%Y; "
		"else git merge-file --marker-size=%%L %%A %%O %%B; fi",
		word.data, word.data);
	buf_release(&program);
	buf_release(&word);
	buf_release(&quoted);
}

/*
 * A clone has objects and references that exist nowhere else: heartbeats and commits that are not
 * pushed yet. The index is synced too, because every git command in the worktree fails if it is
 * damaged.
 */
static const char *const durable[][2] = { { "core.fsync", "all" },
	{ "core.fsyncMethod", "fsync" } };
enum { DURABLE = sizeof(durable) / sizeof(*durable) };

struct configuring {
	struct repo *repo;
	struct setup_report *report;
	struct setup_config config;
};

static void set(struct configuring *c, const char *key, const char *value)
{
	if (value && setup_config_add(&c->config, c->repo, key, value))
		setup_step(c->report, true, "set %s", key);
}

static int configure(struct repo *repo, const struct setup_plan *plan, struct setup_report *report,
	struct error *err)
{
	struct configuring c = { .repo = repo, .report = report };
	struct buf driver = BUF_INIT, ip = BUF_INIT;
	char found[46] = "";
	write_driver(plan->hooks_dir, &driver);
	if (!plan->ip && !repo_config(repo, "build.ip", &ip))
		machine_address(found);
	set(&c, "build.manager", plan->manager);
	set(&c, "build.ip", plan->ip ? plan->ip : *found ? found : NULL);
	set(&c, DRIVER_NAME_KEY, "git-build: field-aware merge of JSON files");
	set(&c, DRIVER_KEY, driver.data);
	for (size_t i = 0; i < DURABLE; i++)
		set(&c, durable[i][0], durable[i][1]);
	if (!c.config.count)
		setup_step(report, false, "settings and merge driver are already in git config");
	int rc = setup_config_write(&c.config, repo, err);
	buf_release(&driver);
	buf_release(&ip);
	return rc;
}

/* Sets the clone's server ID; called after the shared repository has accepted the server. */
static int configure_server(struct repo *repo, const struct setup_plan *plan,
	struct setup_report *report, struct error *err)
{
	struct configuring c = { .repo = repo, .report = report };
	set(&c, "build.server", plan->server);
	return setup_config_write(&c.config, repo, err);
}

/* ---- hooks ---- */

static int install_hooks(struct repo *repo, const struct setup_plan *plan,
	struct setup_report *report, struct error *err)
{
	struct buf directory = BUF_INIT, program = BUF_INIT;
	bool own;
	int rc = 0;
	hook_directory(repo, &directory, &own);
	if (!own)
		setup_missing(report,
			"hooks not installed: core.hooksPath is %s; call %s/pre-push from the "
			"pre-push hook there, %s/post-merge from post-merge and post-rewrite, and "
			"%s/prepare-commit-msg from prepare-commit-msg",
			directory.data, plan->hooks_dir, plan->hooks_dir, plan->hooks_dir);
	for (size_t i = 0; own && i < CLIENT_HOOKS && rc >= 0; i++) {
		buf_reset(&program);
		buf_addf(&program, "%s/%s", plan->hooks_dir, client_hooks[i][1]);
		rc = hook_install(directory.data, client_hooks[i][0], program.data, err);
		if (rc >= 0)
			setup_hook_step(report, client_hooks[i][0], rc);
	}
	buf_release(&directory);
	buf_release(&program);
	return rc < 0 ? rc : 0;
}

/* ---- shared files ---- */

/* Appends the files that the answer lists as written, as "a, b, c"; nothing if there are none. */
static void list_written(const struct outcome *outcome, struct buf *out)
{
	struct json_doc *doc = NULL;
	json_parse(&doc, outcome->answer.data, outcome->answer.len, "answer", NULL, NULL);
	const struct json_value *list = doc ? json_member(doc, json_root(doc), "written") : NULL;
	JSON_EACH (path, list) {
		size_t len;
		const char *text = json_string(doc, path, &len);
		buf_addf(out, "%s%.*s", out->len ? ", " : "", (int)len, text);
	}
	json_doc_free(doc);
}

static int share_layout(struct repo *repo, const struct settings *settings, const struct env *env,
	struct setup_report *report, struct error *err)
{
	struct layout_server server = {
		.facts = { settings->server, settings->ip, settings->manager },
		.interval = settings->interval,
		.push_every = settings->push_every,
	};
	struct machine_sample sample = { 0 };
	struct buf request = BUF_INIT, written = BUF_INIT;
	struct outcome outcome = OUTCOME_INIT;
	machine_read(&server.machine, &sample, ".");
	layout_request(&request, &server, env);
	/* The clone must have the files afterwards, so it pushes them itself. */
	struct settings pushing = *settings;
	pushing.requests = false;
	int rc = write_queue_run(repo, &pushing, &request, env, &outcome, err);
	list_written(&outcome, &written);
	if (!rc && written.len)
		setup_step(report, true, "wrote and pushed %s", written.data);
	else if (!rc)
		setup_step(report, false, "the coordination files are already on %s",
			settings->branch);
	buf_release(&request);
	buf_release(&written);
	outcome_release(&outcome);
	return rc;
}

/* ---- the first heartbeat ---- */

/* Runs even if nothing else has changed: an earlier run may have been killed before this step. */
static int publish_heartbeat(struct repo *repo, const struct settings *settings,
	const struct env *env, struct setup_report *report, struct error *err)
{
	struct heartbeat_sender *sender;
	struct heartbeat_result result = HEARTBEAT_RESULT_INIT;
	struct remote_settings remote = { settings->remote, settings->timeout_ms };
	int rc = remote_has_branch(repo, &remote, settings->heartbeat_branch, err);
	if (rc > 0)
		setup_step(report, false, "%s already has a heartbeat", settings->heartbeat_branch);
	if (rc)
		return rc < 0 ? rc : 0;
	rc = heartbeat_open(&sender, repo, settings, env, err);
	if (rc < 0)
		return rc;
	rc = heartbeat_send(sender, true, true, &result, err);
	if (!rc && !result.pushed)
		rc = error_set(err, result.pushing.code, "%s", result.pushing.text);
	if (!rc)
		setup_step(report, true, "pushed a heartbeat to %s", settings->heartbeat_branch);
	heartbeat_result_release(&result);
	heartbeat_close(sender);
	return rc;
}

/* In a clone of an empty repository, HEAD points to git's default branch, which may not be the
 * shared branch. If that branch has no commit, HEAD can be pointed to the shared branch without
 * losing anything. */
static int point_head_at_branch(
	struct repo *repo, const struct settings *settings, struct error *err)
{
	struct buf head = BUF_INIT, wanted = BUF_INIT;
	struct oid commit;
	ref_branch(&wanted, settings->branch);
	int rc = repo_work_tree(repo) ? repo_head_branch(repo, &head, err) : ERR_NOT_FOUND;
	bool elsewhere = !rc && strcmp(head.data, wanted.data);
	if (elsewhere)
		rc = repo_ref(repo, head.data, &commit, err);
	if (rc == ERR_NOT_FOUND)
		rc = elsewhere ? repo_set_head(repo, wanted.data, err) : 0;
	buf_release(&head);
	buf_release(&wanted);
	return rc;
}

static int publish(struct repo *repo, const struct settings *settings, const struct env *env,
	struct setup_report *report, struct error *err)
{
	int rc = point_head_at_branch(repo, settings, err);
	if (!rc)
		rc = share_layout(repo, settings, env, report, err);
	return rc < 0 ? rc : publish_heartbeat(repo, settings, env, report, err);
}

int setup_clone(struct repo *repo, struct settings *settings, const struct setup_plan *plan,
	const struct env *env, struct setup_report *report, struct error *err)
{
	int rc = setup_sweep(repo, err);
	if (!rc)
		stale_locks_remove(repo_place(repo), LOCK_WAIT_MS);
	if (!rc)
		rc = configure(repo, plan, report, err);
	if (!rc) {
		struct overrides overrides = { .server = plan->server };
		settings_release(settings);
		rc = settings_load(settings, repo, &overrides, err);
	}
	if (!rc)
		rc = install_hooks(repo, plan, report, err);
	if (rc < 0)
		return rc;
	if (remote_exists(repo, settings->remote))
		rc = publish(repo, settings, env, report, err);
	else
		setup_missing(report,
			"no coordination files written: this clone has no remote '%s'; run 'git "
			"remote add %s URL', then 'git build init' again",
			settings->remote, settings->remote);
	return rc < 0 ? rc : configure_server(repo, plan, report, err);
}

int setup_remove(struct repo *repo, struct setup_report *report, struct error *err)
{
	static const char *const keys[] = { "build.server", "build.manager", "build.ip", DRIVER_KEY,
		DRIVER_NAME_KEY };
	static const char *const hooks[] = { "pre-push", "post-merge", "post-rewrite",
		"prepare-commit-msg", "pre-receive", "reference-transaction", "proc-receive" };
	struct buf directory = BUF_INIT, value = BUF_INIT;
	struct setup_config config = { NULL, 0, 0 };
	bool own;
	int rc = 0;
	hook_directory(repo, &directory, &own);
	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks) && rc >= 0; i++) {
		rc = hook_remove(directory.data, hooks[i], err);
		if (rc > 0)
			setup_hook_step(report, hooks[i], rc);
	}
	/* In the shared repository, these settings are kept, like all others. */
	for (size_t i = 0; i < DURABLE && rc >= 0 && repo_work_tree(repo); i++)
		if (repo_config(repo, durable[i][0], &value) &&
			!strcmp(value.data, durable[i][1]) &&
			setup_config_add(&config, repo, durable[i][0], NULL))
			setup_step(report, true, "removed %s from git config", durable[i][0]);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys) && rc >= 0; i++)
		if (setup_config_add(&config, repo, keys[i], NULL))
			setup_step(report, true, "removed %s from git config", keys[i]);
	if (rc >= 0)
		rc = setup_config_write(&config, repo, err);
	buf_release(&value);
	buf_release(&directory);
	return rc < 0 ? rc : 0;
}
