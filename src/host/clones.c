#include "host/clones.h"

#include "base/alloc.h"
#include "base/file.h"
#include "git/run.h"

#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_TIMEOUT_MS = 60000 };

/* Reads one line of `git status --porcelain=v2 --branch`: a header, or a changed file. */
static void read_line(struct tree *tree, const char *line)
{
	static const char head[] = "# branch.head ", oid[] = "# branch.oid ",
			  upstream[] = "# branch.upstream ", counts[] = "# branch.ab ";
	if (!strncmp(line, head, sizeof(head) - 1)) {
		const char *name = line + sizeof(head) - 1;
		tree->branch = strcmp(name, "(detached)") != 0 ? xstrdup(name) : NULL;
	} else if (!strncmp(line, oid, sizeof(oid) - 1)) {
		const char *name = line + sizeof(oid) - 1;
		tree->commit = strcmp(name, "(initial)") != 0 ? xstrdup(name) : NULL;
	} else if (!strncmp(line, upstream, sizeof(upstream) - 1)) {
		tree->upstream = xstrdup(line + sizeof(upstream) - 1);
	} else if (!strncmp(line, counts, sizeof(counts) - 1)) {
		sscanf(line + sizeof(counts) - 1, "+%" SCNd64 " -%" SCNd64, &tree->ahead,
			&tree->behind);
	} else if (*line && *line != '#') {
		tree->changed++;
	}
}

static void ask_git(struct tree *tree)
{
	static const char *const environment[] = { "GIT_OPTIONAL_LOCKS=0", NULL };
	static const char *const argv[] = { "git", "status", "--porcelain=v2", "--branch", NULL };
	struct buf output = BUF_INIT, errors = BUF_INIT;
	struct error err = ERROR_INIT;
	struct git_call call = { .argv = argv,
		.directory = tree->path,
		.environment = environment,
		.output = &output,
		.errors = &errors,
		.timeout_ms = STATUS_TIMEOUT_MS };
	if (git_run(&call, &err) > 0) {
		buf_trim(&errors);
		errors.data[strcspn(errors.data, "\n")] = '\0';
		error_set(&err, ERR_FAILED, "%s", errors.data);
	}
	if (err.code) {
		tree->problem = xstrdup(err.text);
	} else {
		for (char *line = output.data; *line;) {
			size_t len = strcspn(line, "\n");
			bool more = line[len];
			line[len] = '\0';
			read_line(tree, line);
			line += len + more;
		}
	}
	buf_release(&output);
	buf_release(&errors);
}

static int is_work_tree(const char *directory, struct error *err)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/.git", directory);
	int found = file_exists(path.data, err);
	buf_release(&path);
	return found;
}

static void add(struct tree_list *list, const char *path)
{
	GROW(list->trees, list->count, list->capacity);
	struct tree *tree = &list->trees[list->count++];
	*tree = (struct tree){ .path = xstrdup(path) };
	ask_git(tree);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

int trees_find(struct tree_list *list, const char *root, int64_t depth, struct error *err)
{
	char *path = xstrdup(root), *const paths[] = { path, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, by_name);
	int rc = 0;
	if (!walk)
		rc = error_errno(err, ERR_FAILED, "cannot search %s", root);
	for (FTSENT *entry; !rc && (errno = 0, entry = fts_read(walk));) {
		if (entry->fts_level == 0 && entry->fts_info != FTS_D && entry->fts_info != FTS_DP)
			rc = error_set(err, ERR_NOT_FOUND, "'%s': no such directory", root);
		bool failed = entry->fts_info == FTS_ERR ||
			(entry->fts_info == FTS_DNR && entry->fts_errno != EACCES);
		if (!rc && failed) {
			errno = entry->fts_errno;
			rc = error_errno(
				err, ERR_FAILED, "cannot read the directory %s", entry->fts_path);
		}
		if (entry->fts_info != FTS_D)
			continue;
		if (!strcmp(entry->fts_name, ".git")) {
			fts_set(walk, entry, FTS_SKIP);
			continue;
		}
		int found = is_work_tree(entry->fts_path, err);
		if (found > 0)
			add(list, entry->fts_path);
		rc = found < 0 ? found : 0;
		if (depth && entry->fts_level >= depth)
			fts_set(walk, entry, FTS_SKIP);
	}
	if (!rc && errno)
		rc = error_errno(err, ERR_FAILED, "cannot search %s", root);
	if (walk)
		fts_close(walk);
	free(path);
	return rc;
}

void tree_list_release(struct tree_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct tree *tree = &list->trees[i];
		free(tree->path);
		free(tree->branch);
		free(tree->commit);
		free(tree->upstream);
		free(tree->problem);
	}
	free(list->trees);
	*list = (struct tree_list){ 0 };
}
