#include "git/run.h"

#include "base/child.h"
#include "base/file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 10000, OUTPUT_LIMIT = 1 << 30, DISCARDED_LIMIT = 1 << 20 };

int git_failed(const char *const *argv, const char *errors, struct error *err)
{
	size_t at = 1; /* skip the options of git itself */
	while (argv[at][0] == '-')
		at += strcmp(argv[at], "-c") ? 1 : 2;
	return error_set(err, ERR_FAILED, "git %s: %s", argv[at],
		*errors ? errors : "failed without an error message");
}

int git_run(const struct git_call *call, struct error *err)
{
	static const char *const fixed[] = { "LC_ALL=C", "GIT_TERMINAL_PROMPT=0",
		GIT_LOCAL_VARIABLES };
	const char *environment[sizeof(fixed) / sizeof(*fixed) + GIT_CALL_VARIABLES + 3] = { NULL };
	size_t count = call->inherits ? 2 : sizeof(fixed) / sizeof(*fixed);
	struct buf git_dir = BUF_INIT, work_tree = BUF_INIT, errors = BUF_INIT, ignored = BUF_INIT;
	memcpy(environment, fixed, count * sizeof(*environment));
	buf_addf(&git_dir, "GIT_DIR=%s", call->git_dir ? call->git_dir : "");
	buf_addf(&work_tree, "GIT_WORK_TREE=%s", call->work_tree ? call->work_tree : "");
	if (call->git_dir)
		environment[count++] = git_dir.data;
	if (call->work_tree)
		environment[count++] = work_tree.data;
	for (const char *const *more = call->environment; more && *more; more++)
		environment[count++] = *more;
	struct child child = { .argv = call->argv,
		.directory = call->directory,
		.environment = environment,
		.input = call->input ? call->input->data : NULL,
		.input_len = call->input ? call->input->len : 0,
		.timeout_ms = call->timeout_ms,
		.output = call->output ? call->output : &ignored,
		.errors = call->errors ? call->errors : &errors,
		.output_limit = call->output ? OUTPUT_LIMIT : DISCARDED_LIMIT };
	int status, rc = child_run(&child, &status, err);
	buf_trim(&errors);
	if (!rc)
		rc = status && status != call->answer && !call->errors
			? git_failed(call->argv, errors.data, err)
			: status;
	buf_release(&git_dir);
	buf_release(&work_tree);
	buf_release(&errors);
	buf_release(&ignored);
	return rc;
}

/* ---- reading the current repository ---- */

static int ask(const char *const *argv, int answer, struct buf *out, struct error *err)
{
	struct git_call call = { .argv = argv,
		.inherits = true,
		.answer = answer,
		.output = out,
		.timeout_ms = TIMEOUT_MS };
	buf_reset(out);
	return git_run(&call, err);
}

int plumbing_config(const char *key, struct buf *out, struct error *err)
{
	enum { NOT_SET = 1 }; /* git-config(1) */
	const char *argv[] = { "git", "config", "--get", key, NULL };
	int rc = ask(argv, NOT_SET, out, err);
	buf_trim(out);
	return rc == NOT_SET ? 0 : rc ? ERR_FAILED : out->len != 0;
}

/* Is the current directory outside of any worktree? Also false if that cannot be determined. */
static bool is_outside(void)
{
	char *directory = getenv("GIT_DIR") ? NULL : realpath(".", NULL), *slash = NULL;
	struct buf path = BUF_INIT;
	int found = directory ? 0 : -1;
	do {
		if (slash)
			*slash = '\0';
		buf_reset(&path);
		buf_addf(&path, "%s/.git", directory ? directory : "");
		if (!found)
			found = file_exists(path.data, NULL);
		slash = directory ? strrchr(directory, '/') : NULL;
	} while (!found && slash);
	free(directory);
	buf_release(&path);
	return !found;
}

/* Reads the value of the next attribute from `*at`: git prints the path, the name and the value, each
 * followed by a NUL. */
static void read_attribute(const struct buf *printed, size_t *at, struct buf *out)
{
	enum { FIELDS = 3 };
	const char *value = "";
	for (int i = 0; i < FIELDS && *at < printed->len; i++) {
		value = printed->data + *at;
		*at += strlen(value) + 1;
	}
	buf_reset(out);
	if (strcmp(value, "unspecified") != 0 && strcmp(value, "unset") != 0 &&
		strcmp(value, "set") != 0)
		buf_addstr(out, value);
}

int plumbing_attributes(
	const char *path, const char *const names[2], struct buf values[2], struct error *err)
{
	const char *argv[] = { "git", "check-attr", "-z", names[0], names[1], "--", path, NULL };
	struct buf printed = BUF_INIT;
	struct error failure = ERROR_INIT;
	int rc = ask(argv, 0, &printed, &failure);
	size_t at = 0;
	for (int i = 0; i < 2; i++)
		read_attribute(&printed, &at, &values[i]);
	buf_release(&printed);
	if (rc && is_outside())
		return 0;
	if (rc)
		return error_set(err, ERR_FAILED, "%s", failure.text);
	return values[0].len || values[1].len;
}

int plumbing_attribute(const char *path, const char *name, struct buf *out, struct error *err)
{
	const char *const names[] = { name, name };
	struct buf values[] = { BUF_INIT, BUF_INIT };
	int rc = plumbing_attributes(path, names, values, err);
	buf_reset(out);
	buf_add(out, values[0].data, values[0].len);
	buf_release(&values[0]);
	buf_release(&values[1]);
	return rc;
}

int plumbing_commit(const char *revision, struct buf *out, struct error *err)
{
	enum { NO_COMMIT = 1 }; /* git-rev-parse(1), --verify --quiet */
	struct buf commit = BUF_INIT;
	buf_addf(&commit, "%s^{commit}", revision);
	const char *argv[] = { "git", "rev-parse", "-q", "--verify", "--end-of-options",
		commit.data, NULL };
	int rc = ask(argv, NO_COMMIT, out, err);
	buf_trim(out);
	buf_release(&commit);
	return rc == NO_COMMIT ? 0 : rc ? ERR_FAILED : 1;
}

int plumbing_path(const char *name, struct buf *out, struct error *err)
{
	const char *argv[] = { "git", "rev-parse", "--git-path", name, NULL };
	int rc = ask(argv, 0, out, err);
	if (out->len && out->data[out->len - 1] == '\n')
		buf_truncate(out, out->len - 1);
	return rc ? ERR_FAILED : 1;
}

/* Does git succeed with an empty output? */
static int lists_nothing(const char *const *argv, struct error *err)
{
	struct buf output = BUF_INIT;
	int rc = ask(argv, 0, &output, err);
	bool empty = !output.len;
	buf_release(&output);
	return rc ? ERR_FAILED : empty;
}

int plumbing_file(const char *ref, const char *path, struct buf *out, struct error *err)
{
	struct buf object = BUF_INIT;
	struct error why = ERROR_INIT;
	buf_addf(&object, "%s:%s", ref, path);
	const char *read[] = { "git", "cat-file", "blob", object.data, NULL };
	const char *refs[] = { "git", "for-each-ref", "--format=%(objectname)", ref, NULL };
	const char *tree[] = { "git", "ls-tree", "-z", "--full-tree", ref, "--", path, NULL };
	bool found = !ask(read, 0, out, &why);
	buf_release(&object);
	if (found)
		return 1;
	buf_reset(out);
	/* git fails in the same way for a missing file and for one that it cannot read. */
	int absent = lists_nothing(refs, err);
	if (!absent)
		absent = lists_nothing(tree, err);
	return absent < 0 ? absent : absent ? 0 : error_set(err, ERR_FAILED, "%s", why.text);
}
