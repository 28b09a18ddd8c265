/*
 * git build exec: runs a command on another server, or on all of them.
 */
#include "cli/command.h"
#include "cli/print.h"
#include "cli/ssh.h"

#include "base/alloc.h"
#include "clone/address.h"
#include "remote/ssh.h"
#include "clone/reading.h"
#include "json/write.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct exec_options {
	int64_t timeout;
	bool offline;
};

static const struct option options[] = {
	OPT_NUMBER(0, "timeout", "SECONDS", struct exec_options, timeout, 1, INT_MAX,
		"stop commands that take longer"),
	OPT_FLAG(0, "offline", struct exec_options, offline,
		"do not fetch; use the last fetched addresses"),
	OPT_END,
};

static const char *const synopsis[] = {
	"[--timeout SECONDS] [--offline] [--json] (SERVER | all) -- COMMAND...", NULL
};

struct showing {
	const struct invocation *inv;
	struct json_writer w;
	size_t failed;
};

/* Prints each line after the server's name, if there is any text. */
static void show_labelled(const char *server, const struct buf *text)
{
	for (const char *at = text->data; *at;) {
		size_t len = strcspn(at, "\n");
		show_line("%s| %.*s", server, (int)len, at);
		at += len + (at[len] == '\n');
	}
}

static void put_reach(struct json_writer *w, const struct reach *reach)
{
	json_begin(w, '{');
	json_put_string(w, "server", reach->server);
	json_put_string(w, "destination", reach->destination ? reach->destination : "");
	json_put_int_if(w, "exit_code", reach->rc >= 0, reach->status);
	json_put_string_n(w, "stdout", reach->output.data, reach->output.len);
	json_put_string_n(w, "stderr", reach->errors.data, reach->errors.len);
	json_put_string_or_null(w, "error", reach->rc < 0 ? reach->err.text : NULL);
	json_end(w);
}

static void show_one(struct reach *reach, void *data)
{
	struct showing *showing = data;
	struct buf text = BUF_INIT;
	showing->failed += reach->rc < 0 || reach->status;
	if (showing->inv->json) {
		put_reach(&showing->w, reach);
		return;
	}
	show_labelled(reach->server, &reach->output);
	show_labelled(reach->server, &reach->errors);
	if (reach->rc < 0)
		buf_addf(&text, "%s: %s", reach->server, reach->err.text);
	else if (reach->status == SSH_FAILED)
		buf_addf(&text, "%s: cannot connect to %s, or the command exited with 255",
			reach->server, reach->destination);
	else if (reach->status)
		buf_addf(&text, "%s: exit code %d", reach->server, reach->status);
	if (text.len)
		show_message("error", text.data);
	buf_release(&text);
}

/* Selects the servers, each with its destination (owned), or with the reason why there is none. */
static size_t choose(
	struct invocation *inv, const struct fleet *fleet, const char *name, struct reach *reaches)
{
	bool all = !strcmp(name, "all");
	size_t count = 0;
	for (size_t i = 0; i < fleet->count; i++) {
		const struct server *server = &fleet->servers[i];
		struct buf destination = BUF_INIT;
		if (!all && strcmp(server->id, name) != 0)
			continue;
		struct reach *reach = &reaches[count++];
		*reach = (struct reach)REACH_INIT;
		reach->server = server->id;
		reach->rc = reach_find(&destination, inv->repo, server, &reach->err);
		reach->destination = buf_detach(&destination);
	}
	return count;
}

static int run_on(struct invocation *inv, const struct exec_options *given, struct reach *reaches,
	size_t count, const char *command)
{
	struct buf ssh = BUF_INIT;
	struct showing showing = { .inv = inv };
	struct reach *ready = xcalloc(count ? count : 1, sizeof(*ready));
	size_t ready_count = 0;
	show_json_begin(&showing.w);
	json_begin_member(&showing.w, "results", '[');
	for (size_t i = 0; i < count; i++) {
		if (reaches[i].rc < 0)
			show_one(&reaches[i], &showing);
		else
			ready[ready_count++] = reaches[i];
	}
	ssh_command(inv->repo, &ssh);
	reach_run(ready, ready_count, ssh.data, command, given->timeout * 1000, show_one, &showing);
	show_json_end(&showing.w, inv->json);
	if (!inv->json && count > 1 && !inv->quiet)
		show_line("%zu of %zu servers: exit code 0", count - showing.failed, count);
	int rc = showing.failed ? ANSWER_NO : ANSWER_YES;
	/* For one server, its own exit code. */
	if (showing.failed && count == 1 && ready_count && !ready[0].rc)
		rc = ready[0].status;
	for (size_t i = 0; i < ready_count; i++)
		reach_release(&ready[i]);
	free(ready);
	buf_release(&ssh);
	return rc;
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct exec_options *given = values;
	struct fleet fleet;
	struct buf command = BUF_INIT;
	if (operands->count < 2) {
		error_set(err, ERR_INVALID, "SERVER or all, and -- COMMAND are required");
		return ANSWER_USAGE;
	}
	int rc = fleet_take(&fleet, inv->repo, &inv->settings, !given->offline, inv->env, err);
	if (rc < 0)
		return rc;
	rc = reading_check_fleet(inv->repo, &inv->settings, &fleet.tip, err);
	if (rc < 0) {
		fleet_release(&fleet);
		return rc;
	}
	if (fleet.offline.code && !given->offline)
		show_message("warning", fleet.offline.text);
	struct reach *reaches = xcalloc(fleet.count + 1, sizeof(*reaches));
	size_t count = choose(inv, &fleet, operands->words[0], reaches);
	reach_quote(&command, operands->words + 1, operands->count - 1);
	if (count)
		rc = run_on(inv, given, reaches, count, command.data);
	else
		rc = error_set(err, ERR_NOT_FOUND, "no such server: '%s' (see 'git build status')",
			operands->words[0]);
	for (size_t i = 0; i < count; i++)
		free((char *)(uintptr_t)reaches[i].destination);
	free(reaches);
	buf_release(&command);
	fleet_release(&fleet);
	return rc;
}

const struct command command_exec = {
	.name = "exec",
	.summary = "run a command on other servers",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct exec_options),
	.needs = NEEDS_REPOSITORY,
	.shows = true,
	.operands = INT_MAX,
	.changes = true,
	.run = run,
};
