/* Making a clone a server, and undoing it. The shared repository is in setup_shared.c. */
#include "fleet/setup.h"

#include "base/alloc.h"
#include "base/file.h"
#include "fleet/heartbeat.h"
#include "fleet/hook_files.h"
#include "fleet/layout.h"
#include "fleet/machine.h"
#include "fleet/setup_report.h"
#include "fleet/status.h"
#include "fleet/write_queue.h"
#include "json/document.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Each hook, and the program that it runs. */
static const char *const client_hooks[][2] = { { "pre-push", "pre-push" },
	{ "post-merge", "post-merge" }, { "post-rewrite", "post-merge" } };
enum { CLIENT_HOOKS = sizeof(client_hooks) / sizeof(*client_hooks) };

#define DRIVER_KEY      "merge.git-build.driver"
#define DRIVER_NAME_KEY "merge.git-build.name"

/* ---- settings ---- */

/*
 * The driver's command line. Where the program has gone, git's own text merge takes over: git would
 * otherwise leave one side in place, without a mark. A % is doubled, since git expands them.
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

static int set_config(struct repo *repo, const char *key, const char *value,
	struct setup_report *report, struct error *err)
{
	int rc = setup_set_config(repo, key, value, err);
	if (rc > 0)
		setup_step(report, true, "set %s", key);
	return rc < 0 ? rc : 0;
}

static int configure(struct repo *repo, const struct setup_plan *plan, struct setup_report *report,
	struct error *err)
{
	size_t before = report->changes;
	struct buf driver = BUF_INIT, ip = BUF_INIT;
	char found[46];
	write_driver(plan->hooks_dir, &driver);
	int rc = set_config(repo, "build.server", plan->server, report, err);
	if (!rc && plan->manager)
		rc = set_config(repo, "build.manager", plan->manager, report, err);
	if (!rc && plan->ip) {
		rc = set_config(repo, "build.ip", plan->ip, report, err);
	} else if (!rc && !repo_config(repo, "build.ip", &ip)) {
		machine_address(found);
		rc = set_config(repo, "build.ip", found, report, err);
	}
	if (!rc)
		rc = set_config(repo, DRIVER_NAME_KEY, "git-build: field-aware merge of JSON files",
			report, err);
	if (!rc)
		rc = set_config(repo, DRIVER_KEY, driver.data, report, err);
	if (!rc && report->changes == before)
		setup_step(report, false, "settings and merge driver are in git config");
	buf_release(&driver);
	buf_release(&ip);
	return rc;
}

/* ---- hooks ---- */

static int install_hooks(struct repo *repo, const struct setup_plan *plan,
	struct setup_report *report, struct error *err)
{
	struct buf folder = BUF_INIT, program = BUF_INIT;
	bool own;
	int rc = 0;
	hook_folder(repo, &folder, &own);
	if (!own)
		setup_missing(report,
			"left the hooks out: core.hooksPath sends git to %s; call %s/pre-push from "
			"there, and %s/post-merge from its post-merge and post-rewrite",
			folder.data, plan->hooks_dir, plan->hooks_dir);
	for (size_t i = 0; own && i < CLIENT_HOOKS && rc >= 0; i++) {
		buf_reset(&program);
		buf_addf(&program, "%s/%s", plan->hooks_dir, client_hooks[i][1]);
		rc = hook_install(folder.data, client_hooks[i][0], program.data, err);
		if (rc >= 0)
			setup_hook_step(report, client_hooks[i][0], rc);
	}
	buf_release(&folder);
	buf_release(&program);
	return rc < 0 ? rc : 0;
}

/* ---- shared files ---- */

struct writing {
	struct transaction *tx;
	const struct settings *settings;
	int64_t now;
	struct buf written; /* the paths, for the report */
	struct error *err;
};

static int write_missing(const char *path, const struct buf *content, void *data)
{
	struct writing *w = data;
	struct buf copy = BUF_INIT;
	const char *text;
	size_t len;
	int rc = transaction_read(w->tx, path, &text, &len, w->err);
	if (rc == ERR_FAILED)
		return rc;
	if (rc != ERR_NOT_FOUND)
		return 0; /* it stands, sound or not: not ours to replace */
	buf_add(&copy, content->data, content->len);
	transaction_write(w->tx, path, &copy);
	buf_addf(&w->written, "%s%s", w->written.len ? ", " : "", path);
	return 0;
}

static int write_layout(struct transaction *tx, void *data, struct error *err)
{
	struct writing *w = data;
	w->tx = tx;
	w->err = err;
	buf_reset(&w->written);
	int rc = layout_each_file(w->settings, w->now, write_missing, w);
	for (size_t i = 0; !rc && layout_block_files[i]; i++) {
		const char *path = layout_block_files[i], *text = "";
		size_t len = 0;
		struct buf updated = BUF_INIT;
		rc = transaction_read(tx, path, &text, &len, err);
		if (rc < 0 && rc != ERR_NOT_FOUND)
			break;
		rc = 0;
		layout_update_block(path, text, len, &updated);
		if (updated.len != len || memcmp(updated.data, text, len)) {
			transaction_write(tx, path, &updated);
			buf_addf(&w->written, "%s%s", w->written.len ? ", " : "", path);
		}
		buf_release(&updated);
	}
	return rc;
}

static int share_layout(struct repo *repo, const struct settings *settings, const struct env *env,
	struct setup_report *report, struct error *err)
{
	struct writing writing = {
		.settings = settings, .now = env->now(env->data), .written = BUF_INIT
	};
	struct buf subject = BUF_INIT;
	buf_addf(&subject, "Set up %s", settings->server);
	struct transaction_plan plan = {
		.remote = { settings->remote, settings->timeout_ms },
		.branch = settings->branch,
		.subject = subject.data,
		.server = settings->server,
		.attempts = (int)settings->attempts,
		.env = env,
		.apply = write_layout,
		.data = &writing,
	};
	struct transaction_result result = TRANSACTION_RESULT_INIT;
	int rc = transaction_run(repo, &plan, &result, err);
	if (!rc && result.committed)
		setup_step(report, true, "wrote and pushed %s", writing.written.data);
	else if (!rc)
		setup_step(report, false, "the shared files stand on %s", settings->branch);
	transaction_result_release(&result);
	buf_release(&subject);
	buf_release(&writing.written);
	return rc;
}

/* ---- the startup ---- */

static int publish_beat(struct repo *repo, const struct settings *settings, const struct env *env,
	struct setup_report *report, struct error *err)
{
	struct heartbeat *heartbeat;
	struct beat_result beat = BEAT_RESULT_INIT;
	int rc = heartbeat_open(&heartbeat, repo, settings, env, err);
	if (rc < 0)
		return rc;
	rc = heartbeat_beat(heartbeat, true, true, &beat, err);
	if (!rc && !beat.pushed)
		rc = error_set(err, beat.pushing.code, "%s", beat.pushing.text);
	if (!rc)
		setup_step(report, true, "pushed a first beat to %s", settings->beat_branch);
	beat_result_release(&beat);
	heartbeat_close(heartbeat);
	return rc;
}

/* Is the status on the coordination branch, as just fetched, `idle`? 1, 0, or a negative code. */
static int is_idle(struct repo *repo, const struct settings *settings, struct error *err)
{
	struct buf ref = BUF_INIT, path = BUF_INIT, text = BUF_INIT;
	struct json_doc *doc = NULL;
	struct oid tip;
	buf_addf(&ref, "refs/remotes/%s/%s", settings->remote, settings->branch);
	buf_addf(&path, "%s/status.json", settings->server);
	int rc = repo_ref(repo, ref.data, &tip, err);
	if (!rc)
		rc = repo_read(repo, &tip, path.data, 0, &text, NULL, err);
	if (!rc)
		rc = json_parse(&doc, text.data, text.len, path.data, NULL, err);
	if (!rc)
		rc = json_string_is(doc, json_member(doc, json_root(doc), "status"), "idle");
	json_doc_free(doc);
	buf_release(&ref);
	buf_release(&path);
	buf_release(&text);
	return rc == ERR_NOT_FOUND || rc == ERR_INVALID ? 0 : rc;
}

static int publish_startup(struct repo *repo, const struct settings *settings,
	const struct env *env, struct setup_report *report, struct error *err)
{
	struct buf request = BUF_INIT;
	struct outcome outcome = OUTCOME_INIT;
	int rc = publish_beat(repo, settings, env, report, err);
	int idle = rc ? 1 : is_idle(repo, settings, err);
	if (idle < 0)
		rc = idle;
	if (!rc && !idle) {
		status_request(&request, repo, settings, "idle", env);
		rc = write_queue_run(repo, settings, &request, env, &outcome, err);
		if (!rc)
			setup_step(report, true, "set the status to idle");
	}
	buf_release(&request);
	outcome_release(&outcome);
	return rc;
}

/* An empty shared repository was cloned before it had this branch: HEAD names whatever git's
 * default was. Where HEAD's branch has no commit, nothing is lost by standing on the right one. */
static int stand_on_branch(struct repo *repo, const struct settings *settings, struct error *err)
{
	struct buf head = BUF_INIT, wanted = BUF_INIT;
	struct oid commit;
	buf_addf(&wanted, "refs/heads/%s", settings->branch);
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

int setup_clone(struct repo *repo, struct settings *settings, const struct setup_plan *plan,
	const struct env *env, struct setup_report *report, struct error *err)
{
	int rc = configure(repo, plan, report, err);
	if (!rc) {
		struct overrides overrides = { .server = plan->server };
		settings_release(settings);
		rc = settings_load(settings, repo, &overrides, err);
	}
	if (!rc)
		rc = install_hooks(repo, plan, report, err);
	if (rc < 0)
		return rc;
	if (!remote_exists(repo, settings->remote)) {
		setup_missing(report,
			"wrote no shared files: this clone has no remote '%s' (git remote add %s "
			"URL, "
			"then git build init again)",
			settings->remote, settings->remote);
		return 0;
	}
	rc = stand_on_branch(repo, settings, err);
	if (!rc)
		rc = share_layout(repo, settings, env, report, err);
	if (!rc && report->changes)
		rc = publish_startup(repo, settings, env, report, err);
	return rc;
}

int setup_remove(struct repo *repo, struct setup_report *report, struct error *err)
{
	static const char *const keys[] = { "build.server", "build.manager", "build.ip", DRIVER_KEY,
		DRIVER_NAME_KEY };
	static const char *const hooks[] = { "pre-push", "post-merge", "post-rewrite",
		"pre-receive" };
	struct buf folder = BUF_INIT;
	bool own;
	int rc = 0;
	hook_folder(repo, &folder, &own);
	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks) && rc >= 0; i++) {
		rc = hook_remove(folder.data, hooks[i], err);
		if (rc > 0)
			setup_hook_step(report, hooks[i], rc);
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys) && rc >= 0; i++) {
		rc = setup_set_config(repo, keys[i], NULL, err);
		if (rc > 0)
			setup_step(report, true, "took %s out of git config", keys[i]);
	}
	buf_release(&folder);
	return rc < 0 ? rc : 0;
}
