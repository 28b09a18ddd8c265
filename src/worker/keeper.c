#include "worker/keeper.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/env.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GRACE_MS = 10000, TICK_MS = 1000, LINGER_MS = 200, ROUNDS = 200 };

/* ---- descendants ---- */

struct process {
	pid_t pid, parent;
	bool ours;
};

struct processes {
	struct process *list;
	size_t count, capacity;
};

/* The parent of `pid`, from /proc/PID/stat (proc(5)): the second field after the name. */
static pid_t parent_of(pid_t pid)
{
	char path[64], text[512];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return 0;
	text[got] = '\0';
	const char *name_end = strrchr(text, ')');
	int parent = 0;
	if (name_end)
		sscanf(name_end + 1, " %*c %d", &parent);
	return parent;
}

/* Lists all processes. Negative if they cannot be listed. */
static int list_processes(struct processes *processes)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry = NULL;
	processes->count = 0;
	while (dir && (errno = 0, entry = readdir(dir))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (!isdigit((unsigned char)*entry->d_name) || pid <= 1)
			continue;
		GROW(processes->list, processes->count, processes->capacity);
		processes->list[processes->count++] =
			(struct process){ pid, parent_of(pid), false };
	}
	int rc = !dir || errno ? -1 : 0;
	if (dir)
		closedir(dir);
	return rc;
}

/* Marks all descendants of this process, and returns their number. */
static size_t mark_ours(struct processes *processes)
{
	size_t marked = 0, before;
	do {
		before = marked;
		for (size_t i = 0; i < processes->count; i++) {
			struct process *child = &processes->list[i];
			bool ours = child->parent == getpid();
			for (size_t k = 0; !ours && k < processes->count; k++)
				ours = processes->list[k].ours &&
					processes->list[k].pid == child->parent;
			if (ours && !child->ours) {
				child->ours = true;
				marked++;
			}
		}
	} while (marked > before);
	return marked;
}

/* Sends a signal to all descendants. Returns their number; negative if not all were found. */
static ssize_t signal_descendants(int number)
{
	struct processes processes = { 0 };
	int rc = list_processes(&processes);
	size_t count = mark_ours(&processes);
	for (size_t i = 0; i < processes.count; i++)
		if (processes.list[i].ours)
			kill(processes.list[i].pid, number);
	free(processes.list);
	return rc < 0 ? rc : (ssize_t)count;
}

/* Kills all descendants of this process, and waits for them. Repeats this, because a descendant may
 * fork before it is killed. Returns how many there were. */
static size_t end_descendants(void)
{
	size_t most = 0;
	for (int round = 0; round < ROUNDS; round++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		ssize_t count = signal_descendants(SIGKILL);
		if (!count)
			break;
		if (count > 0 && (size_t)count > most)
			most = (size_t)count;
		env_sleep(env_system(), 5);
	}
	return most;
}

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
	signal_descendants(SIGTERM);
	signal_descendants(SIGCONT);
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
		signal_descendants(SIGKILL);
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
	k->end.leftover = end_descendants();
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

static _Noreturn void be_keeper(const struct supervise_plan *plan, pid_t worker, int report)
{
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
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != worker)
		_exit(1);
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
	ssize_t ignored = write(report, &k.end, sizeof(k.end));
	(void)ignored;
	_exit(0);
}

/* ---- the worker's side ---- */

int supervise_start(struct supervise *s, const struct supervise_plan *plan, struct error *err)
{
	int report[2];
	pid_t worker = getpid();
	*s = (struct supervise){ .report = -1 };
	if (pipe2(report, O_CLOEXEC) < 0)
		return error_errno(err, ERR_FAILED, "cannot start '%s'", plan->argv[0]);
	/* If the keeper is killed, this process adopts its descendants. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	s->pid = fork();
	if (s->pid < 0) {
		close(report[0]);
		close(report[1]);
		s->pid = 0;
		return error_errno(err, ERR_FAILED, "cannot start '%s'", plan->argv[0]);
	}
	if (!s->pid)
		be_keeper(plan, worker, report[1]);
	close(report[1]);
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
		end->leftover = end_descendants();
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

/* ---- processes of a killed worker ---- */

static bool has_variable(pid_t pid, const char *variable)
{
	char path[64];
	struct buf text = BUF_INIT;
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char bytes[4096];
	for (ssize_t got; fd >= 0 && (got = read(fd, bytes, sizeof(bytes))) > 0;)
		buf_add(&text, bytes, (size_t)got);
	if (fd >= 0)
		close(fd);
	bool found = false;
	for (const char *at = text.data; !found && at < text.data + text.len; at += strlen(at) + 1)
		found = !strcmp(at, variable);
	buf_release(&text);
	return found;
}

size_t supervise_end_leftovers(const char *variable)
{
	struct processes processes = { 0 };
	size_t most = 0;
	for (int round = 0; round < ROUNDS; round++) {
		size_t count = 0;
		int rc = list_processes(&processes);
		for (size_t i = 0; i < processes.count; i++) {
			pid_t pid = processes.list[i].pid;
			if (pid == getpid() || !has_variable(pid, variable))
				continue;
			kill(pid, SIGKILL);
			count++;
		}
		if (!count && !rc)
			break;
		if (count > most)
			most = count;
		env_sleep(env_system(), 5);
	}
	free(processes.list);
	return most;
}
