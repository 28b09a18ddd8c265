#include "store/plumbing.h"

#include "base/child.h"

#include <string.h>

enum { TIMEOUT_MS = 10000, FILE_LIMIT = 1 << 30 };

static bool ask(const char *const *argv, struct buf *out)
{
	struct buf errors = BUF_INIT;
	struct child child = { .argv = argv,
		.timeout_ms = TIMEOUT_MS,
		.output = out,
		.errors = &errors,
		.output_limit = FILE_LIMIT };
	int status;
	buf_reset(out);
	bool answered = !child_run(&child, &status, NULL) && !status;
	buf_release(&errors);
	return answered;
}

bool plumbing_config(const char *key, struct buf *out)
{
	const char *argv[] = { "git", "config", "--get", key, NULL };
	bool answered = ask(argv, out);
	buf_trim(out);
	return answered && out->len;
}

bool plumbing_attribute(const char *path, const char *name, struct buf *out)
{
	const char *argv[] = { "git", "check-attr", "-z", name, "--", path, NULL };
	struct buf line = BUF_INIT; /* path, name and value, each with a NUL behind it */
	bool answered = ask(argv, &line);
	size_t value = strlen(path) + strlen(name) + 2;
	buf_reset(out);
	if (answered && value < line.len)
		buf_addstr(out, line.data + value);
	buf_release(&line);
	return out->len && strcmp(out->data, "unspecified") != 0 &&
		strcmp(out->data, "unset") != 0 && strcmp(out->data, "set") != 0;
}

bool plumbing_file(const char *revision, const char *path, struct buf *out)
{
	struct buf object = BUF_INIT;
	buf_addf(&object, "%s:%s", revision, path);
	const char *argv[] = { "git", "cat-file", "blob", object.data, NULL };
	bool answered = ask(argv, out);
	buf_release(&object);
	return answered;
}
