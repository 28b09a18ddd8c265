#include "base/child.h"

#include "base/alloc.h"
#include "base/env.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { GRACE_MS = 1000, FALLBACK_POLL_MS = 5, HEARD_MS = 100, DEFAULT_LIMIT = 16 << 20 };

/* Does `entry` ("NAME=value") set the variable of `change` ("NAME=value" or "NAME")? */
static bool same_name(const char *entry, const char *change)
{
	size_t len = strcspn(change, "=");
	return !strncmp(entry, change, len) && entry[len] == '=';
}

/* Our environment with the changes applied. The caller frees the array, not its strings. */
static char **make_environment(const char *const *changes)
{
	size_t ours = 0, theirs = 0, count = 0;
	while (environ[ours])
		ours++;
	while (changes && changes[theirs])
		theirs++;
	char **made = xcalloc(ours + theirs + 1, sizeof(*made));
	for (size_t i = 0; i < ours; i++) {
		bool changed = false;
		for (size_t j = 0; j < theirs && !changed; j++)
			changed = same_name(environ[i], changes[j]);
		if (!changed)
			made[count++] = environ[i];
	}
	for (size_t j = 0; j < theirs; j++)
		if (strchr(changes[j], '='))
			made[count++] = (char *)(uintptr_t)changes[j];
	return made;
}

/* In the child, after fork: only async-signal-safe calls. Writes errno to `report` if it fails. */
static _Noreturn void become(const struct program *program, char **env, int report)
{
	if (program->group == PROGRAM_LEADS)
		setpgid(0, 0);
	if (program->group == PROGRAM_DETACHED)
		setsid();
	if (program->takes_terminal && isatty(STDIN_FILENO))
		tcsetpgrp(STDIN_FILENO, getpid());
	if (program->death_signal)
		prctl(PR_SET_PDEATHSIG, program->death_signal);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (program->takes_terminal)
		signal(SIGTTOU, SIG_DFL);
	bool ready = !program->directory || !chdir(program->directory);
	for (int i = 0; ready && i < 3; i++)
		ready = program->streams[i] < 0 || dup2(program->streams[i], i) >= 0;
	if (ready) {
		environ = env;
		execvp(program->argv[0], (char *const *)(uintptr_t)program->argv);
	}
	int why = errno;
	ssize_t ignored = write(report, &why, sizeof(why));
	(void)ignored;
	_exit(127);
}

/* If our parent ignores SIGCHLD, we inherit that, and the kernel discards the exit codes. */
static void keep_exit_codes(void)
{
	struct sigaction now;
	if (!sigaction(SIGCHLD, NULL, &now) && now.sa_handler == SIG_IGN)
		signal(SIGCHLD, SIG_DFL);
}

pid_t program_start(const struct program *program)
{
	int report[2], why = 0;
	if (pipe2(report, O_CLOEXEC) < 0)
		return -1;
	char **env = make_environment(program->environment);
	keep_exit_codes();
	pid_t pid = fork();
	if (!pid)
		become(program, env, report[1]);
	if (pid < 0)
		why = errno;
	close(report[1]);
	free(env);
	if (pid > 0 && program->group == PROGRAM_LEADS)
		setpgid(pid, pid); /* as in the child, since either may run first */
	while (pid > 0 && read(report[0], &why, sizeof(why)) < 0 && errno == EINTR)
		;
	close(report[0]);
	while (pid > 0 && why && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	errno = why;
	return why ? -1 : pid;
}

pid_t program_fork(void (*run)(void *data), void *data, int death_signal)
{
	pid_t parent = getpid(), pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, death_signal);
	if (getppid() != parent)
		_exit(1);
	run(data);
	_exit(0);
}

struct stream {
	int fd;
	struct buf *into;
	size_t limit;
	const struct child *child; /* has the callback `heard`, used instead of `into`; or NULL */
	bool unwanted;             /* the callback has returned false */
};

/* Reads the available output; false at the end of the stream. */
static bool drain(struct stream *stream)
{
	char bytes[16384];
	ssize_t got = read(stream->fd, bytes, sizeof(bytes));
	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	if (!got)
		return false;
	if (stream->child) {
		if (!stream->unwanted)
			stream->unwanted =
				!stream->child->heard(bytes, (size_t)got, stream->child->data);
		return true;
	}
	size_t room = stream->into->len < stream->limit ? stream->limit - stream->into->len : 0;
	buf_add(stream->into, bytes, (size_t)got < room ? (size_t)got : room);
	return true;
}

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The input of a running child. */
struct feed {
	int fd; /* -1: everything is written, or writing has failed */
	size_t sent;
	int failure; /* errno of the failed write, or 0; EPIPE is not a failure */
};

/* Writes as much of the rest of the input as the pipe takes, and closes it after the last byte. */
static void feed(struct feed *feed, const struct child *child)
{
	ssize_t wrote = write(feed->fd, child->input + feed->sent, child->input_len - feed->sent);
	if (wrote > 0)
		feed->sent += (size_t)wrote;
	bool failed = wrote < 0 && errno != EAGAIN && errno != EINTR;
	if (failed && errno != EPIPE)
		feed->failure = errno;
	if (failed || feed->sent == child->input_len)
		close_if_open(&feed->fd);
}

/*
 * Writes the input and reads both outputs until the child has ended. Returns false if it has killed
 * the process group at the deadline.
 *
 * A grandchild, for example a credential daemon, may keep the pipes open forever: after the child
 * has ended, only output that is already in the pipes is read.
 */
static bool converse(pid_t pid, struct feed *input, struct stream streams[2],
	const struct child *child, int *wait_status)
{
	int64_t deadline = child->timeout_ms ? env_ms(env_system()) + child->timeout_ms : 0;
	int signal_next = SIGTERM;
	bool in_time = true, hears = child->heard;
	int pidfd = pidfd_open(pid, 0); /* readable once the child has ended */
	bool ended = false;
	for (;;) {
		if (!ended && waitpid(pid, wait_status, WNOHANG) == pid)
			ended = true;
		struct pollfd polls[] = { { .fd = streams[0].fd, .events = POLLIN },
			{ .fd = streams[1].fd, .events = POLLIN },
			{ .fd = input->fd, .events = POLLOUT }, { .fd = pidfd, .events = POLLIN } };
		int64_t wait = ended ? 0 : deadline ? deadline - env_ms(env_system()) : INT_MAX;
		if (hears && wait > HEARD_MS)
			wait = HEARD_MS;
		if (pidfd < 0 && !ended && wait > FALLBACK_POLL_MS)
			wait = FALLBACK_POLL_MS;
		int ready = poll(polls, ended ? 2 : 4,
			(int)(wait < 0                   ? 0
					: wait > INT_MAX ? INT_MAX
							 : wait));
		for (int i = 0; i < 2; i++)
			if (polls[i].revents && streams[i].fd >= 0 && !drain(&streams[i]))
				close_if_open(&streams[i].fd);
		if (polls[2].revents && input->fd >= 0 && !ended)
			feed(input, child);
		if (ended && ready <= 0)
			break;
		if (hears && !ended && (streams[0].unwanted || !child->heard("", 0, child->data))) {
			hears = false;
			streams[0].unwanted = true;
			deadline = env_ms(env_system()) + GRACE_MS;
			kill(-pid, signal_next);
			signal_next = SIGKILL;
		}
		if (!ended && deadline && env_ms(env_system()) >= deadline) {
			in_time = in_time && streams[0].unwanted;
			kill(-pid, signal_next);
			signal_next = SIGKILL;
			deadline = env_ms(env_system()) + GRACE_MS;
		}
	}
	close_if_open(&pidfd);
	close_if_open(&input->fd);
	close_if_open(&streams[0].fd);
	close_if_open(&streams[1].fd);
	return in_time;
}

/* The ends of the pipe for the child's input. If the first is -1, the child gets our standard
 * input. */
static int open_input(const struct child *child, int in[2])
{
	if (child->input && child->input_len)
		return pipe2(in, O_CLOEXEC);
	if (child->foreground && !child->input)
		return 0;
	return in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int child_run(const struct child *child, int *status, struct error *err)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, errors[2] = { -1, -1 };
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	sigaction(SIGPIPE, &ignore, &before);
	int rc = 0, wait_status = 0;

	if (((child->output || child->heard) && pipe2(out, O_CLOEXEC) < 0) ||
		(child->errors && pipe2(errors, O_CLOEXEC) < 0) || open_input(child, in) < 0) {
		rc = error_errno(err, ERR_FAILED, "cannot start %s", child->argv[0]);
		goto done;
	}
	struct program program = { .argv = child->argv,
		.directory = child->directory,
		.environment = child->environment,
		.streams = { in[0], out[1], errors[1] },
		.group = child->foreground ? PROGRAM_SHARES : PROGRAM_LEADS,
		.death_signal = child->heard ? SIGTERM : 0 };
	pid_t pid = program_start(&program);
	if (pid < 0) {
		rc = error_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_FAILED, "cannot run %s",
			child->argv[0]);
		goto done;
	}
	close_if_open(&in[0]);
	close_if_open(&out[1]);
	close_if_open(&errors[1]);
	if (in[1] >= 0)
		fcntl(in[1], F_SETFL, O_NONBLOCK);
	size_t limit = child->output_limit ? child->output_limit : DEFAULT_LIMIT;
	struct stream streams[2] = { { out[0], child->output, limit, child->heard ? child : NULL,
					     false },
		{ errors[0], child->errors, limit, NULL, false } };
	struct feed input = { .fd = in[1] };
	bool in_time = converse(pid, &input, streams, child, &wait_status);
	in[1] = out[0] = errors[0] = -1;
	*status = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
	if (!in_time)
		rc = error_set(err, ERR_TIMEOUT, "%s did not end within %lld ms and was stopped",
			child->argv[0], (long long)child->timeout_ms);
	errno = input.failure;
	if (!rc && input.failure)
		rc = error_errno(err, ERR_FAILED, "cannot write the input of %s", child->argv[0]);
done:
	for (int i = 0; i < 2; i++) {
		close_if_open(&in[i]);
		close_if_open(&out[i]);
		close_if_open(&errors[i]);
	}
	sigaction(SIGPIPE, &before, NULL);
	return rc;
}
