/*
 * git build squash: squashes a heartbeat branch to one commit.
 *
 * Heartbeat branches are kept short automatically; this makes them shorter, for example from cron,
 * or reduces the branch of a removed server to its last heartbeat.
 */
#include "cli/command.h"
#include "cli/print.h"

#include "base/alloc.h"
#include "fleet/names.h"
#include "heartbeat/squash.h"
#include "json/write.h"

#include <stdlib.h>
#include <string.h>

struct squash_options {
	const char *server, *branch;
	bool all, backup, dry_run, no_push;
};

static const struct option options[] = {
	OPT_STRING(0, "server", "ID", struct squash_options, server,
		"squash this server's heartbeat branch"),
	OPT_STRING(0, "branch", "NAME", struct squash_options, branch, "squash this branch"),
	OPT_FLAG(0, "all", struct squash_options, all,
		"squash all heartbeat branches of the shared repository"),
	OPT_FLAG(0, "backup", struct squash_options, backup,
		"keep the old history as backup/NAME-TIMESTAMP"),
	OPT_FLAG('n', "dry-run", struct squash_options, dry_run,
		"change nothing, print what would be done"),
	OPT_FLAG(0, "no-push", struct squash_options, no_push,
		"squash the branch of this clone, not of the shared repository"),
	OPT_END,
};

static const char *const synopsis[] = {
	"(--server ID | --branch NAME | --all) [--backup] [--dry-run] [--no-push] [--json]", NULL
};

/* The branches to squash. */
struct branches {
	char **names;
	size_t count, capacity;
};

static int add_branch(const char *name, void *data)
{
	struct branches *branches = data;
	GROW(branches->names, branches->count, branches->capacity);
	branches->names[branches->count++] = xstrdup(name);
	return 0;
}

static int choose_branches(struct invocation *inv, const struct squash_options *given,
	struct branches *branches, struct error *err)
{
	if (given->all)
		return squash_each_branch(inv->repo, &inv->settings, add_branch, branches, err);
	if (given->branch)
		return add_branch(given->branch, branches);
	int rc = fleet_check_id(given->server, err);
	if (rc < 0)
		return rc;
	struct buf name = BUF_INIT;
	buf_addf(&name, "%s%s", FLEET_HEARTBEAT_BRANCH, given->server);
	add_branch(name.data, branches);
	buf_release(&name);
	return 0;
}

static void say_result(const struct invocation *inv, const char *branch,
	const struct squash_options *given, const struct squash_result *result)
{
	if (inv->quiet)
		return;
	if (result->commits <= 1) {
		show_line("%s: has only one commit", branch);
		return;
	}
	show_line("%s: %lld commits %s 1 (%.12s%s%.12s)", branch, (long long)result->commits,
		given->dry_run ? "would become" : "became", result->old.hex,
		oid_is_none(&result->new) ? "" : " -> ", result->new.hex);
	if (result->backup.len)
		show_line("%s: the history %s %s", branch,
			given->dry_run ? "would be kept as" : "is kept as", result->backup.data);
}

static void put_result(struct json_writer *w, const char *branch,
	const struct squash_options *given, const struct squash_result *result,
	const struct error *failure)
{
	json_begin(w, '{');
	json_put_string(w, "branch", branch);
	json_put_int(w, "commits", result->commits);
	json_put_bool(w, "squashed", !failure->code && result->commits > 1 && !given->dry_run);
	json_put_string_or_null(w, "old", result->old.hex[0] ? result->old.hex : NULL);
	json_put_string_or_null(w, "new", result->new.hex[0] ? result->new.hex : NULL);
	json_put_string_or_null(w, "backup", result->backup.len ? result->backup.data : NULL);
	json_put_string_or_null(w, "error", failure->code ? failure->text : NULL);
	json_end(w);
}

/* Squashes one branch; a failure is reported, and the others are still squashed. */
static int squash_one(struct invocation *inv, const char *branch,
	const struct squash_options *given, struct json_writer *w)
{
	struct squash squash = { .branch = branch,
		.backup = given->backup,
		.dry_run = given->dry_run,
		.no_push = given->no_push };
	struct squash_result result = SQUASH_RESULT_INIT;
	struct error failure = ERROR_INIT;
	int rc = squash_run(inv->repo, &inv->settings, &squash, inv->env, &result, &failure);
	if (inv->json)
		put_result(w, branch, given, &result, &failure);
	else if (!rc)
		say_result(inv, branch, given, &result);
	show_remote(&result.said, &failure);
	if (rc < 0)
		show_message("error", failure.text);
	squash_result_release(&result);
	return rc;
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct squash_options *given = values;
	struct branches branches = { 0 };
	struct json_writer w;
	size_t failed = 0;
	(void)operands;
	if (!!given->server + !!given->branch + given->all != 1) {
		error_set(err, ERR_INVALID, "give one of --server ID, --branch NAME and --all");
		return ANSWER_USAGE;
	}
	int rc = choose_branches(inv, given, &branches, err);
	show_json_begin(&w);
	json_begin_member(&w, "branches", '[');
	for (size_t i = 0; !rc && i < branches.count; i++)
		failed += squash_one(inv, branches.names[i], given, &w) < 0;
	show_json_end(&w, !rc && inv->json);
	if (!rc && !inv->json && !branches.count && !inv->quiet)
		show_line("The shared repository has no heartbeat branch.");
	if (failed)
		rc = error_set(err, ERR_FAILED, "%zu of %zu branches could not be squashed", failed,
			branches.count);
	for (size_t i = 0; i < branches.count; i++)
		free(branches.names[i]);
	free(branches.names);
	return rc;
}

const struct command command_squash = {
	.name = "squash",
	.summary = "squash a heartbeat branch to one commit",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct squash_options),
	.needs = NEEDS_REPOSITORY,
	.shows = true,
	.changes = true,
	.run = run,
};
