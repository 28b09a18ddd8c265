/*
 * git build repos: lists the git worktrees on this host, with their branches and changes.
 */
#include "cli/command.h"
#include "cli/listing.h"

#include "host/clones.h"

#include <limits.h>

struct repos_options {
	int64_t depth;
};

static const struct option options[] = {
	OPT_NUMBER(0, "depth", "N", struct repos_options, depth, 1, INT_MAX,
		"search at most N directories deep (default: no limit)"),
	OPT_END,
};

static const char *const synopsis[] = { "[--depth N] [--json] [ROOT...]", NULL };

static void add_row(struct table *table, const struct tree *tree)
{
	table_add(table, SHOW_PLAIN, tree->path);
	if (tree->problem) {
		table_add(table, SHOW_FAINT, NULL);
		table_add(table, SHOW_FAINT, NULL);
		table_add(table, SHOW_RED, tree->problem);
		return;
	}
	table_add(table, SHOW_PLAIN, tree->branch ? tree->branch : "(detached)");
	if (tree->upstream)
		table_addf(table, tree->ahead || tree->behind ? SHOW_YELLOW : SHOW_PLAIN,
			"+%lld -%lld", (long long)tree->ahead, (long long)tree->behind);
	else
		table_add(table, SHOW_PLAIN, NULL);
	if (tree->changed)
		table_addf(table, SHOW_YELLOW, "%zu changed", tree->changed);
	else
		table_add(table, SHOW_PLAIN, "clean");
}

static void put_tree(struct json_writer *w, const struct tree *tree)
{
	json_put_string(w, "path", tree->path);
	json_put_string_or_null(w, "branch", tree->branch);
	json_put_string_or_null(w, "commit", tree->commit);
	json_put_string_or_null(w, "upstream", tree->upstream);
	json_put_int(w, "ahead", tree->ahead);
	json_put_int(w, "behind", tree->behind);
	json_put_int(w, "changed", (int64_t)tree->changed);
	json_put_string_or_null(w, "problem", tree->problem);
}

static void show(const struct invocation *inv, const struct tree_list *list)
{
	struct listing listing;
	listing_begin(&listing, "repositories", TITLES("WORKTREE", "BRANCH", "UPSTREAM", "FILES"));
	for (size_t i = 0; i < list->count; i++) {
		listing_row(&listing);
		add_row(&listing.table, &list->trees[i]);
		put_tree(&listing.json, &list->trees[i]);
	}
	listing_end(&listing, inv, false);
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct repos_options *given = values;
	struct tree_list list = { 0 };
	int rc = operands->count ? 0 : trees_find(&list, ".", given->depth, err);
	for (int i = 0; !rc && i < operands->count; i++)
		rc = trees_find(&list, operands->words[i], given->depth, err);
	if (!rc) {
		show(inv, &list);
		rc = list.count ? ANSWER_YES : ANSWER_NO;
	}
	tree_list_release(&list);
	return rc;
}

const struct command command_repos = {
	.name = "repos",
	.summary = "show the git worktrees on this host",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct repos_options),
	.needs = NEEDS_NOTHING,
	.shows = true,
	.operands = INT_MAX,
	.run = run,
};
