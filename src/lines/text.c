#include "lines/text.h"

#include "git/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TIMEOUT_MS = 60000, DEFAULT_MARKER_SIZE = 7 };

static const char *label_or(const char *label, const char *otherwise)
{
	return label && *label ? label : otherwise;
}

static int marker_size(const struct merge_request *request)
{
	return request->marker_size > 0 ? request->marker_size : DEFAULT_MARKER_SIZE;
}

/* A text in memory with a path that git can open; freed with the descriptor. */
struct named {
	int fd;
	char path[32];
};

static int give_name(struct named *named, const struct merge_text *text, struct error *err)
{
	named->fd = memfd_create("git-build", 0);
	if (named->fd < 0)
		return error_errno(err, ERR_FAILED, "cannot pass a text to git");
	/* git inherits the descriptor, so that the path works there too. */
	snprintf(named->path, sizeof(named->path), "/proc/self/fd/%d", named->fd);
	for (size_t done = 0; done < text->len;) {
		ssize_t wrote = write(named->fd, text->bytes + done, text->len - done);
		if (wrote < 0 && errno != EINTR)
			return error_errno(err, ERR_FAILED, "cannot pass a text to git");
		done += wrote > 0 ? (size_t)wrote : 0;
	}
	return 0;
}

static int run_git(const struct merge_request *request, const struct named files[3],
	struct buf *out, struct error *err)
{
	char size[40];
	snprintf(size, sizeof(size), "--marker-size=%d", marker_size(request));
	const char *argv[] = { "git", "merge-file", "-p", "-q", size, "-L",
		label_or(request->ours_label, "ours"), "-L", label_or(request->base_label, "base"),
		"-L", label_or(request->theirs_label, "theirs"), "--", files[1].path, files[0].path,
		files[2].path, NULL };
	struct buf errors = BUF_INIT;
	struct git_call call = { .argv = argv,
		.inherits = true,
		.output = out,
		.errors = &errors,
		.timeout_ms = TIMEOUT_MS };
	size_t before = out->len;
	int rc = git_run(&call, err);
	buf_trim(&errors);
	/* The exit code is the number of conflicts, up to 127; more is a failure. */
	if (rc > 127)
		rc = git_failed(argv, errors.data, err);
	if (rc < 0)
		buf_truncate(out, before);
	buf_release(&errors);
	return rc < 0 ? rc : rc > 0;
}

int merge_text(const struct merge_request *request, struct buf *out, struct error *err)
{
	const struct merge_text *texts[] = { &request->base, &request->ours, &request->theirs };
	struct named files[3] = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 } };
	int rc = 0;
	for (int i = 0; i < 3 && !rc; i++)
		rc = give_name(&files[i], texts[i], err);
	if (!rc)
		rc = run_git(request, files, out, err);
	for (int i = 0; i < 3; i++)
		if (files[i].fd >= 0)
			close(files[i].fd);
	return rc;
}

/* Does the text use CRLF, as far as its first line shows? */
static bool uses_crlf(const struct merge_text *text)
{
	const char *newline = text->len ? memchr(text->bytes, '\n', text->len) : NULL;
	return newline && newline > text->bytes && newline[-1] == '\r';
}

static void add_marker(
	const struct merge_request *request, char mark, const char *label, struct buf *out)
{
	const char *newline =
		uses_crlf(&request->ours) && uses_crlf(&request->theirs) ? "\r\n" : "\n";
	if (out->len && out->data[out->len - 1] != '\n')
		buf_addstr(out, newline);
	for (int i = 0; i < marker_size(request); i++)
		buf_addch(out, mark);
	if (label)
		buf_addf(out, " %s", label);
	buf_addstr(out, newline);
}

void merge_text_conflict(const struct merge_request *request, const struct merge_text *ours,
	const struct merge_text *base, const struct merge_text *theirs, struct buf *out)
{
	add_marker(request, '<', label_or(request->ours_label, "ours"), out);
	buf_add(out, ours->bytes, ours->len);
	if (base) {
		add_marker(request, '|', label_or(request->base_label, "base"), out);
		buf_add(out, base->bytes, base->len);
	}
	add_marker(request, '=', NULL, out);
	buf_add(out, theirs->bytes, theirs->len);
	add_marker(request, '>', label_or(request->theirs_label, "theirs"), out);
}
