/*
 * The connection that breaks: replaces the program that git runs on the other side of a push or a
 * fetch (remote.<name>.receivepack, .uploadpack), starts the real program, and passes on the data
 * of both. In TORTURE_CUT percent of all cases, it hangs up:
 *
 *	before   the first byte
 *	during   the push, somewhere in the data of the client
 *	after    the push, before the result is sent
 *	late     so that the client gets no result, and its data arrives only later
 *
 * The other side represents another machine: it has its own clock, and keeps running if the
 * client is killed.
 *
 * usage: cut receive-pack|upload-pack DIRECTORY
 */
#include "base/env.h"
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum fault { NONE, BEFORE, DURING, AFTER, LATE, FAULTS };
enum { PART = 1 << 16, MOST_SENT = 1500, MOST_LATE_MS = 800 };

static const struct env *env;

static uint32_t chance(uint32_t below)
{
	return env->random(env->data, below);
}

static enum fault choose_fault(const char *program)
{
	const char *percent = getenv("TORTURE_CUT");
	if (!percent || chance(100) >= (uint32_t)atoi(percent))
		return NONE;
	/* For a fetch, the points "after" and "late" make no difference. */
	return (enum fault)(1 + chance(strcmp(program, "receive-pack") ? DURING : FAULTS - 1));
}

struct other_side {
	pid_t pid;
	int in, out; /* what it reads and writes */
};

static struct other_side start(const char *program, const char *directory, bool quiet)
{
	int in[2], out[2];
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		exit(1);
	pid_t pid = fork();
	if (pid < 0)
		exit(1);
	if (!pid) {
		setsid();
		unsetenv("GIT_BUILD_TEST_NOW");
		signal(SIGPIPE, SIG_DFL);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		/* A process that waits for the end of our standard error must not wait for a late
		 * one. */
		if (quiet)
			dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		execlp("git", "git", program, directory, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	return (struct other_side){ pid, in[1], out[0] };
}

/* False if no process reads it any more. */
static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t written = write(fd, bytes, len);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		bytes += written;
		len -= (size_t)written;
	}
	return true;
}

/* Pass on the data, as far as `fault` permits; late data goes to `held`. */
static void relay(struct other_side *side, enum fault fault, struct buf *held)
{
	char part[PART];
	size_t sent = 0, most = fault == DURING ? 1 + chance(MOST_SENT) : SIZE_MAX;
	bool quiet = false;
	struct pollfd fds[2] = { { STDIN_FILENO, POLLIN, 0 }, { side->out, POLLIN, 0 } };
	while (fds[1].fd >= 0 && poll(fds, 2, -1) >= 0) {
		if (fds[1].revents) {
			ssize_t len = read(side->out, part, sizeof(part));
			if (len <= 0 || (!quiet && !write_all(STDOUT_FILENO, part, (size_t)len)))
				return;
		}
		if (!fds[0].revents)
			continue;
		ssize_t len = read(STDIN_FILENO, part, sizeof(part));
		if (len <= 0) {
			fds[0].fd = -1;
			if (fault == LATE)
				return;
			close(side->in);
			side->in = -1;
			continue;
		}
		size_t more = (size_t)len < most - sent ? (size_t)len : most - sent;
		sent += more;
		/* Once it has a request, its answer is lost. */
		quiet = fault == AFTER;
		if (fault == LATE)
			buf_add(held, part, more);
		else if (!write_all(side->in, part, more))
			return;
		if (sent == most)
			return;
	}
}

/* The client sees a broken connection; its data is still delivered. */
static void deliver_late(const struct other_side *side, const struct buf *held)
{
	if (fork())
		_exit(1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	setsid();
	env->sleep_ms(env->data, chance(MOST_LATE_MS));
	write_all(side->in, held->data, held->len);
	close(side->in);
	for (char part[PART]; read(side->out, part, sizeof(part)) > 0;)
		;
	_exit(0);
}

int main(int argc, char **argv)
{
	struct buf held = BUF_INIT;
	int status = 0;
	if (argc != 3) {
		fprintf(stderr, "usage: cut receive-pack|upload-pack FOLDER\n");
		return 129;
	}
	env = env_system();
	signal(SIGPIPE, SIG_IGN);
	enum fault fault = choose_fault(argv[1]);
	if (fault == BEFORE)
		return 1;
	struct other_side side = start(argv[1], argv[2], fault == LATE);
	relay(&side, fault, &held);
	if (fault == LATE)
		deliver_late(&side, &held);
	buf_release(&held);
	if (side.in >= 0)
		close(side.in);
	if (fault == DURING)
		return 1;
	waitpid(side.pid, &status, 0);
	return fault == AFTER || !WIFEXITED(status) ? 1 : WEXITSTATUS(status);
}
