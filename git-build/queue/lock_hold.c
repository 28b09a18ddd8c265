/* Runs a command while holding a lock: renews the lock in the meantime, and stops the command if
 * the lock is lost. */
#include "queue/lock_hold.h"
#include "cli/coordination.h"
#include "cli/print.h"

#include "base/child.h"
#include "base/timestamp.h"
#include "request/request.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GRACE_MS = 10000, LEAST_PAUSE_MS = 200 };

struct holding {
	struct invocation *inv;
	const struct hold *hold;
	sigset_t signals, before;
	pid_t pid;        /* of the command, and of its process group */
	int64_t until_ms; /* when the lock expires */
	int64_t renew_ms; /* when to renew it next */
	int64_t kill_ms;  /* when to kill a command that does not stop; 0: it was not stopped */
	bool lost;
	struct error why;
};

static int start(struct holding *h, struct error *err)
{
	struct buf lock = BUF_INIT, fence = BUF_INIT;
	buf_addf(&lock, "GIT_BUILD_LOCK=%s", h->hold->lock.name);
	buf_addf(&fence, "GIT_BUILD_FENCE=%" PRId64, h->hold->lock.fence);
	const char *environment[] = { lock.data, fence.data, NULL };
	struct program program = { .argv = (const char *const *)h->hold->argv,
		.environment = environment,
		.streams = { -1, -1, -1 },
		.group = PROGRAM_LEADS,
		.takes_terminal = true };
	h->pid = program_start(&program);
	int rc = h->pid < 0 ? error_errno(err, ERR_FAILED, "cannot run '%s'", h->hold->argv[0]) : 0;
	buf_release(&lock);
	buf_release(&fence);
	return rc;
}

/* ---- the lock ---- */

static void lose(struct holding *h)
{
	h->lost = true;
	if (h->hold->keep_running) {
		show_message("warning", h->why.text);
		return;
	}
	show_message("error", h->why.text);
	kill(-h->pid, SIGTERM);
	kill(-h->pid, SIGCONT);
	h->kill_ms = env_ms(h->inv->env) + GRACE_MS;
}

/* Appends the current holder of the lock. */
static void say_lost(struct holding *h, struct buf *answer)
{
	struct json_doc *doc = NULL;
	char *holder = NULL;
	if (!json_parse(&doc, answer->data, answer->len, "answer", NULL, NULL))
		holder = json_strdup(doc, json_member(doc, json_root(doc), "locked_by"));
	error_set(&h->why, ERR_FAILED, "lock %s was lost: %s%s", h->hold->lock.name,
		holder ? "it is held by " : "no server holds it", holder ? holder : "");
	free(holder);
	json_doc_free(doc);
}

static void renew(struct holding *h)
{
	struct invocation *inv = h->inv;
	const struct held *lock = &h->hold->lock;
	struct outcome outcome = OUTCOME_INIT;
	struct buf request = BUF_INIT;
	struct json_writer w;
	int64_t asked = env_ms(h->inv->env), left = h->until_ms - asked;
	struct settings settings = inv->settings;
	/* A remote that hangs must not hide that the lock has expired. */
	if (settings.timeout_ms > left)
		settings.timeout_ms = left > 1000 ? left : 1000;
	settings.attempts = 1;
	request_begin(&w, &request, "lock renew", settings.server, inv->env);
	json_put_string(&w, "name", lock->name);
	json_put_int(&w, "ttl", lock->ttl);
	json_put_int(&w, "fence", lock->fence);
	json_end(&w);
	int rc = write_queue_run(inv->repo, &settings, &request, inv->env, &outcome, &h->why);
	if (!rc) {
		h->until_ms = asked + lock->ttl * 1000;
		h->renew_ms = asked + lock->ttl * 1000 / 3;
		h->why.code = 0;
	} else if (rc > 0) {
		say_lost(h, &outcome.answer);
		lose(h);
	} else {
		left = h->until_ms - env_ms(h->inv->env);
		h->renew_ms = env_ms(h->inv->env) +
			(left / 4 > LEAST_PAUSE_MS ? left / 4 : LEAST_PAUSE_MS);
		if (inv->verbose)
			show_message("warning", h->why.text);
	}
	outcome_release(&outcome);
	buf_release(&request);
}

static void watch_lock(struct holding *h)
{
	int64_t now = env_ms(h->inv->env);
	if (h->kill_ms && now >= h->kill_ms) {
		kill(-h->pid, SIGKILL);
		h->kill_ms = now + GRACE_MS;
	}
	if (h->lost)
		return;
	if (now >= h->until_ms) {
		struct error last = h->why;
		error_set(&h->why, ERR_FAILED,
			"lock %s was lost: it has expired and could not be renewed: %s",
			h->hold->lock.name, last.text);
		lose(h);
	} else if (now >= h->renew_ms) {
		renew(h);
	}
}

/* ---- the command ---- */

/* Waits for a signal until it is time to renew the lock; 0: it is. */
static int wait_for_signal(const struct holding *h)
{
	int64_t until = h->lost             ? h->kill_ms
		: h->renew_ms < h->until_ms ? h->renew_ms
					    : h->until_ms;
	int64_t left = until ? until - env_ms(h->inv->env) : 3600000;
	if (left < 0)
		left = 0;
	struct timespec wait = { .tv_sec = (time_t)(left / 1000),
		.tv_nsec = (long)(left % 1000) * 1000000 };
	int number = sigtimedwait(&h->signals, NULL, &wait);
	return number > 0 ? number : 0;
}

static int run_command(struct holding *h)
{
	int status;
	for (;;) {
		int number = wait_for_signal(h);
		if (number && number != SIGCHLD)
			kill(-h->pid, number);
		if (waitpid(h->pid, &status, WNOHANG) == h->pid)
			return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		if (!number || number == SIGCHLD)
			watch_lock(h);
	}
}

static void release(struct holding *h)
{
	struct invocation quiet = *h->inv;
	const struct held *lock = &h->hold->lock;
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	struct error err = ERROR_INIT;
	struct buf request = BUF_INIT;
	struct json_writer w;
	quiet.json = false;
	request_begin(&w, &request, "lock release", quiet.settings.server, quiet.env);
	json_put_string(&w, "name", lock->name);
	json_put_int(&w, "fence", lock->fence);
	json_end(&w);
	held_forget(quiet.repo, lock->name);
	/* If this fails, the lock expires for the other servers. */
	if (coordination_submit(&quiet, &request, &answer, &err) < 0)
		show_message("warning", err.text);
	parsed_answer_release(&answer);
	buf_release(&request);
}

int lock_hold(struct invocation *inv, const struct hold *hold, struct error *err)
{
	static const int caught[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct holding h = { .inv = inv,
		.hold = hold,
		.until_ms = hold->until_ms,
		.renew_ms = hold->until_ms - hold->lock.ttl * 1000 * 2 / 3 };
	sigemptyset(&h.signals);
	for (size_t i = 0; i < sizeof(caught) / sizeof(*caught); i++)
		sigaddset(&h.signals, caught[i]);
	sigprocmask(SIG_BLOCK, &h.signals, &h.before);
	signal(SIGTTOU, SIG_IGN); /* for reclaiming the terminal */
	int rc = show_finish(err);
	if (!rc)
		rc = start(&h, err);
	if (!rc)
		inv->status = run_command(&h);
	if (isatty(STDIN_FILENO))
		tcsetpgrp(STDIN_FILENO, getpgrp());
	if (!h.lost)
		release(&h);
	else
		held_forget(inv->repo, hold->lock.name);
	if (!rc && h.lost && !hold->keep_running)
		rc = error_set(err, ERR_FAILED, "stopped '%s', since lock %s was lost",
			hold->argv[0], hold->lock.name);
	sigprocmask(SIG_SETMASK, &h.before, NULL);
	return rc;
}
