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
static _Noreturn void become(const struct child *child, char **env, const int in, const int out,
	const int errors, int report)
{
	if (!child->foreground)
		setpgid(0, 0);
	if (child->heard)
		prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if ((in < 0 || dup2(in, STDIN_FILENO) >= 0) && (out < 0 || dup2(out, STDOUT_FILENO) >= 0) &&
		(errors < 0 || dup2(errors, STDERR_FILENO) >= 0) &&
		(!child->directory || !chdir(child->directory))) {
		environ = env;
		execvp(child->argv[0], (char *const *)(uintptr_t)child->argv);
	}
	int why = errno;
	ssize_t ignored = write(report, &why, sizeof(why));
	(void)ignored;
	_exit(127);
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

/* If our parent ignores SIGCHLD, we inherit that, and the kernel discards the exit codes. */
static void keep_exit_codes(void)
{
	struct sigaction now;
	if (!sigaction(SIGCHLD, NULL, &now) && now.sa_handler == SIG_IGN)
		signal(SIGCHLD, SIG_DFL);
}

int child_run(const struct child *child, int *status, struct error *err)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, errors[2] = { -1, -1 }, report[2] = { -1, -1 };
	char **env = make_environment(child->environment);
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	sigaction(SIGPIPE, &ignore, &before);
	keep_exit_codes();
	int rc = 0;

	if (pipe2(report, O_CLOEXEC) < 0 ||
		((child->output || child->heard) && pipe2(out, O_CLOEXEC) < 0) ||
		(child->errors && pipe2(errors, O_CLOEXEC) < 0) || open_input(child, in) < 0) {
		rc = error_errno(err, ERR_FAILED, "cannot start %s", child->argv[0]);
		goto done;
	}
	pid_t pid = fork();
	if (pid < 0) {
		rc = error_errno(err, ERR_FAILED, "cannot start %s", child->argv[0]);
		goto done;
	}
	if (!pid)
		become(child, env, in[0], out[1], errors[1], report[1]);
	if (!child->foreground)
		setpgid(pid, pid); /* as in the child, since either may run first */
	close_if_open(&in[0]);
	close_if_open(&out[1]);
	close_if_open(&errors[1]);
	close_if_open(&report[1]);

	int why;
	ssize_t got;
	while ((got = read(report[0], &why, sizeof(why))) < 0 && errno == EINTR)
		;
	int wait_status = 0;
	if (got == (ssize_t)sizeof(why)) {
		while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
			;
		errno = why;
		rc = error_errno(err, why == ENOENT ? ERR_NOT_FOUND : ERR_FAILED, "cannot run %s",
			child->argv[0]);
		goto done;
	}
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
		close_if_open(&report[i]);
	}
	sigaction(SIGPIPE, &before, NULL);
	free(env);
	return rc;
}
