#include "heartbeat/heartbeat.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "clone/reading.h"
#include "fleet/heartbeat.h"
#include "heartbeat/branch.h"
#include "fleet/files.h"
#include "fleet/limits.h"
#include "fleet/names.h"
#include "heartbeat/outage.h"
#include "remote/repair.h"
#include "deliver/write_queue.h"
#include "request/heartbeat.h"
#include "git/state.h"
#include "git/refs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEALTH_CHECK_MS = 30000 };

struct heartbeat_sender {
	struct repo *repo;
	const struct settings *settings;
	const struct env *env;
	struct heartbeat_branch branch;
	char *path;  /* build1/heartbeat.json */
	bool legacy; /* heartbeats are on the shared branch */
};

void heartbeat_result_release(struct heartbeat_result *result)
{
	buf_release(&result->said);
}

/* Stores the name of the state `what` of a server or branch (git/state.h). */
static void state_name(struct buf *out, const char *what, const char *whose)
{
	buf_addf(out, "%s-", what);
	for (; *whose; whose++)
		buf_addch(out, *whose == '/' ? '_' : *whose);
}

int heartbeat_open(struct heartbeat_sender **out, struct repo *repo,
	const struct settings *settings, const struct env *env, struct error *err)
{
	int rc = settings_need_server(settings, err);
	if (rc < 0)
		return rc;
	struct heartbeat_sender *h = xcalloc(1, sizeof(*h));
	struct remote_settings remote = { settings->remote, settings->timeout_ms };
	struct buf path = BUF_INIT;
	h->repo = repo;
	h->settings = settings;
	h->env = env;
	h->legacy = !strcmp(settings->heartbeat_branch, settings->branch);
	heartbeat_branch_init(
		&h->branch, repo, settings->heartbeat_branch, &remote, settings->history);
	fleet_server_path(&path, settings->server, FLEET_HEARTBEAT_FILE);
	h->path = buf_detach(&path);
	*out = h;
	return 0;
}

void heartbeat_close(struct heartbeat_sender *h)
{
	if (!h)
		return;
	heartbeat_branch_release(&h->branch);
	free(h->path);
	free(h);
}

/* ---- state that the clone keeps between heartbeats ---- */

/* Reads up to two numbers from a state file. If they are missing or cannot be read, `*a` and `*b`
 * are not changed: the numbers only make a measurement more exact. */
static void recall(
	struct repo *repo, const char *name, const char *server, uint64_t *a, uint64_t *b)
{
	struct buf file = BUF_INIT, text = BUF_INIT;
	state_name(&file, name, server);
	if (!state_read(&text, repo, file.data, 100, NULL))
		sscanf(text.data, "%" SCNu64 " %" SCNu64, a, b);
	buf_release(&file);
	buf_release(&text);
}

/* Not synced to disk: after a crash, only a measurement is less exact. */
static void remember(
	struct repo *repo, const char *name, const char *server, uint64_t a, uint64_t b)
{
	struct buf file = BUF_INIT, text = BUF_INIT;
	state_name(&file, name, server);
	buf_addf(&text, "%" PRIu64 " %" PRIu64 "\n", a, b);
	state_write(repo, file.data, text.data, false, NULL);
	buf_release(&file);
	buf_release(&text);
}

static void read_machine(struct heartbeat_sender *h, struct machine *machine)
{
	struct machine_sample sample = { 0 };
	const char *directory =
		repo_work_tree(h->repo) ? repo_work_tree(h->repo) : repo_git_dir(h->repo);
	recall(h->repo, "cpu", h->settings->server, &sample.busy, &sample.total);
	machine_read(machine, &sample, directory);
	remember(h->repo, "cpu", h->settings->server, sample.busy, sample.total);
}

/* ---- a heartbeat on a heartbeat branch ---- */

/* Does only this server use the branch? If not, other files on it are kept. */
static bool is_own_branch(const struct heartbeat_sender *h)
{
	size_t len = sizeof(FLEET_HEARTBEAT_BRANCH) - 1;
	return !strncmp(h->branch.at.name, FLEET_HEARTBEAT_BRANCH, len) &&
		!strcmp(h->branch.at.name + len, h->settings->server);
}

/* Reads the previous heartbeat, to keep the members that are not written; one that is not valid, from
 * its last valid version. The text is empty if there is none: the heartbeats must not stop. */
static int read_previous(const struct heartbeat_sender *h, struct buf *out, struct error *err)
{
	struct reading reading = { .repo = h->repo, .tip = h->branch.tip };
	struct json_doc *doc;
	const struct json_value *root;
	size_t len;
	int rc = reading_document(&reading, h->path, NULL, &doc, &root, err);
	const char *text = doc ? json_text(doc, &len) : NULL;
	if (text)
		buf_add(out, text, len);
	json_doc_free(doc);
	return rc == ERR_INVALID ? 0 : rc;
}

static int commit_heartbeat(struct heartbeat_sender *h, const struct heartbeat *heartbeat,
	struct heartbeat_result *result, struct error *err)
{
	struct buf previous = BUF_INIT, document = BUF_INIT, message = BUF_INIT;
	char uuid[UUID_SIZE], timestamp[TIMESTAMP_SIZE];
	int rc = read_previous(h, &previous, err);
	if (rc < 0) {
		buf_release(&previous);
		return rc;
	}
	heartbeat_write(heartbeat, previous.data, previous.len, &document);
	h->env->uuid(h->env->data, uuid);
	buf_addf(&message, "Heartbeat: %s %s\n\n" OPERATION_TRAILER "%s\n", heartbeat->server,
		timestamp_format(heartbeat->timestamp, timestamp), uuid);
	struct change change = { h->path, document.data, document.len };
	struct commit_plan plan = {
		.base = is_own_branch(h) ? OID_NONE : h->branch.tip,
		.changes = &change,
		.changes_count = 1,
		.message = message.data,
		.fallback_name = heartbeat->server,
		.time = heartbeat->timestamp,
	};
	rc = heartbeat_branch_add(&h->branch, &plan, &result->restarted, err);
	result->commit = h->branch.tip;
	buf_release(&previous);
	buf_release(&document);
	buf_release(&message);
	return rc;
}

/* ---- a heartbeat on the shared branch (legacy mode) ---- */

static int push_legacy(struct heartbeat_sender *h, const struct heartbeat *heartbeat,
	struct heartbeat_result *result, struct error *err)
{
	struct buf request = BUF_INIT;
	struct outcome outcome = OUTCOME_INIT;
	heartbeat_request(&request, heartbeat, h->env);
	int rc = write_queue_run(h->repo, h->settings, &request, h->env, &outcome, err);
	buf_add(&result->said, outcome.said.data, outcome.said.len);
	if (!rc)
		result->commit = outcome_commit(&outcome);
	buf_release(&request);
	outcome_release(&outcome);
	return rc;
}

/* ---- both ---- */

static int lock(struct heartbeat_sender *h, struct file_lock *held, struct error *err)
{
	struct buf name = BUF_INIT;
	state_name(&name, "beat", h->settings->heartbeat_branch);
	int rc = state_lock(held, h->repo, name.data, h->settings->lock_wait_ms, h->env, err);
	buf_release(&name);
	return rc;
}

/* Records the result of a due push. */
static void note_push(struct heartbeat_sender *h, int rc, struct heartbeat_result *result)
{
	result->pushed = !rc;
	if (rc < 0)
		outage_failed(h->repo, h->settings, result->pushing.text, h->env, &result->said);
	else
		outage_over(h->repo, h->settings, h->env, &result->said);
}

static int push_pending(struct heartbeat_sender *h, struct heartbeat_result *result)
{
	struct oid tip = h->branch.tip;
	int rc = heartbeat_branch_push(
		&h->branch, h->settings->attempts, &result->said, &result->pushing);
	/* If pending heartbeats could not be repaired, the repair has moved the branch. */
	if (rc < 0 && !heartbeat_branch_load(&h->branch, NULL) &&
		!oid_equal(&tip, &h->branch.tip)) {
		result->pushing = (struct error)ERROR_INIT;
		rc = heartbeat_branch_push(
			&h->branch, h->settings->attempts, &result->said, &result->pushing);
	}
	note_push(h, rc, result);
	result->commit = h->branch.tip;
	result->pending = h->branch.pending;
	return rc;
}

/* Repairs a damaged clone, and tries once more. */
static int load(struct heartbeat_sender *h, struct error *err)
{
	struct error failed = ERROR_INIT;
	int rc = heartbeat_branch_load(&h->branch, &failed);
	if (rc < 0 && repair(h->repo, &h->branch.at.remote, NULL) > 0)
		rc = heartbeat_branch_load(&h->branch, err);
	else if (rc < 0 && err)
		*err = failed;
	return rc;
}

static int load_and_commit(struct heartbeat_sender *h, const struct heartbeat *heartbeat,
	struct heartbeat_result *result, struct error *err)
{
	struct error failed = ERROR_INIT;
	int rc = load(h, err);
	if (rc < 0)
		return rc;
	rc = commit_heartbeat(h, heartbeat, result, &failed);
	if (rc < 0 && repair(h->repo, &h->branch.at.remote, NULL) > 0) {
		rc = load(h, err);
		return rc < 0 ? rc : commit_heartbeat(h, heartbeat, result, err);
	}
	if (rc < 0 && err)
		*err = failed;
	return rc;
}

static int send_on_branch(struct heartbeat_sender *h, const struct heartbeat *heartbeat,
	bool push_now, struct heartbeat_result *result, struct error *err)
{
	int rc = load_and_commit(h, heartbeat, result, err);
	if (rc < 0)
		return rc;
	result->pending = h->branch.pending;
	/* A restarted branch no longer has the heartbeats that were pending: push it at once, so
	 * that readers do not wait for them. */
	if (push_now || result->restarted || h->branch.pending >= h->settings->push_every)
		push_pending(h, result);
	return 0;
}

static int send_legacy(struct heartbeat_sender *h, const struct heartbeat *heartbeat, bool push_now,
	struct heartbeat_result *result)
{
	uint64_t waiting = 0, healthy = 1;
	recall(h->repo, "beats", heartbeat->server, &waiting, &healthy);
	waiting++;
	if (push_now || waiting >= (uint64_t)h->settings->push_every) {
		int rc = push_legacy(h, heartbeat, result, &result->pushing);
		note_push(h, rc, result);
		if (!rc)
			waiting = 0;
	}
	remember(h->repo, "beats", heartbeat->server, waiting, heartbeat->healthy);
	result->pending = (int64_t)waiting;
	return 0;
}

int heartbeat_send(struct heartbeat_sender *h, bool healthy, bool push_now,
	struct heartbeat_result *result, struct error *err)
{
	struct file_lock held = FILE_LOCK_INIT;
	buf_reset(&result->said);
	*result = (struct heartbeat_result){ .said = result->said, .timestamp = env_now(h->env) };
	int rc = lock(h, &held, err);
	if (rc < 0)
		return rc;
	struct heartbeat heartbeat = {
		.server = h->settings->server,
		.timestamp = result->timestamp,
		.healthy = healthy,
		.interval = h->settings->interval,
		.push_every = h->settings->push_every,
	};
	read_machine(h, &heartbeat.machine);
	rc = h->legacy ? send_legacy(h, &heartbeat, push_now, result)
		       : send_on_branch(h, &heartbeat, push_now, result, err);
	file_lock_release(&held);
	return rc;
}

int heartbeat_push(struct heartbeat_sender *h, struct heartbeat_result *result, struct error *err)
{
	struct file_lock held = FILE_LOCK_INIT;
	if (h->legacy) {
		/* Nothing was committed, so send a new heartbeat with the same content. */
		uint64_t waiting = 0, healthy = 1;
		recall(h->repo, "beats", h->settings->server, &waiting, &healthy);
		return waiting ? heartbeat_send(h, healthy, true, result, err) : 0;
	}
	buf_reset(&result->said);
	*result = (struct heartbeat_result){ .said = result->said };
	int rc = lock(h, &held, err);
	if (rc < 0)
		return rc;
	rc = load(h, err);
	result->commit = h->branch.tip;
	if (!rc && h->branch.pending)
		push_pending(h, result);
	file_lock_release(&held);
	return rc;
}

bool heartbeat_check_health(struct repo *repo, const struct settings *settings, struct buf *said)
{
	if (!settings->health_command)
		return true;
	const char *argv[] = { "sh", "-c", settings->health_command, NULL };
	struct child child = { .argv = argv,
		.directory = repo_work_tree(repo),
		.timeout_ms = HEALTH_CHECK_MS,
		.output = said,
		.errors = said,
		.output_limit = 4096 };
	struct error err = ERROR_INIT;
	int status = -1;
	if (child_run(&child, &status, &err) < 0)
		buf_addf(said, "%s\n", err.text);
	return !err.code && !status;
}

int heartbeat_loop_acquire(struct file_lock *held, struct repo *repo,
	const struct settings *settings, const struct env *env, struct error *err)
{
	int rc = settings_need_server(settings, err);
	if (rc < 0)
		return rc;
	struct buf name = BUF_INIT;
	state_name(&name, "loop", settings->server);
	rc = state_lock(held, repo, name.data, 0, env, err);
	buf_release(&name);
	return rc == ERR_BUSY
		? error_wrap(err, "%s: a heartbeat loop is already running", settings->server)
		: rc;
}
