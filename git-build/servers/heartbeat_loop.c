/*
 * Recording heartbeats until stopped.
 *
 * The three signals are always blocked, and accepted only while waiting for the next heartbeat, so
 * that they never interrupt a heartbeat. Child processes do not inherit this: see base/child.c.
 */
#include "servers/heartbeat_loop.h"

#include "servers/heartbeat_show.h"
#include "host/manager.h"
#include "cli/coordination.h"
#include "cli/print.h"

#include "base/alloc.h"
#include "base/file.h"
#include "heartbeat/heartbeat.h"
#include "clone/reading.h"
#include "notify/notices.h"
#include "remote/tidy.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

enum { FAREWELL_MS = 10000 };

/* The state of pushes; a line is printed when it changes. */
enum push_state { PUSH_WORKS, PUSH_REFUSED, PUSH_UNREACHED };

struct heartbeat_loop {
	struct invocation *inv; /* its repository and settings belong to the loop */
	struct heartbeat_sender *heartbeat;
	struct file_lock lock;
	sigset_t signals;
	bool unhealthy; /* --unhealthy was given */

	/* What was last reported, to report only changes. */
	enum push_state push_state;
	bool not_written, not_told;
	bool health_known, healthy;
	struct buf health_words, remote_words;
};

static void notify_manager(
	const struct heartbeat_loop *loop, const char *state, const char *problem)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "%sSTATUS=", state);
	if (problem)
		buf_addf(&text, "%.*s", (int)strcspn(problem, "\n"), problem);
	else
		buf_addf(&text, "recording a heartbeat every %" PRId64 " s on %s",
			loop->inv->settings.interval, loop->inv->settings.heartbeat_branch);
	manager_notify(text.data);
	buf_release(&text);
}

static void warn(const char *server, const char *what, const char *why)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "%s: %s: %s", server, what, why);
	show_message("warning", text.data);
	buf_release(&text);
}

/* ---- reporting changes ---- */

/* Does `words` differ from the last report? If so, it is remembered. */
static bool is_news(struct buf *last, const struct buf *words)
{
	if (last->len == words->len && !memcmp(last->data, words->data, words->len))
		return false;
	buf_reset(last);
	buf_add(last, words->data, words->len);
	return true;
}

static void say_health(struct heartbeat_loop *loop, bool healthy, const struct buf *words)
{
	bool changed = !loop->health_known ? !healthy : healthy != loop->healthy;
	if (is_news(&loop->health_words, words) || changed)
		heartbeat_show_health(healthy, words);
	if (changed && !loop->inv->quiet && !loop->inv->json)
		show_line("%s: %s", loop->inv->settings.server,
			healthy ? "healthy again" : "unhealthy");
	loop->health_known = true;
	loop->healthy = healthy;
}

static enum push_state push_state_of(const struct heartbeat_result *result)
{
	if (result->pushed)
		return PUSH_WORKS;
	int code = result->pushing.code;
	return code == ERR_REFUSED || code == ERR_INVALID ? PUSH_REFUSED : PUSH_UNREACHED;
}

static void say_push(struct heartbeat_loop *loop, struct heartbeat_result *result)
{
	const char *server = loop->inv->settings.server;
	if (!result->pushed && !result->pushing.code)
		return; /* no push was due */
	enum push_state state = push_state_of(result);
	bool changed = state != loop->push_state;
	/* A rejection names the commit, so its text is different each time. */
	bool news = state == PUSH_WORKS && is_news(&loop->remote_words, &result->said);
	if (changed || news || loop->inv->verbose)
		show_remote(&result->said, &result->pushing);
	if (!changed)
		return;
	loop->push_state = state;
	if (state != PUSH_WORKS) {
		warn(server, "heartbeats are recorded in this clone, but cannot be pushed",
			result->pushing.text);
		notify_manager(loop, "", result->pushing.text);
		return;
	}
	if (!loop->inv->quiet && !loop->inv->json)
		show_line("%s: pushing works again, nothing is pending", server);
	notify_manager(loop, "", NULL);
}

static void say_written(struct heartbeat_loop *loop, const struct error *failure)
{
	const char *server = loop->inv->settings.server;
	bool not_written = failure->code < 0;
	if (not_written == loop->not_written)
		return;
	loop->not_written = not_written;
	if (not_written) {
		warn(server, "cannot record heartbeats", failure->text);
	} else if (!loop->inv->quiet && !loop->inv->json) {
		show_line("%s: recording heartbeats works again", server);
	}
	notify_manager(loop, "", not_written ? failure->text : NULL);
}

/* ---- notifications ---- */

/* If build.notifyCommand is set, the loop checks the fleet after each heartbeat. A failure is
 * reported once; an outage is already reported by the heartbeats. */
static void tell_news(struct heartbeat_loop *loop)
{
	struct invocation *inv = loop->inv;
	struct fleet fleet;
	struct reading reading;
	struct error failure = ERROR_INIT;
	struct buf command = BUF_INIT;
	bool wanted = repo_config(inv->repo, "build.notifyCommand", &command);
	buf_release(&command);
	if (!wanted || fleet_take(&fleet, inv->repo, &inv->settings, true, inv->env, NULL) < 0)
		return;
	int rc = reading_take(&reading, inv->repo, &inv->settings, false, inv->env, &failure);
	if (!rc)
		rc = notices_report(
			NULL, inv->repo, &inv->settings, &fleet, &reading.tip, inv->env, &failure);
	bool failed = rc < 0 && rc != ERR_BUSY;
	if (failed && !loop->not_told)
		warn(inv->settings.server, "cannot notify", failure.text);
	loop->not_told = failed;
	fleet_release(&fleet);
}

/* ---- one heartbeat ---- */

/* A failed heartbeat is reported and does not end the loop; the loop ends only if the reader of
 * standard output has exited. */
static int send_one(struct heartbeat_loop *loop, struct error *err)
{
	struct invocation *inv = loop->inv;
	struct heartbeat_result result = HEARTBEAT_RESULT_INIT;
	struct error failure = ERROR_INIT;
	struct buf words = BUF_INIT;
	bool healthy =
		!loop->unhealthy && heartbeat_check_health(inv->repo, &inv->settings, &words);
	say_health(loop, healthy, &words);
	if (heartbeat_send(loop->heartbeat, healthy, false, &result, &failure) < 0)
		result.pushing = failure;
	if (inv->json || (inv->verbose && !failure.code))
		heartbeat_show_result(inv, &result, healthy);
	command_report_repair(inv);
	if (!failure.code)
		say_push(loop, &result);
	say_written(loop, &failure);
	if (result.pushed)
		coordination_keep_up(inv);
	heartbeat_result_release(&result);
	buf_release(&words);
	tell_news(loop);
	return show_finish(err);
}

/* ---- signals ---- */

/* Waits until `deadline` on the steady clock: 0, or the signal that came before. */
static int wait_until(struct heartbeat_loop *loop, int64_t deadline)
{
	const struct env *env = loop->inv->env;
	for (;;) {
		int64_t left = deadline - env_ms(env);
		if (left < 0)
			left = 0;
		struct timespec wait = { .tv_sec = (time_t)(left / 1000),
			.tv_nsec = (long)(left % 1000) * 1000000 };
		int number = sigtimedwait(&loop->signals, NULL, &wait);
		if (number > 0)
			return number;
		if (errno == EAGAIN)
			return 0;
	}
}

static int start_beating(struct heartbeat_loop *loop, struct error *err)
{
	struct invocation *inv = loop->inv;
	return heartbeat_open(&loop->heartbeat, inv->repo, &inv->settings, inv->env, err);
}

/* Loads the repository and settings again; if that fails, the old ones stay in use. */
static int load_again(struct heartbeat_loop *loop, struct error *err)
{
	struct invocation *inv = loop->inv, fresh = *inv;
	struct file_lock lock = FILE_LOCK_INIT;
	fresh.repo = NULL;
	int rc = command_open(&fresh, err);
	if (rc < 0)
		return rc;
	bool same = !strcmp(fresh.settings.server, inv->settings.server);
	if (!same)
		rc = heartbeat_loop_acquire(&lock, fresh.repo, &fresh.settings, inv->env, err);
	if (rc < 0) {
		settings_release(&fresh.settings);
		repo_close(fresh.repo);
		return rc;
	}
	heartbeat_close(loop->heartbeat);
	loop->heartbeat = NULL;
	settings_release(&inv->settings);
	repo_close(inv->repo);
	inv->repo = fresh.repo;
	inv->settings = fresh.settings;
	if (!same) {
		file_lock_release(&loop->lock);
		loop->lock = lock;
	}
	return start_beating(loop, err);
}

static int reload(struct heartbeat_loop *loop, struct error *err)
{
	const struct env *env = loop->inv->env;
	struct error failure = ERROR_INIT;
	struct buf state = BUF_INIT;
	buf_addf(&state, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\n", env_ms(env) * 1000);
	notify_manager(loop, state.data, NULL);
	buf_release(&state);
	if (load_again(loop, &failure) < 0)
		warn(loop->inv->settings.server, "still using the old settings", failure.text);
	else if (!loop->inv->quiet && !loop->inv->json)
		show_line("%s: loaded the settings, recording a heartbeat every %" PRId64
			  " s on %s",
			loop->inv->settings.server, loop->inv->settings.interval,
			loop->inv->settings.heartbeat_branch);
	notify_manager(loop, "READY=1\n", NULL);
	if (!loop->heartbeat) {
		*err = failure;
		return failure.code;
	}
	return show_finish(err);
}

/* ---- from start to end ---- */

static int heartbeat_until_stopped(struct heartbeat_loop *loop, struct error *err)
{
	const struct env *env = loop->inv->env;
	int64_t next = env_ms(env);
	for (;;) {
		int rc = 0, number = wait_until(loop, next);
		int64_t interval = loop->inv->settings.interval * 1000;
		if (number == SIGTERM || number == SIGINT)
			return 0;
		if (number == SIGHUP) {
			rc = reload(loop, err);
			next += loop->inv->settings.interval * 1000 - interval;
		} else {
			rc = send_one(loop, err);
			repo_tidy(loop->inv->repo);
			/* On the schedule of the first heartbeat; missed heartbeats are not made up
			 * for. */
			int64_t late = env_ms(env) - next;
			next += (late / interval + 1) * interval;
		}
		if (rc < 0)
			return rc;
	}
}

/* Pushes pending heartbeats, once and with a short timeout, so that a service stops quickly. A
 * second signal ends the process at once. */
static int stop(struct heartbeat_loop *loop, struct error *err)
{
	struct invocation *inv = loop->inv;
	struct heartbeat_result result = HEARTBEAT_RESULT_INIT;
	sigset_t again;
	sigemptyset(&again);
	sigaddset(&again, SIGTERM);
	sigaddset(&again, SIGINT);
	sigprocmask(SIG_UNBLOCK, &again, NULL);
	manager_notify("STOPPING=1");
	inv->settings.attempts = 1;
	if (inv->settings.timeout_ms > FAREWELL_MS)
		inv->settings.timeout_ms = FAREWELL_MS;
	heartbeat_close(loop->heartbeat);
	int rc = start_beating(loop, err);
	if (!rc)
		rc = heartbeat_push(loop->heartbeat, &result, err);
	if (!rc && result.pushing.code < 0)
		rc = error_set(err, result.pushing.code,
			"heartbeats are pending in this clone, since they could not be pushed: %s",
			result.pushing.text);
	else if (!rc && !inv->quiet && !inv->json)
		show_line("%s: stopped, nothing is pending", inv->settings.server);
	heartbeat_result_release(&result);
	return rc;
}

int heartbeat_loop_run(struct invocation *inv, bool unhealthy, struct error *err)
{
	struct heartbeat_loop loop = { .inv = inv,
		.unhealthy = unhealthy,
		.lock = FILE_LOCK_INIT,
		.health_words = BUF_INIT,
		.remote_words = BUF_INIT };
	int rc = heartbeat_loop_acquire(&loop.lock, inv->repo, &inv->settings, inv->env, err);
	if (rc == ERR_BUSY) {
		show_message("error", err->text);
		return ANSWER_NO;
	}
	if (rc < 0)
		return rc;
	sigemptyset(&loop.signals);
	sigaddset(&loop.signals, SIGTERM);
	sigaddset(&loop.signals, SIGINT);
	sigaddset(&loop.signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &loop.signals, NULL);
	rc = start_beating(&loop, err);
	if (!rc) {
		if (!inv->quiet && !inv->json)
			show_line("%s: recording a heartbeat every %" PRId64
				  " s on %s, pushing 1 of every %" PRId64,
				inv->settings.server, inv->settings.interval,
				inv->settings.heartbeat_branch, inv->settings.push_every);
		notify_manager(&loop, "READY=1\n", NULL);
		rc = heartbeat_until_stopped(&loop, err);
	}
	if (loop.heartbeat) {
		struct error stopping = ERROR_INIT;
		if (stop(&loop, &stopping) < 0 && !rc) {
			*err = stopping;
			rc = stopping.code;
		}
	}
	heartbeat_close(loop.heartbeat);
	file_lock_release(&loop.lock);
	buf_release(&loop.health_words);
	buf_release(&loop.remote_words);
	return rc;
}
