/*
 * merge-driver: the program that git runs to merge a file (gitattributes(5), "Defining a custom
 * merge driver"). `git build merge-driver` starts it, too.
 *
 * It does not use libgit2: loading the library takes longer than merging a small file. It reads the
 * published version, and the schema of a path, with git commands.
 *
 * For git, exit codes 1 to 128 mean "conflicts"; after any higher exit code, which is a failure, it
 * leaves the file unchanged.
 *
 * usage: merge-driver [--] BASE OURS THEIRS [MARKER-SIZE [PATH [LABEL...]]]
 */
#include "discarded.h"
#include "fleet/files.h"
#include "fleet/server_directory.h"

#include "base/alloc.h"
#include "base/escape.h"
#include "base/file.h"
#include "merge/files.h"
#include "schema/builtin.h"
#include "git/run.h"
#include "git/refs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DRIVER_FAILED = 255 };

enum operand {
	BASE,
	OURS,
	THEIRS,
	MARKER_SIZE,
	PATH,
	BASE_LABEL,
	OURS_LABEL,
	THEIRS_LABEL,
	OPERANDS
};

struct operands {
	char **words;
	int count;
};

/* git before 2.44 passes placeholders that it does not know unchanged: "%S". */
static const char *operand(const struct operands *given, enum operand which)
{
	const char *word = (int)which < given->count ? given->words[which] : NULL;
	return word && *word && *word != '%' ? word : NULL;
}

/* Prints one line, or with `lines` several, to standard error. */
static void print(const char *kind, const char *text, bool lines)
{
	struct buf safe = BUF_INIT;
	escape_add(&safe, text, strlen(text), lines);
	fprintf(stderr, "%s%s%s", kind, safe.data, lines ? "" : "\n");
	buf_release(&safe);
}

struct published {
	const char *path;
	struct error failure; /* of reading it; the merge fails then */
};

/* Appends the file at the tip of the shared branch, as last fetched. */
static int read_published(void *data, struct buf *out)
{
	struct published *published = data;
	struct error *err = &published->failure;
	struct buf ref = BUF_INIT, branch = BUF_INIT, remote = BUF_INIT;
	int rc = plumbing_config("build.remote", &remote, err);
	if (!rc)
		buf_addstr(&remote, "origin");
	if (rc >= 0)
		rc = plumbing_config("build.branch", &branch, err);
	if (!rc)
		buf_addstr(&branch, "main");
	ref_tracking(&ref, remote.data, branch.data);
	if (rc >= 0)
		rc = plumbing_file(ref.data, published->path, out, err);
	buf_release(&ref);
	buf_release(&branch);
	buf_release(&remote);
	return rc < 0 ? rc : rc ? 0 : ERR_NOT_FOUND;
}

/* Compiles a schema of the repository or a built-in one. A warning if it is invalid. */
static int compile(struct schema_set *set, const char *name, bool builtin,
	const struct schema **out, struct error *err)
{
	struct error broken = ERROR_INIT;
	struct buf file = BUF_INIT;
	buf_addf(&file, "schemas/%s.json", name);
	int own = builtin || strchr(name, '/') ? 0 : file_exists(file.data, err), rc = own;
	schema_set_map(set, "git-build:///schemas/", "schemas");
	if (own >= 0)
		rc = merge_find_schema(set, out, own ? file.data : name, &broken);
	if (broken.code == ERR_FAILED && err)
		*err = broken;
	if (broken.code && broken.code != ERR_FAILED) {
		print("warning: ", broken.text, false);
		rc = 0;
	}
	buf_release(&file);
	return rc;
}

/*
 * Sets `*out` to the schema of the merged file. It is NULL if there is none, or if the schema is
 * invalid: the file is merged without a schema then. A schema that cannot be read is a failure. Stores
 * the attribute with the format in `format` if it applies to the file. git runs a merge driver in the
 * top directory of the worktree, which has the directory schemas/.
 */
static int find_schema(struct schema_set *set, const struct merge_files *files,
	const struct schema **out, struct buf *format, struct error *err)
{
	static const char *const names[] = { "build-schema", FORMAT_ATTRIBUTE };
	struct buf values[] = { BUF_INIT, BUF_INIT };
	const char *path = files->path, *builtin = NULL;
	int rc = 0;
	*out = NULL;
	if (path)
		rc = server_schema_of_versions(&builtin, path, files->ours, files->theirs, err);
	if (rc < 0 || builtin)
		return rc < 0 ? rc : compile(set, builtin, true, out, err);
	if (path)
		rc = plumbing_attributes(path, names, values, err);
	if (rc > 0 && !fleet_needs_server(path, NULL))
		buf_add(format, values[1].data, values[1].len);
	bool has_schema = values[0].len && !fleet_assigns(path, values[0].data);
	rc = rc < 0 ? rc : has_schema ? compile(set, values[0].data, false, out, err) : 0;
	buf_release(&values[0]);
	buf_release(&values[1]);
	return rc;
}

/* git-config(1), merge.conflictStyle. */
static enum merge_style conflict_style(void)
{
	struct buf name = BUF_INIT;
	plumbing_config("merge.conflictStyle", &name, NULL);
	enum merge_style style = merge_style_of(name.data);
	buf_release(&name);
	return style;
}

/* Does git merge two merge bases, not the file itself? If so, it uses longer markers. */
static bool merges_bases(int marker_size, const char *path)
{
	enum { DEFAULT_SIZE = 7 };
	struct buf size = BUF_INIT;
	bool longer = marker_size > DEFAULT_SIZE &&
		!(plumbing_attribute(path, "conflict-marker-size", &size, NULL) > 0 &&
			strtol(size.data, NULL, 10) == marker_size);
	buf_release(&size);
	return longer;
}

/* Keeps the list of discarded values for the message of the merge commit. */
static void record_discarded(const struct merge_request *request, const struct buf *discarded)
{
	struct error err = ERROR_INIT;
	if (discarded->len && !merges_bases(request->marker_size, request->name) &&
		discarded_record(discarded, &err) < 0)
		print("warning: ", err.text, false);
}

static int merge(const struct operands *given, struct error *err)
{
	const char *size = operand(given, MARKER_SIZE), *path = operand(given, PATH);
	struct schema_set *set = schema_set_new();
	struct published published = { path, ERROR_INIT };
	struct merge_result result = MERGE_RESULT_INIT;
	struct buf format = BUF_INIT;
	struct merge_files files = {
		.base = given->words[BASE],
		.ours = given->words[OURS],
		.theirs = given->words[THEIRS],
		.path = path,
		.request = {
			.published = path ? read_published : NULL,
			.published_data = &published,
			.style = conflict_style,
			.base_label = operand(given, BASE_LABEL),
			.ours_label = operand(given, OURS_LABEL),
			.theirs_label = operand(given, THEIRS_LABEL),
			.marker_size = size ? (int)strtol(size, NULL, 10) : 0,
		},
	};
	int rc = find_schema(set, &files, &files.request.schema, &format, err);
	files.format = format.data;
	if (!rc)
		rc = merge_files(&files, &result, err);
	if (rc >= 0 && published.failure.code)
		rc = error_set(err, ERR_FAILED, "cannot read the published version: %s",
			published.failure.text);
	if (rc >= 0 && file_publish(files.ours, result.text.data, result.text.len, err) < 0)
		rc = ERR_FAILED;
	print("", result.report.data, true);
	if (!rc && path)
		record_discarded(&files.request, &result.discarded);
	merge_result_release(&result);
	buf_release(&format);
	schema_set_free(set);
	return rc;
}

static _Noreturn void out_of_memory(void)
{
	static const char message[] = "fatal: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, message, sizeof(message) - 1);
	(void)ignored;
	_exit(DRIVER_FAILED);
}

int main(int argc, char **argv)
{
	struct operands given = { argv + 1, argc - 1 };
	struct error err = ERROR_INIT;
	alloc_set_handler(out_of_memory);
	alloc_keep_memory();
	signal(SIGPIPE, SIG_IGN);
	if (given.count > 0 && !strcmp(given.words[0], "--")) {
		given.words++;
		given.count--;
	}
	if (given.count <= THEIRS || given.count > OPERANDS) {
		fputs("usage: merge-driver BASE OURS THEIRS [MARKER-SIZE [PATH [LABEL...]]]\n",
			stderr);
		return DRIVER_FAILED;
	}
	int rc = merge(&given, &err);
	if (rc < 0)
		print("fatal: ", err.text, false);
	return rc < 0 ? DRIVER_FAILED : rc;
}
