#include "worker/log.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEAST_SECRET = 4 };

/* ---- secrets ---- */

void secrets_release(struct secrets *secrets)
{
	for (size_t i = 0; i < secrets->count; i++)
		free(secrets->texts[i]);
	free(secrets->texts);
	*secrets = (struct secrets){ 0 };
}

void secrets_add(struct secrets *secrets, const char *text)
{
	size_t len = strlen(text);
	if (len < LEAST_SECRET)
		return;
	GROW(secrets->texts, secrets->count, secrets->capacity);
	secrets->texts[secrets->count++] = xstrdup(text);
	secrets->starts[(unsigned char)*text] = true;
}

void secrets_add_environment(struct secrets *secrets, char *const *environment, const char *pattern)
{
	for (; *environment; environment++) {
		size_t len = strcspn(*environment, "=");
		char *name = xstrndup(*environment, len);
		if ((*environment)[len] && !fnmatch(pattern, name, 0))
			secrets_add(secrets, *environment + len + 1);
		free(name);
	}
}

/* The length of the longest secret that `text` starts with; 0: none. Sets `*partly` if more text is
 * needed to decide. */
static size_t secret_at(const struct secrets *secrets, const char *text, size_t len, bool *partly)
{
	size_t longest = 0;
	for (size_t i = 0; i < secrets->count; i++) {
		size_t size = strlen(secrets->texts[i]);
		if (size <= len && size > longest && !memcmp(text, secrets->texts[i], size))
			longest = size;
		else if (size > len && !memcmp(text, secrets->texts[i], len))
			*partly = true;
	}
	return longest;
}

/* ---- the file and the ring buffer ---- */

static void write_all(struct build_log *log, const char *text, size_t len)
{
	while (len && !log->problem.code) {
		ssize_t wrote = write(log->fd, text, len);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0) {
			error_errno(&log->problem, ERR_FAILED, "the log is incomplete");
			return;
		}
		text += wrote;
		len -= (size_t)wrote;
	}
}

static void keep_newest(struct build_log *log, const char *text, size_t len)
{
	if (!log->ring)
		log->ring = xmalloc(log->ring_size);
	while (len) {
		size_t end = (log->ring_at + log->ring_len) % log->ring_size;
		size_t part = log->ring_size - end < len ? log->ring_size - end : len;
		memcpy(log->ring + end, text, part);
		text += part;
		len -= part;
		log->ring_len += part;
		if (log->ring_len > log->ring_size) {
			size_t over = log->ring_len - log->ring_size;
			log->ring_at = (log->ring_at + over) % log->ring_size;
			log->ring_len = log->ring_size;
			log->lost += (int64_t)over;
		}
	}
}

static void pass(struct build_log *log, const char *text, size_t len)
{
	if (log->passed && len)
		log->passed(text, len, log->data);
	size_t fits = (int64_t)len < log->room ? len : (size_t)log->room;
	write_all(log, text, fits);
	log->room -= (int64_t)fits;
	if (len > fits)
		keep_newest(log, text + fits, len - fits);
}

/* Passes the held text that cannot be the start of a secret; with `all`, passes everything. */
static void pass_held(struct build_log *log, bool all)
{
	const char *text = log->held.data;
	size_t len = log->held.len, done = 0, at = 0;
	while (at < len) {
		bool partly = false;
		size_t secret = log->secrets->starts[(unsigned char)text[at]]
			? secret_at(log->secrets, text + at, len - at, &partly)
			: 0;
		if (partly && !all)
			break;
		if (!secret) {
			at++;
			continue;
		}
		pass(log, text + done, at - done);
		pass(log, BUILD_LOG_BLANK, strlen(BUILD_LOG_BLANK));
		at += secret;
		done = at;
	}
	pass(log, text + done, at - done);
	memmove(log->held.data, text + at, len - at);
	buf_truncate(&log->held, len - at);
}

/* ---- */

int build_log_open(struct build_log *log, const char *path, int64_t limit,
	const struct secrets *secrets, struct error *err)
{
	struct stat st;
	*log = (struct build_log){ .secrets = secrets, .held = BUF_INIT, .problem = ERROR_INIT };
	log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log->fd < 0 || fstat(log->fd, &st) < 0) {
		build_log_close(log);
		return error_errno(err, ERR_FAILED, "cannot write the log %s", path);
	}
	log->room = st.st_size < limit / 2 ? limit / 2 - st.st_size : 0;
	log->ring_size = (size_t)(limit / 4) + 1;
	return 0;
}

void build_log_add(struct build_log *log, const char *text, size_t len)
{
	buf_add(&log->held, text, len);
	pass_held(log, false);
}

void build_log_addf(struct build_log *log, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	build_log_add(log, text.data, text.len);
	buf_release(&text);
}

void build_log_close(struct build_log *log)
{
	if (log->fd < 0)
		return;
	pass_held(log, true);
	if (log->lost) {
		struct buf gap = BUF_INIT;
		buf_addf(&gap, "\n[%" PRId64 " bytes omitted]\n", log->lost);
		write_all(log, gap.data, gap.len);
		buf_release(&gap);
	}
	size_t first = log->ring_size - log->ring_at;
	if (log->ring_len) {
		write_all(log, log->ring + log->ring_at,
			first < log->ring_len ? first : log->ring_len);
		if (first < log->ring_len)
			write_all(log, log->ring, log->ring_len - first);
	}
	close(log->fd);
	free(log->ring);
	buf_release(&log->held);
	log->fd = -1;
	log->ring = NULL;
}
