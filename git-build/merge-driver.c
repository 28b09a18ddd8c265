/*
 * git build merge-driver: what git runs to merge a coordination file (gitattributes(5), "Defining a
 * custom merge driver").
 *
 * Most merges need no repository, and opening one costs more than merging a small file: it is
 * opened only to learn what other servers have seen, where that decides.
 *
 * git takes 1 to 128 for "conflicts left"; only what is above is a failure. So this one command
 * ends with 255 where others end with 128, and leaves the file as it was.
 */
#include "command.h"
#include "merging.h"
#include "show.h"

#include "base/child.h"
#include "base/file.h"
#include "schema/builtin.h"

#include <stdlib.h>
#include <string.h>

enum { DRIVER_FAILED = 255, GIT_TIMEOUT_MS = 10000 };

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

static const char *const synopsis[] = {
	"<base> <ours> <theirs> [<marker-size> [<path> [<label>...]]]", NULL
};

/* gits before 2.44 hand a placeholder that they do not know on as it is: "%S". */
static const char *operand(const struct operands *operands, enum operand which)
{
	const char *word = (int)which < operands->count ? operands->words[which] : NULL;
	return word && *word && strncmp(word, "%", 1) ? word : NULL;
}

/* ---- what other servers have seen ---- */

struct seeing {
	struct invocation *inv;
	const char *path;
};

/* The file at the tip of the coordination branch, as last fetched. */
static int read_published(void *data, struct buf *out)
{
	struct seeing *seeing = data;
	struct buf ref = BUF_INIT;
	struct oid tip;
	int rc = command_open(seeing->inv, NULL);
	if (rc < 0)
		return rc;
	const struct settings *settings = &seeing->inv->settings;
	buf_addf(&ref, "refs/remotes/%s/%s", settings->remote, settings->branch);
	rc = repo_ref(seeing->inv->repo, ref.data, &tip, NULL);
	if (!rc)
		rc = repo_read(seeing->inv->repo, &tip, seeing->path, 0, out, NULL, NULL);
	buf_release(&ref);
	return rc;
}

/* ---- which schema ---- */

/* The value of the attribute build-schema of `path` replaces `name`; false if it has none. */
static bool schema_attribute(const char *path, struct buf *name)
{
	static const char key[] = ": build-schema: ";
	const char *argv[] = { "git", "check-attr", "build-schema", "--", path, NULL };
	struct buf output = BUF_INIT, errors = BUF_INIT;
	struct child child = {
		.argv = argv, .timeout_ms = GIT_TIMEOUT_MS, .output = &output, .errors = &errors
	};
	int status;
	const char *found = NULL;
	buf_reset(name);
	if (!child_run(&child, &status, NULL) && !status) {
		buf_trim(&output);
		found = strstr(output.data, key);
	}
	if (found)
		buf_addstr(name, found + sizeof(key) - 1);
	buf_release(&output);
	buf_release(&errors);
	return found && strcmp(name->data, "unspecified") != 0 && !strchr(name->data, '/') &&
		*name->data != '.';
}

/*
 * The schema that judges `path`; NULL if there is none, or it is broken: then the merge does
 * without. git runs a driver at the top of the work tree, where the repository's own schemas are.
 */
static const struct schema *find_schema(struct schema_set *set, const char *path)
{
	const struct schema *schema = NULL;
	struct error err = ERROR_INIT;
	const char *builtin = path ? builtin_for_path(path) : NULL;
	if (builtin) {
		builtin_compile(set, &schema, builtin, &err);
		return schema;
	}
	struct buf name = BUF_INIT, file = BUF_INIT;
	if (path && schema_attribute(path, &name)) {
		buf_addf(&file, "./schemas/%s.json", name.data);
		schema_set_map(set, "git-build:///schemas/", "schemas");
		if (merging_schema(
			    set, &schema, file_exists(file.data) ? file.data : name.data, &err) < 0)
			show_message("warning", err.text);
	}
	buf_release(&name);
	buf_release(&file);
	return schema;
}

/* ---- */

static int merge(struct invocation *inv, const struct operands *operands, struct error *err)
{
	const char *size = operand(operands, MARKER_SIZE), *path = operand(operands, PATH);
	struct schema_set *set = schema_set_new();
	struct seeing seeing = { inv, path };
	struct buf out = BUF_INIT;
	struct merging_files files = {
		.base = operands->words[BASE],
		.ours = operands->words[OURS],
		.theirs = operands->words[THEIRS],
		.path = path,
		.request = {
			.schema = find_schema(set, path),
			.published = path ? read_published : NULL,
			.published_data = &seeing,
			.base_label = operand(operands, BASE_LABEL),
			.ours_label = operand(operands, OURS_LABEL),
			.theirs_label = operand(operands, THEIRS_LABEL),
			.marker_size = size ? (int)strtol(size, NULL, 10) : 0,
		},
	};
	int rc = merging_run(&files, inv->quiet, &out, err);
	if (rc >= 0 && file_publish(files.ours, out.data, out.len, err) < 0)
		rc = ERR_FAILED;
	buf_release(&out);
	schema_set_free(set);
	return rc;
}

static int run(
	struct invocation *inv, const void *options, struct operands *operands, struct error *err)
{
	(void)options;
	if (operands->count <= THEIRS) {
		error_set(err, ERR_INVALID, "three files are wanted: base, ours, theirs");
		return ANSWER_USAGE;
	}
	int rc = merge(inv, operands, err);
	if (rc < 0) {
		show_message("fatal", err->text);
		rc = DRIVER_FAILED;
	}
	return rc;
}

const struct command command_merge_driver = {
	.name = "merge-driver",
	.summary = "merge a coordination file; git runs it",
	.synopsis = synopsis,
	.needs = NEEDS_NOTHING,
	.operands = OPERANDS,
	.run = run,
};
