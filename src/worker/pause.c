#include "worker/pause.h"

#include "base/file.h"
#include "fleet/files.h"
#include "fleet/limits.h"
#include "request/request.h"
#include "json/document.h"
#include "git/state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void pause_begin(struct pause *pause, int64_t first_ms, const struct env *env)
{
	int64_t length = pause->length_ms ? 2 * pause->length_ms : first_ms;
	pause->on = true;
	pause->length_ms = length < PAUSE_LONGEST_MS ? length : PAUSE_LONGEST_MS;
	pause->until_ms = env_ms(env) + pause->length_ms -
		env_random(env, (uint32_t)pause->length_ms / 5 + 1);
}

void pause_end(struct pause *pause)
{
	*pause = (struct pause){ 0 };
}

/* ---- the status ---- */

int worker_is_paused(const struct worker *worker, struct error *err)
{
	struct reading reading;
	struct buf path = BUF_INIT;
	struct json_doc *doc = NULL;
	const struct json_value *root = NULL;
	fleet_server_path(&path, worker->settings->server, FLEET_STATUS_FILE);
	int rc = reading_take(&reading, worker->repo, worker->settings, false, worker->env, err);
	if (!rc)
		rc = reading_document(&reading, path.data, NULL, &doc, &root, err);
	const struct json_value *paused = rc ? NULL : json_member(doc, root, "paused");
	/* The next claim replaces a status that does not exist or was never valid. */
	if (rc == ERR_NOT_FOUND || rc == ERR_INVALID)
		rc = 0;
	if (!rc)
		rc = paused && paused->type == JSON_OBJECT;
	json_doc_free(doc);
	buf_release(&path);
	return rc;
}

int worker_report_pause(const struct worker *worker, const char *reason, struct error *err)
{
	struct outcome outcome = OUTCOME_INIT;
	struct buf request = BUF_INIT;
	struct json_writer w;
	request_begin(&w, &request, "status set", worker->settings->server, worker->env);
	json_put_string_or_null(&w, "paused", reason);
	json_end(&w);
	int rc = submit(worker->repo, worker->settings, &request, worker->env, &outcome, NULL, err);
	outcome_release(&outcome);
	buf_release(&request);
	return rc;
}

/* ---- requirements of all jobs ---- */

/* Checks that a directory can be created in `parent`. */
static int try_directory(const char *parent, struct error *err)
{
	struct buf path = BUF_INIT;
	int rc = file_make_directories(parent, err);
	buf_addf(&path, "%s/.probe.XXXXXX", parent);
	if (!rc && !mkdtemp(path.data))
		rc = error_errno(err, ERR_FAILED, "cannot create a directory in %s", parent);
	else if (!rc)
		rmdir(path.data);
	buf_release(&path);
	return rc;
}

static int try_directories(
	const struct worker *worker, const struct build_config *config, struct error *err)
{
	static const char *const ours[] = { "jobs", "checkouts" };
	char host[HOST_SIZE];
	struct buf path = BUF_INIT;
	worker->env->hostname(worker->env->data, host);
	buf_addf(&path, "%s/%s/debs", config->artifacts, host);
	int rc = try_directory(path.data, err);
	for (size_t i = 0; !rc && i < sizeof(ours) / sizeof(*ours); i++) {
		state_path(&path, worker->repo, ours[i]);
		rc = try_directory(path.data, err);
	}
	buf_release(&path);
	return rc;
}

static int try_source(
	const struct worker *worker, const struct build_config *config, struct error *err)
{
	struct buf cookie = BUF_INIT;
	buf_addf(&cookie, "GIT_BUILD_WORKER=%s", worker->id);
	struct checkout_plan plan = { .source = config->source,
		.timeout_ms = checkout_timeout(config->timeout_ms),
		.cookie = cookie.data,
		.env = worker->env };
	int rc = checkout_refresh(worker->repo, &plan, err);
	buf_release(&cookie);
	return rc;
}

int worker_check(const struct worker *worker, struct error *err)
{
	struct reading reading;
	struct build_config config = { 0 };
	int rc = reading_take(&reading, worker->repo, worker->settings, false, worker->env, err);
	if (!rc)
		rc = build_config_load(&config, &reading, "build", worker->environment, err);
	if (!rc)
		rc = try_directories(worker, &config, err);
	if (!rc)
		rc = try_source(worker, &config, err);
	build_config_release(&config);
	return rc;
}
