#include "merge/text.h"

#include "base/child.h"
#include "base/file.h"

#include <stdio.h>

enum { TIMEOUT_MS = 60000, OUTPUT_LIMIT = 1 << 30, DEFAULT_MARKER_SIZE = 7 };

static const char *label_or(const char *label, const char *otherwise)
{
	return label && *label ? label : otherwise;
}

static int marker_size(const struct merge_files *files)
{
	return files->marker_size > 0 ? files->marker_size : DEFAULT_MARKER_SIZE;
}

int merge_text(const struct merge_files *files, struct buf *out, struct error *err)
{
	char size[40];
	snprintf(size, sizeof(size), "--marker-size=%d", marker_size(files));
	const char *argv[] = { "git", "merge-file", "-p", "-q", size, "-L",
		label_or(files->ours_label, "ours"), "-L", label_or(files->base_label, "base"),
		"-L", label_or(files->theirs_label, "theirs"), "--", files->ours, files->base,
		files->theirs, NULL };
	struct buf errors = BUF_INIT;
	struct child child = { .argv = argv,
		.timeout_ms = TIMEOUT_MS,
		.output = out,
		.errors = &errors,
		.output_limit = OUTPUT_LIMIT };
	size_t before = out->len;
	int status, rc = child_run(&child, &status, err);
	/* The status is the number of conflicts, up to 127; what is above is a failure. */
	if (!rc && status > 127) {
		buf_trim(&errors);
		rc = error_set(err, ERR_FAILED, "git merge-file failed: %s", errors.data);
	}
	if (rc < 0)
		buf_truncate(out, before);
	buf_release(&errors);
	return rc < 0 ? rc : status > 0;
}

static void add_marker(
	const struct merge_files *files, char mark, const char *label, struct buf *out)
{
	if (out->len && out->data[out->len - 1] != '\n')
		buf_addch(out, '\n');
	for (int i = 0; i < marker_size(files); i++)
		buf_addch(out, mark);
	if (label)
		buf_addf(out, " %s", label);
	buf_addch(out, '\n');
}

int merge_text_conflict(const struct merge_files *files, struct buf *out, struct error *err)
{
	size_t before = out->len;
	add_marker(files, '<', label_or(files->ours_label, "ours"), out);
	int rc = file_read(out, files->ours, OUTPUT_LIMIT, err);
	add_marker(files, '=', NULL, out);
	if (!rc)
		rc = file_read(out, files->theirs, OUTPUT_LIMIT, err);
	add_marker(files, '>', label_or(files->theirs_label, "theirs"), out);
	if (rc < 0)
		buf_truncate(out, before);
	return rc;
}
