/*
 * git build pull: brings this clone up to date with the shared branch.
 *
 * A request that the shared repository applies changes nothing in the clone, so this is how the
 * worktree gets the files.
 */
#include "cli/command.h"
#include "cli/print.h"

#include "deliver/pull.h"
#include "json/write.h"

static const char *const synopsis[] = { "[--json]", NULL };

static const char *const worktree_words[] = {
	[PULL_CURRENT] = "current",
	[PULL_NONE] = "none",
	[PULL_ELSEWHERE] = "other-branch",
	[PULL_AHEAD] = "ahead",
	[PULL_DIVERGED] = "diverged",
	[PULL_BLOCKED] = "blocked",
};

static void put_result(const struct pull_result *result)
{
	struct json_writer w;
	show_json_begin(&w);
	json_put_string(&w, "commit", result->tip.hex);
	json_put_string(&w, "worktree", worktree_words[result->worktree]);
	json_put_bool(&w, "updated", result->updated);
	json_put_string_or_null(
		&w, "why", result->worktree == PULL_BLOCKED ? result->blocked.text : NULL);
	json_put_int(&w, "sent", (int64_t)result->sent);
	json_put_int(&w, "left", (int64_t)result->left);
	show_json_end(&w, true);
}

static void say_tip(const struct invocation *inv, const struct pull_result *result)
{
	const char *branch = inv->settings.branch;
	if (result->updated)
		show_line("%s: updated to %.7s", branch, result->tip.hex);
	else
		show_line("%s: %s at %.7s", branch,
			result->worktree == PULL_CURRENT ? "up to date" : "fetched",
			result->tip.hex);
	if (result->sent)
		show_line("outbox: %zu sent, %zu left", result->sent, result->left);
}

/* Reports why the worktree is not at the tip, and requests that could not be sent. */
static void warn(const struct invocation *inv, const struct pull_result *result)
{
	const char *branch = inv->settings.branch, *remote = inv->settings.remote;
	struct buf text = BUF_INIT;
	switch (result->worktree) {
	case PULL_ELSEWHERE:
		buf_addf(&text, "the worktree is not on '%s', and was not changed", branch);
		break;
	case PULL_DIVERGED:
		buf_addf(&text,
			"'%s' has commits that '%s' does not have, so the worktree was not "
			"changed; run 'git pull --rebase %s %s'",
			branch, remote, remote, branch);
		break;
	case PULL_BLOCKED:
		buf_addf(&text, "the worktree was not changed: %s", result->blocked.text);
		break;
	case PULL_CURRENT:
	case PULL_NONE:
	case PULL_AHEAD:
		break;
	}
	if (text.len)
		show_message("warning", text.data);
	buf_release(&text);
	if (result->left)
		buf_addf(&text, "requests in the outbox: %zu; see 'git build outbox list'",
			result->left);
	if (text.len)
		show_message("warning", text.data);
	buf_release(&text);
}

static int run(
	struct invocation *inv, const void *options, struct operands *operands, struct error *err)
{
	struct pull_result result = PULL_RESULT_INIT;
	(void)options;
	(void)operands;
	int rc = pull(inv->repo, &inv->settings, inv->env, &result, err);
	show_remote(&result.said, err);
	if (!rc) {
		if (inv->json)
			put_result(&result);
		else if (!inv->quiet)
			say_tip(inv, &result);
		warn(inv, &result);
		bool done = result.worktree != PULL_DIVERGED && result.worktree != PULL_BLOCKED;
		rc = done && !result.left ? ANSWER_YES : ANSWER_NO;
	}
	pull_result_release(&result);
	return rc;
}

const struct command command_pull = {
	.name = "pull",
	.summary = "bring this clone up to date with the shared branch",
	.synopsis = synopsis,
	.needs = NEEDS_REPOSITORY,
	.shows = true,
	.changes = true,
	.run = run,
};
