/*
 * merge-driver: what git runs to merge a coordination file (gitattributes(5), "Defining a custom
 * merge driver"), and what git build merge-driver starts.
 *
 * A program of its own, without libgit2: merging a small file takes less time than loading it. The
 * few questions that it may have about the repository (what have other servers seen? which schema
 * is it?) go to git.
 *
 * git takes 1 to 128 for "conflicts left"; only what is above is a failure, and leaves the file as
 * it was.
 *
 * usage: merge-driver [--] BASE OURS THEIRS [MARKER-SIZE [PATH [LABEL...]]]
 */
#include "base/alloc.h"
#include "base/file.h"
#include "merge/files.h"
#include "schema/builtin.h"
#include "store/plumbing.h"

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

struct words {
	char **words;
	int count;
};

/* gits before 2.44 hand a placeholder that they do not know on as it is: "%S". */
static const char *operand(const struct words *given, enum operand which)
{
	const char *word = (int)which < given->count ? given->words[which] : NULL;
	return word && *word && *word != '%' ? word : NULL;
}

/* A line of text that may come from anywhere: a terminal must not obey it. */
static void say(const char *kind, const char *text, size_t len)
{
	fputs(kind, stderr);
	for (size_t i = 0; i < len; i++)
		putc((unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i], stderr);
	putc('\n', stderr);
}

static void say_lines(const struct buf *text)
{
	for (const char *at = text->data; *at;) {
		size_t len = strcspn(at, "\n");
		say("", at, len);
		at += len + (at[len] != '\0');
	}
}

/* The file at the tip of the coordination branch, as last fetched: other servers have seen it. */
static int read_published(void *data, struct buf *out)
{
	const char *path = data;
	struct buf ref = BUF_INIT, branch = BUF_INIT, remote = BUF_INIT;
	if (!plumbing_config("build.remote", &remote))
		buf_addstr(&remote, "origin");
	if (!plumbing_config("build.branch", &branch))
		buf_addstr(&branch, "main");
	buf_addf(&ref, "refs/remotes/%s/%s", remote.data, branch.data);
	bool known = plumbing_file(ref.data, path, out);
	buf_release(&ref);
	buf_release(&branch);
	buf_release(&remote);
	return known ? 0 : ERR_NOT_FOUND;
}

/*
 * The schema that judges `path`; NULL if there is none, or it is broken: then the merge does
 * without. git runs a driver at the top of the work tree, where the repository's own schemas are.
 */
static const struct schema *find_schema(struct schema_set *set, const char *path)
{
	const struct schema *schema = NULL;
	struct error err = ERROR_INIT;
	struct buf name = BUF_INIT, file = BUF_INIT;
	const char *builtin = path ? builtin_for_path(path) : NULL;
	if (builtin)
		buf_addstr(&name, builtin);
	else if (path && plumbing_attribute(path, "build-schema", &name))
		buf_addf(&file, "schemas/%s.json", name.data);
	bool own = file.len && !strchr(name.data, '/') && file_exists(file.data);
	schema_set_map(set, "git-build:///schemas/", "schemas");
	if (name.len && merge_find_schema(set, &schema, own ? file.data : name.data, &err) < 0)
		say("warning: ", err.text, strlen(err.text));
	buf_release(&name);
	buf_release(&file);
	return schema;
}

static int merge(const struct words *given, struct error *err)
{
	const char *size = operand(given, MARKER_SIZE), *path = operand(given, PATH);
	struct schema_set *set = schema_set_new();
	struct merge_result result = MERGE_RESULT_INIT;
	struct merge_files files = {
		.base = given->words[BASE],
		.ours = given->words[OURS],
		.theirs = given->words[THEIRS],
		.path = path,
		.request = {
			.schema = find_schema(set, path),
			.published = path ? read_published : NULL,
			.published_data = (void *)(uintptr_t)path,
			.base_label = operand(given, BASE_LABEL),
			.ours_label = operand(given, OURS_LABEL),
			.theirs_label = operand(given, THEIRS_LABEL),
			.marker_size = size ? (int)strtol(size, NULL, 10) : 0,
		},
	};
	int rc = merge_files(&files, &result, err);
	if (rc >= 0 && file_publish(files.ours, result.text.data, result.text.len, err) < 0)
		rc = ERR_FAILED;
	say_lines(&result.said);
	merge_result_release(&result);
	schema_set_free(set);
	return rc;
}

static _Noreturn void out_of_memory(void)
{
	static const char words[] = "fatal: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, words, sizeof(words) - 1);
	(void)ignored;
	_exit(DRIVER_FAILED);
}

int main(int argc, char **argv)
{
	struct words given = { argv + 1, argc - 1 };
	struct error err = ERROR_INIT;
	alloc_set_handler(out_of_memory);
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
		say("fatal: ", err.text, strlen(err.text));
	return rc < 0 ? DRIVER_FAILED : rc;
}
