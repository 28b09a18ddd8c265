/* Building one job: prints its output on the terminal, and checks the shared branch in the
 * meantime. */
#include "builds/run_job.h"
#include "cli/coordination.h"
#include "cli/print.h"

#include "base/timestamp.h"
#include "fleet/files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The output that the keeper (worker/keeper.h) draws; it has its own copy. */
struct screen {
	bool echo, progress;
	const char *job;
	int64_t started_ms, usual; /* seconds; 0: unknown */
	const struct env *env;
	bool shown;     /* the progress line is visible */
	bool in_a_line; /* the last line of the output is not complete */
};

struct building {
	struct run *run;
	struct build_job job;
	struct screen screen;
	struct supervise keeper;
	enum claim_state claim;
	bool success;
	struct buf reason;
	struct error problem; /* why the job could not be built; code 0: no problem */
	int64_t look_ms;
};

/* ---- the terminal ---- */

static void write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t wrote = write(fd, text, len);
		if (wrote < 0 && errno != EINTR)
			return;
		text += wrote > 0 ? wrote : 0;
		len -= wrote > 0 ? (size_t)wrote : 0;
	}
}

static void take_away(struct screen *screen)
{
	static const char erase[] = "\r\033[K";
	if (screen->shown)
		write_all(STDERR_FILENO, erase, strlen(erase));
	screen->shown = false;
}

static void show_output(const char *text, size_t len, void *data)
{
	struct screen *screen = data;
	if (!screen->echo)
		return;
	take_away(screen);
	write_all(STDOUT_FILENO, text, len);
	screen->in_a_line = text[len - 1] != '\n';
}

static void show_progress(void *data)
{
	struct screen *screen = data;
	char age[TIMESTAMP_SIZE], usual[TIMESTAMP_SIZE];
	struct buf line = BUF_INIT;
	if (!screen->progress || screen->in_a_line)
		return;
	int64_t took = (env_ms(screen->env) - screen->started_ms) / 1000;
	buf_addf(&line, "\r\033[K%s: %s", screen->job, timestamp_format_age(took, age));
	if (screen->usual)
		buf_addf(&line, " of usually %s", timestamp_format_age(screen->usual, usual));
	write_all(STDERR_FILENO, line.data, line.len);
	screen->shown = true;
	buf_release(&line);
}

/* ---- waiting ---- */

int run_wait(struct run *run, int64_t deadline_ms)
{
	int64_t left = deadline_ms - env_ms(run->inv->env);
	if (left < 0)
		left = 0;
	struct timespec wait = { .tv_sec = (time_t)(left / 1000),
		.tv_nsec = (long)(left % 1000) * 1000000 };
	int number = sigtimedwait(&run->signals, NULL, &wait);
	if (number > 0 && number != SIGCHLD)
		run->stopped_by = number;
	return number > 0 ? number : 0;
}

/* Does this server still hold the job? Yes, if the remote does not answer: no other server could be
 * notified either. */
static void look(struct building *b)
{
	struct run *run = b->run;
	struct invocation *inv = run->inv;
	struct reading reading;
	keepalive_send(&run->pulse);
	b->look_ms = env_ms(run->inv->env) + run->look_every_ms;
	if (b->claim != CLAIM_HELD)
		return;
	if (!reading_take(&reading, inv->repo, &inv->settings, true, inv->env, NULL) &&
		!reading.offline.code)
		b->claim = build_job_claim(&b->job, &reading);
	if (b->claim != CLAIM_HELD)
		supervise_stop(&b->keeper);
}

static int supervise(struct building *b, struct supervise_plan *plan, struct supervise_end *end,
	struct error *err)
{
	struct run *run = b->run;
	plan->output = show_output;
	plan->tick = show_progress;
	plan->data = &b->screen;
	int rc = show_finish(err);
	if (!rc)
		rc = supervise_start(&b->keeper, plan, err);
	while (!rc && !supervise_poll(&b->keeper, end)) {
		run_wait(run, b->look_ms);
		if (run->stopped_by)
			supervise_stop(&b->keeper);
		else if (env_ms(run->inv->env) >= b->look_ms)
			look(b);
	}
	if (b->screen.progress)
		write_all(STDERR_FILENO, "\r\033[K", 4);
	return rc;
}

/* ---- the result ---- */

/* A program that could not be started does not mean that the job failed. True: it was started. */
static bool has_run(struct building *b, const char *program, const struct supervise_end *end)
{
	if (end->not_run)
		error_set(&b->problem, ERR_FAILED, "cannot run '%s': %s", program,
			strerror(end->why));
	else if (!end->timed_out && !end->stopped && build_job_was_busy(&b->job, end->status))
		error_set(&b->problem, ERR_BUSY,
			"cannot make packages: another program has locked the package manager");
	return !b->problem.code;
}

/* Stores the reason in b->reason if a step failed; true: it succeeded. */
static bool check(struct building *b, const struct supervise_end *end)
{
	char limit[TIMESTAMP_SIZE];
	struct buf *why = &b->reason;
	if (end->log.code)
		show_message("warning", end->log.text);
	if (end->leftover && !end->timed_out && !end->stopped) {
		struct buf text = BUF_INIT;
		buf_addf(&text, "killed %zu processes left by the build", end->leftover);
		show_message("warning", text.data);
		buf_release(&text);
	}
	if (end->timed_out)
		buf_addf(why, "it took longer than %s",
			timestamp_format_age(b->job.config.timeout_ms / 1000, limit));
	else if (end->stopped)
		buf_addstr(why, "it was stopped");
	else if (end->status)
		buf_addf(why, "exit code %d", end->status);
	return !why->len;
}

static void build(struct building *b)
{
	struct supervise_plan plan;
	struct supervise_end end;
	for (;;) {
		int rc = build_job_step(&b->job, &plan, &b->reason, &b->problem);
		if (!rc)
			rc = supervise(b, &plan, &end, &b->problem);
		if (rc)
			break;
		if (!has_run(b, plan.argv[0], &end) || !check(b, &end))
			return;
	}
	b->success = !b->problem.code && !b->reason.len;
}

/* Loads the settings, the source tree, and the usual duration of such jobs. */
static bool prepare(struct building *b)
{
	struct run *run = b->run;
	struct invocation *inv = run->inv;
	struct reading reading;
	struct error *err = &b->problem;
	struct json_doc *doc = NULL;
	const struct json_value *jobs;
	struct arena arena = ARENA_INIT;
	struct job_list list;
	int rc = reading_take(&reading, inv->repo, &inv->settings, false, inv->env, err);
	coordination_warn_of_files(&reading);
	if (!rc && !reading_document(&reading, FLEET_JOBS_PATH, "jobs", &doc, &jobs, NULL)) {
		jobs_read(&list, doc, jobs, &arena);
		b->screen.usual = build_job_estimate(&b->job, &list);
	}
	if (!rc)
		rc = build_job_prepare(&b->job, &reading, &b->reason, err);
	json_doc_free(doc);
	arena_release(&arena);
	b->look_ms = env_ms(run->inv->env) + run->look_every_ms;
	return !rc;
}

/* ---- the end ---- */

/* Must the job be requeued, because it could not be built here or was stopped by a signal? */
static bool is_put_back(const struct building *b)
{
	bool ended = b->problem.code || (b->run->stopped_by && !b->success);
	return ended && b->claim == CLAIM_HELD;
}

static const char *reason_of(const struct building *b)
{
	return b->problem.code ? b->problem.text : b->reason.len ? b->reason.data : NULL;
}

static const char *word_of(const struct building *b)
{
	if (is_put_back(b))
		return "requeued";
	if (b->claim == CLAIM_CANCELLED)
		return "cancelled";
	if (b->claim == CLAIM_LOST)
		return "lost";
	return b->success ? "success" : "failed";
}

static void show_end(const struct building *b, const struct outcome *outcome)
{
	const struct invocation *inv = b->run->inv;
	const struct build_job *job = &b->job;
	char age[TIMESTAMP_SIZE];
	int64_t took = (env_ms(b->run->inv->env) - b->screen.started_ms) / 1000;
	struct json_writer w;
	bool made = job->output.len && !access(job->output.data, F_OK);
	if (inv->json) {
		show_json_begin(&w);
		json_put_string(&w, "job", job->id);
		json_put_string(&w, "status", word_of(b));
		json_put_string_or_null(&w, "reason", reason_of(b));
		json_put_int(&w, "attempt", job->attempt);
		json_put_int(&w, "duration_seconds", took);
		json_put_string_or_null(&w, "output", made ? job->output.data : NULL);
		json_put_bool(&w, "recorded", outcome->code == 0);
		show_json_end(&w, true);
	} else if (!inv->quiet && !b->problem.code) {
		timestamp_format_age(took, age);
		if (is_put_back(b))
			show_line("%s was requeued", job->id);
		else if (b->claim == CLAIM_CANCELLED)
			show_line("%s was cancelled after %s", job->id, age);
		else if (b->claim == CLAIM_LOST)
			show_line("%s is no longer assigned to this server; stopped after %s",
				job->id, age);
		else if (b->success)
			show_line("%s succeeded in %s%s%s", job->id, age, made ? ": " : "",
				made ? job->output.data : "");
		else
			show_line("%s failed after %s: %s", job->id, age, b->reason.data);
	}
}

/* The result is known, but could not be pushed: it is kept, and sent again later. */
static int wrap_unrecorded(const struct building *b, struct error *err)
{
	return error_wrap(err,
		"%s %s, but the result could not be pushed; it is kept in this clone, and the "
		"next 'git build run' sends it",
		b->job.id, b->success ? "succeeded" : "failed");
}

/* Records the result, requeues the job, or leaves it to the server that has it now. */
static int finish(struct building *b, struct outcome *outcome, struct error *err)
{
	if (b->claim != CLAIM_HELD)
		return build_job_leave(&b->job, outcome, err);
	/* If the result cannot be kept, it does not count. */
	if (!is_put_back(b) && build_job_end(&b->job, &b->reason, &b->problem) < 0)
		b->success = false;
	int rc;
	b->success = b->success && !b->reason.len;
	if (b->problem.code)
		rc = build_job_put_back(&b->job, b->problem.text, outcome, err);
	else if (is_put_back(b))
		rc = build_job_requeue(&b->job, outcome, err);
	else
		rc = build_job_record(&b->run->worker, b->job.id, outcome, err);
	if (rc == 1)
		b->claim = CLAIM_LOST;
	return rc < 0 && !is_put_back(b) ? wrap_unrecorded(b, err) : rc;
}

/* Reports a job that could not be built, for a reason that the job did not cause. */
static int fail_for_now(const struct building *b, int rc, struct error *err)
{
	b->run->put_back = true;
	if (rc < 0)
		return error_wrap(err, "%s: %s; requeuing it failed", b->job.id, b->problem.text);
	*err = b->problem;
	return error_wrap(err, "%s: could not start; requeued", b->job.id);
}

int run_job(struct run *run, const struct json_doc *doc, const struct json_value *claim,
	struct error *err)
{
	struct invocation *inv = run->inv;
	struct building b = { .run = run, .reason = BUF_INIT, .claim = CLAIM_HELD };
	struct outcome outcome = OUTCOME_INIT;
	int rc = build_job_open(&b.job, &run->worker, doc, claim, &b.problem);
	if (!b.job.id) {
		build_job_close(&b.job);
		*err = b.problem;
		return err->code;
	}
	b.screen = (struct screen){ .echo = !inv->quiet && !inv->json,
		.progress = !inv->quiet && isatty(STDERR_FILENO),
		.job = b.job.id,
		.started_ms = env_ms(run->inv->env),
		.env = inv->env };
	if (!rc && prepare(&b))
		build(&b);
	rc = finish(&b, &outcome, err);
	show_remote(&outcome.said, rc < 0 ? err : NULL);
	if (outcome.behind.len)
		show_message("warning", outcome.behind.data);
	if (rc >= 0) {
		show_end(&b, &outcome);
		rc = b.success && b.claim == CLAIM_HELD ? ANSWER_YES : ANSWER_NO;
	}
	if (b.problem.code && b.claim == CLAIM_HELD)
		rc = fail_for_now(&b, rc, err);
	else if (b.job.started)
		pause_end(&run->pause);
	outcome_release(&outcome);
	buf_release(&b.reason);
	build_job_close(&b.job);
	return rc;
}
