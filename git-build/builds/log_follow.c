/* Following a log until its job has finished. */
#include "builds/log_follow.h"
#include "builds/log_text.h"
#include "cli/print.h"
#include "cli/ssh.h"

#include "base/file.h"
#include "fleet/job.h"
#include "fleet/files.h"
#include "clone/address.h"
#include "remote/ssh.h"
#include "clone/reading.h"
#include "artifacts/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_MS = 200, ASK_MS = 10000 };

struct printing {
	struct log_text text;
	bool broken; /* the reader of standard output has exited */
};

static void start(struct printing *p, const struct log_view *view)
{
	*p = (struct printing){ .text = LOG_TEXT_INIT };
	p->text.raw = view->raw || !isatty(STDOUT_FILENO);
}

static void print(struct printing *p, const char *text, size_t len)
{
	struct buf out = BUF_INIT;
	struct error ignored = ERROR_INIT;
	log_text_add(&p->text, text, len, &out);
	show_text(&out);
	p->broken = show_finish(&ignored) < 0;
	buf_release(&out);
}

static void finish(struct printing *p)
{
	struct buf out = BUF_INIT;
	log_text_end(&p->text, &out);
	show_text(&out);
	buf_release(&out);
}

void log_print(const struct log_view *view, const char *text, size_t len)
{
	struct printing p;
	start(&p, view);
	print(&p, text, len);
	finish(&p);
}

/* ---- on this host ---- */

/* Is this server still building `job`, according to the shared branch? True if that cannot be read. */
static bool is_running(struct invocation *inv, const char *job)
{
	struct reading reading;
	struct json_doc *doc = NULL;
	const struct json_value *jobs;
	struct arena arena = ARENA_INIT;
	struct job_list list = { 0 };
	bool running = true;
	if (!reading_take(&reading, inv->repo, &inv->settings, true, inv->env, NULL) &&
		!reading.offline.code &&
		!reading_document(&reading, FLEET_JOBS_PATH, "jobs", &doc, &jobs, NULL) && doc) {
		jobs_read(&list, doc, jobs, &arena);
		const struct job *found = jobs_find(&list, job);
		running = found && job_is(found, JOB_RUNNING);
	}
	json_doc_free(doc);
	arena_release(&arena);
	return running;
}

/* Is the open file still the one at `path`? 1, 0, or a negative code. */
static int is_there(int fd, const char *path, struct error *err)
{
	struct stat open_file, named = { 0 };
	bool gone = stat(path, &named) < 0;
	if ((gone && errno != ENOENT) || fstat(fd, &open_file) < 0)
		return error_errno(err, ERR_FAILED, "cannot access %s", path);
	return !gone && open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

/* Waits a moment, or until the reader of standard output exits. */
static bool wait_a_moment(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };
	return poll(&out, 1, LOOK_MS) <= 0 || !(out.revents & (POLLERR | POLLHUP | POLLNVAL));
}

static int copy(struct printing *p, int fd, const char *path, struct error *err)
{
	char bytes[65536];
	ssize_t got = 0;
	while (!p->broken &&
		((got = read(fd, bytes, sizeof(bytes))) > 0 || (got < 0 && errno == EINTR)))
		if (got > 0)
			print(p, bytes, (size_t)got);
	return !p->broken && got < 0 ? error_errno(err, ERR_FAILED, "cannot read %s", path) : 0;
}

int log_follow_here(
	const struct log_view *view, const char *path, const char *job, struct error *err)
{
	struct invocation *inv = view->inv;
	const struct env *env = inv->env;
	struct printing p;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	if (fd < 0)
		return error_errno(
			err, errno == ENOENT ? ERR_NOT_FOUND : ERR_FAILED, "cannot read %s", path);
	start(&p, view);
	int64_t ask_at = env_ms(env) + ASK_MS;
	for (bool over = !view->follow; !rc;) {
		/* Check first: what was written before the job ended is read after this. */
		int grows = over ? 0 : is_there(fd, path, err);
		if (grows > 0)
			grows = log_grows(inv->repo, job, err);
		if (grows < 0) {
			rc = grows;
			break;
		}
		over = !grows;
		if (!over && env_ms(env) >= ask_at) {
			over = !is_running(inv, job);
			ask_at = env_ms(env) + ASK_MS;
		}
		rc = copy(&p, fd, path, err);
		if (over || p.broken || !wait_a_moment())
			break;
	}
	finish(&p);
	close(fd);
	return rc;
}

/* ---- on another server ---- */

static bool hear(const char *bytes, size_t len, void *data)
{
	struct printing *p = data;
	if (len)
		print(p, bytes, len);
	return !p->broken;
}

/* The directory of the clone of `server`, for its shell: as configured in this clone, or in the
 * home directory under the name that git clone chooses. */
static void add_clone(struct invocation *inv, const char *server, struct buf *out)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	buf_addf(&key, "build.clone.%s", server);
	const char *directory = "~/";
	if (!repo_config(inv->repo, key.data, &value) || !value.len) {
		buf_reset(&key);
		buf_addf(&key, "remote.%s.url", inv->settings.remote);
		repo_config(inv->repo, key.data, &value);
		while (value.len && value.data[value.len - 1] == '/')
			buf_truncate(&value, value.len - 1);
		if (file_has_ending(value.data, ".git"))
			buf_truncate(&value, value.len - 4);
		const char *slash = strrchr(value.data, '/'), *colon = strrchr(value.data, ':');
		buf_addstr(out, "~/");
		directory = slash ? slash + 1 : colon ? colon + 1 : value.data;
	} else if (!strncmp(value.data, "~/", 2)) {
		buf_addstr(out, "~/");
		directory = value.data + 2;
	} else {
		directory = value.data;
	}
	buf_add_quoted(out, directory);
	buf_release(&key);
	buf_release(&value);
}

int log_follow_there(
	const struct log_view *view, const char *server, const char *job, struct error *err)
{
	struct buf destination = BUF_INIT, ssh = BUF_INIT, command = BUF_INIT, errors = BUF_INIT;
	struct printing p;
	int status = 0;
	int rc = ssh_destination(view->inv, server, &destination, err);
	if (rc < 0)
		goto done;
	buf_addstr(&command, "cd -- ");
	add_clone(view->inv, server, &command);
	buf_addf(&command, " && exec git build logs --here%s", view->follow ? " --follow" : "");
	if (job) {
		buf_addstr(&command, " -- ");
		buf_add_quoted(&command, job);
	}
	ssh_command(view->inv->repo, &ssh);
	start(&p, view);
	rc = reach_stream(
		destination.data, ssh.data, command.data, hear, &p, &errors, &status, err);
	finish(&p);
	buf_trim(&errors);
	if (!rc && status && !p.broken)
		rc = error_set(err, status == SSH_FAILED ? ERR_UNREACHABLE : ERR_FAILED,
			"cannot read a log of %s at %s (exit code %d): %s", server,
			destination.data, status, errors.data);
done:
	buf_release(&destination);
	buf_release(&ssh);
	buf_release(&command);
	buf_release(&errors);
	return rc;
}
