#include "worker/keeper.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/env.h"
#include "host/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GRACE_MS = 10000, TICK_MS = 1000, LINGER_MS = 200 };

/* ---- the keeper ---- */

struct keeper {
	const struct supervise_plan *plan;
	pid_t build;
	int output; /* the output of the build; -1: at its end */
	int signals;
	struct build_log log;
	int64_t deadline, kill_at, tick_at;
	struct supervise_end end;
	bool over;
};

static int start_build(struct keeper *k)
{
	int output[2], null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || pipe2(output, O_CLOEXEC) < 0)
		return errno;
	struct program program = { .argv = k->plan->argv,
		.directory = k->plan->directory,
		.environment = k->plan->environment,
		.streams = { null, output[1], output[1] },
		.group = PROGRAM_DETACHED,
		.death_signal = SIGKILL };
	k->build = program_start(&program);
	int why = k->build < 0 ? errno : 0;
	close(null);
	close(output[1]);
	k->output = output[0];
	return why;
}

static void take_output(struct keeper *k)
{
	char bytes[65536];
	ssize_t got = read(k->output, bytes, sizeof(bytes));
	if (got > 0) {
		build_log_add(&k->log, bytes, (size_t)got);
	} else if (!got || (errno != EINTR && errno != EAGAIN)) {
		close(k->output);
		k->output = -1;
	}
}

static void begin_to_end(struct keeper *k)
{
	if (k->kill_at)
		return;
	processes_signal_descendants(SIGTERM);
	processes_signal_descendants(SIGCONT);
	k->kill_at = env_ms(env_system()) + GRACE_MS;
}

static void take_signals(struct keeper *k)
{
	struct signalfd_siginfo info;
	int status;
	while (read(k->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo != SIGCHLD && !k->over) {
			k->end.stopped = true;
			begin_to_end(k);
		}
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (pid != k->build)
			continue;
		k->over = true;
		k->end.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
}

static void take_time(struct keeper *k)
{
	int64_t now = env_ms(env_system());
	if (k->deadline && now >= k->deadline && !k->end.stopped && !k->end.timed_out) {
		k->end.timed_out = true;
		begin_to_end(k);
	}
	if (k->kill_at && now >= k->kill_at) {
		processes_signal_descendants(SIGKILL);
		k->kill_at = now + GRACE_MS;
	}
	if (now >= k->tick_at) {
		k->tick_at = now + TICK_MS;
		if (k->plan->tick)
			k->plan->tick(k->plan->data);
	}
}

static int wait_ms(const struct keeper *k)
{
	int64_t now = env_ms(env_system()), until = k->tick_at;
	if (k->deadline && !k->kill_at && k->deadline < until)
		until = k->deadline;
	return until > now ? (int)(until - now) : 0;
}

static void keep(struct keeper *k)
{
	while (!k->over) {
		struct pollfd polls[] = { { .fd = k->output, .events = POLLIN },
			{ .fd = k->signals, .events = POLLIN } };
		poll(polls, 2, wait_ms(k));
		if (polls[0].revents && k->output >= 0)
			take_output(k);
		take_signals(k);
		take_time(k);
	}
	k->end.leftover = processes_end_descendants();
	/* The pipe may still have output of the build. All writers have ended. */
	for (int64_t until = env_ms(env_system()) + LINGER_MS;
		k->output >= 0 && env_ms(env_system()) < until;) {
		struct pollfd end = { .fd = k->output, .events = POLLIN };
		if (poll(&end, 1, LINGER_MS / 10) > 0) {
			take_output(k);
			until = env_ms(env_system()) + LINGER_MS;
		}
	}
}

/* What the keeper is started with. */
struct keeping {
	const struct supervise_plan *plan;
	int report;
};

static void be_keeper(void *data)
{
	const struct keeping *keeping = data;
	const struct supervise_plan *plan = keeping->plan;
	struct keeper k = { .plan = plan, .output = -1 };
	sigset_t taken;
	sigemptyset(&taken);
	sigaddset(&taken, SIGCHLD);
	sigaddset(&taken, SIGTERM);
	sigaddset(&taken, SIGINT);
	sigaddset(&taken, SIGHUP);
	sigprocmask(SIG_BLOCK, &taken, NULL);
	signal(SIGPIPE, SIG_IGN);
	setpgid(0, 0); /* Ctrl-C is for the worker only */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	k.signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	k.tick_at = env_ms(env_system()) + TICK_MS;
	k.deadline = plan->timeout_ms ? env_ms(env_system()) + plan->timeout_ms : 0;
	build_log_open(&k.log, plan->log, plan->log_limit, plan->secrets, &k.end.log);
	k.log.passed = plan->output;
	k.log.data = plan->data;
	k.end.why = start_build(&k);
	k.end.not_run = k.end.why != 0;
	if (!k.end.not_run)
		keep(&k);
	if (!k.end.log.code)
		k.end.log = k.log.problem;
	build_log_close(&k.log);
	if (!k.end.log.code)
		k.end.log = k.log.problem;
	ssize_t ignored = write(keeping->report, &k.end, sizeof(k.end));
	(void)ignored;
}

/* ---- the worker's side ---- */

int supervise_start(struct supervise *s, const struct supervise_plan *plan, struct error *err)
{
	int report[2];
	*s = (struct supervise){ .report = -1 };
	if (pipe2(report, O_CLOEXEC) < 0)
		return error_errno(err, ERR_FAILED, "cannot start '%s'", plan->argv[0]);
	/* If the keeper is killed, this process adopts its descendants. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	s->pid = program_fork(be_keeper, &(struct keeping){ plan, report[1] }, SIGTERM);
	int why = errno;
	close(report[1]);
	if (s->pid < 0) {
		close(report[0]);
		s->pid = 0;
		errno = why;
		return error_errno(err, ERR_FAILED, "cannot start '%s'", plan->argv[0]);
	}
	s->report = report[0];
	return 0;
}

int supervise_poll(struct supervise *s, struct supervise_end *end)
{
	int status;
	if (!s->pid || waitpid(s->pid, &status, WNOHANG) != s->pid)
		return 0;
	*end = (struct supervise_end){ 0 };
	if (read(s->report, end, sizeof(*end)) != (ssize_t)sizeof(*end)) {
		*end = (struct supervise_end){ .status = 128 + SIGKILL, .stopped = true };
		end->leftover = processes_end_descendants();
	}
	close(s->report);
	s->pid = 0;
	return 1;
}

void supervise_stop(const struct supervise *s)
{
	if (s->pid)
		kill(s->pid, SIGTERM);
}
