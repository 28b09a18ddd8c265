/*
 * git build run: the worker. Takes jobs from the queue, builds them, and records their results.
 */
#include "cli/coordination.h"
#include "host/manager.h"
#include "builds/run_job.h"
#include "cli/print.h"

#include "base/file.h"
#include "base/timestamp.h"
#include "host/program.h"
#include "request/request.h"
#include "remote/tidy.h"
#include "git/state.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { POLL_SECONDS = 10 };

extern char **environ;

struct run_options {
	const char *type;
	bool once, loop;
};

static const struct option options[] = {
	OPT_FLAG(0, "once", struct run_options, once,
		"build one job, if one is available (default)"),
	OPT_FLAG(0, "loop", struct run_options, loop, "build jobs until stopped"),
	OPT_STRING(0, "type", "TYPES", struct run_options, type, "only jobs of these types"),
	OPT_END,
};

static const char *const synopsis[] = { "[--once|--loop] [--type TYPES] [--server ID] [--json]",
	NULL };

static void tell(const char *what, void *data)
{
	const struct invocation *inv = data;
	if (!inv->quiet && !inv->json)
		show_message("run", what);
}

/* Claims a job: 0 and the answer, 1: none is available. */
static int claim(struct run *run, const char *type, struct parsed_answer *answer, struct error *err)
{
	struct invocation quiet = *run->inv;
	struct buf request = BUF_INIT;
	struct json_writer w;
	quiet.json = false;
	request_begin(&w, &request, "job claim", quiet.settings.server, quiet.env);
	json_put_string(&w, "worker", run->worker.id);
	if (type)
		json_put_string(&w, "type", type);
	json_end(&w);
	int rc = coordination_submit(&quiet, &request, answer, err);
	buf_release(&request);
	return rc;
}

/* Claims a job and builds it; `*idle`: none was available. */
static int run_one(struct run *run, const char *type, bool *idle, struct error *err)
{
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	int rc = claim(run, type, &answer, err);
	*idle = rc == 1;
	if (!rc)
		rc = run_job(run, answer.doc, json_member(answer.doc, json_root(answer.doc), "job"),
			err);
	else if (rc == 1 && run->inv->verbose)
		show_message("no job", answer_string(&answer, "reason"));
	parsed_answer_release(&answer);
	return rc;
}

/* ---- pausing ---- */

/* Does `rc` mean an outage, or that other writers block this one? Then this server has no problem,
 * and nothing can be reported. */
static bool is_elsewhere(int rc)
{
	return error_is_outage(rc) || rc == ERR_BUSY;
}

/* A paused worker claims nothing until it can prepare a job. */
static int end_pause(struct run *run, struct error *err)
{
	int rc = worker_check(&run->worker, err);
	if (rc < 0)
		return error_wrap(err, "this server does not claim jobs");
	rc = worker_report_pause(&run->worker, NULL, err);
	run->pause.on = rc < 0;
	return rc;
}

/* Finds the state of an earlier worker: its jobs, and whether it was paused. */
static int recover(struct run *run, struct error *err)
{
	int rc = worker_recover(&run->worker, err);
	if (!rc && !run->pause.on) {
		rc = worker_is_paused(&run->worker, err);
		run->pause.on = rc == 1;
	}
	return rc < 0 ? rc : 0;
}

/* Pauses from a failure of this worker until the next attempt. The pause is reported by a push; if
 * that fails, nothing changes. */
static void begin_pause(struct run *run, const struct error *failure)
{
	struct error ignored = ERROR_INIT;
	char length[TIMESTAMP_SIZE];
	struct buf text = BUF_INIT;
	bool was_on = run->pause.on;
	pause_begin(&run->pause, run->look_every_ms, run->inv->env);
	if (!was_on && worker_is_paused(&run->worker, &ignored) == 0)
		worker_report_pause(&run->worker, failure->text, &ignored);
	buf_addf(&text, "next attempt in %s",
		timestamp_format_age(run->pause.length_ms / 1000, length));
	tell(text.data, run->inv);
	buf_release(&text);
}

static void pause_for(struct run *run)
{
	const struct env *env = run->inv->env;
	int64_t now = env_ms(env);
	/* Spreads the polls of workers that were started together. */
	int64_t until =
		now + run->look_every_ms - env_random(env, (uint32_t)run->look_every_ms / 5 + 1);
	if (run->pause.on && run->pause.until_ms > until)
		until = run->pause.until_ms;
	while (!run->stopped_by && env_ms(env) < until) {
		keepalive_send(&run->pulse);
		run_wait(run, run->pulse.next_ms < until ? run->pulse.next_ms : until);
	}
}

/* A problem is reported when it begins, and the loop continues; outages end. */
static int run_loop(struct run *run, const char *type, struct error *err)
{
	struct error failure = ERROR_INIT;
	bool recovered = false, failing = false;
	manager_notify("READY=1\nSTATUS=waiting for jobs");
	while (!run->stopped_by) {
		bool idle = false;
		failure.code = 0;
		run->put_back = false;
		int rc = recovered ? 0 : recover(run, &failure);
		recovered = recovered || !rc;
		if (!rc && run->pause.on)
			rc = end_pause(run, &failure);
		if (!rc)
			rc = run_one(run, type, &idle, &failure);
		if (rc < 0 && !failing)
			show_message("warning", failure.text);
		command_repair(run->inv, failure.code);
		command_report_repair(run->inv);
		if (rc >= 0 && failing && !run->inv->quiet)
			show_remark("resumed");
		/* A job whose result could not be recorded is retried in the next round. */
		if (rc < 0 && !idle)
			recovered = false;
		if (rc < 0 && (run->put_back || !is_elsewhere(rc)))
			begin_pause(run, &failure);
		failing = rc < 0;
		rc = show_finish(err);
		if (rc < 0)
			return rc;
		if (!failing)
			coordination_keep_up(run->inv);
		repo_tidy(run->inv->repo);
		if (idle || failing)
			pause_for(run);
	}
	manager_notify("STOPPING=1");
	return ANSWER_YES;
}

static void say_idle(const struct invocation *inv)
{
	struct json_writer w;
	show_json_begin(&w);
	json_put_null(&w, "job");
	show_json_end(&w, inv->json);
	if (!inv->json && !inv->quiet)
		show_line("no job available");
}

static int run_once(struct run *run, const char *type, struct error *err)
{
	bool idle = false;
	int rc = recover(run, err);
	if (!rc && run->pause.on)
		rc = end_pause(run, err);
	if (!rc)
		rc = run_one(run, type, &idle, err);
	if (rc == 1 && idle)
		say_idle(run->inv);
	return rc;
}

static int start(struct run *run, struct buf *program, struct error *err)
{
	static const int caught[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP };
	struct invocation *inv = run->inv;
	int64_t seconds = POLL_SECONDS;
	int rc = repo_config_int(inv->repo, "build.pollInterval", 1, 3600, &seconds, err);
	run->look_every_ms = seconds * 1000;
	if (!rc)
		rc = program_full_path(program, err);
	run->worker.program = program->data;
	if (!rc)
		rc = worker_id(&run->worker, err);
	sigemptyset(&run->signals);
	for (size_t i = 0; i < sizeof(caught) / sizeof(*caught); i++)
		sigaddset(&run->signals, caught[i]);
	sigprocmask(SIG_BLOCK, &run->signals, NULL);
	return rc;
}

static int lock(struct file_lock *lock, const struct invocation *inv, struct error *err)
{
	int rc = state_lock(lock, inv->repo, "worker", 0, inv->env, err);
	if (rc == ERR_BUSY)
		error_wrap(err, "another worker of this clone is already running");
	return rc;
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct run_options *given = values;
	struct file_lock held = FILE_LOCK_INIT;
	struct buf program = BUF_INIT;
	struct run work = { .inv = inv,
		.worker = { .repo = inv->repo,
			.settings = &inv->settings,
			.env = inv->env,
			.environment = environ,
			.tell = tell,
			.data = inv },
		.pulse = { inv->repo, &inv->settings, inv->env, 0 } };
	(void)operands;
	if (given->once && given->loop) {
		error_set(err, ERR_INVALID, "--once and --loop cannot be combined");
		return ANSWER_USAGE;
	}
	int rc = lock(&held, inv, err);
	if (!rc)
		rc = start(&work, &program, err);
	if (!rc)
		rc = given->loop ? run_loop(&work, given->type, err)
				 : run_once(&work, given->type, err);
	file_lock_release(&held);
	buf_release(&program);
	return rc;
}

const struct command command_run = {
	.name = "run",
	.summary = "take jobs from the queue and build them",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct run_options),
	.settings = coordination_server,
	.needs = NEEDS_SERVER,
	.shows = true,
	.changes = true,
	.run = run,
};
