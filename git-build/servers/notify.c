/*
 * git build notify: runs build.notifyCommand for each new event, once. A heartbeat loop does the
 * same.
 */
#include "cli/coordination.h"
#include "cli/print.h"

#include "clone/reading.h"
#include "notify/notices.h"

struct notify_options {
	bool dry_run;
};

static const struct option options[] = {
	OPT_FLAG(0, "dry-run", struct notify_options, dry_run, "run no command, print the events"),
	OPT_END,
};

static const char *const synopsis[] = { "[--dry-run] [--server ID] [--json]", NULL };

static void show(const struct invocation *inv, const struct notices *notices)
{
	struct buf text = BUF_INIT;
	for (size_t i = 0; i < notices->count; i++) {
		if (inv->json)
			notice_write(&text, &notices->list[i], &inv->settings, inv->env);
		else if (!inv->quiet)
			show_line("%s", notices->list[i].text);
	}
	show_text(&text);
	buf_release(&text);
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct notify_options *given = values;
	struct fleet fleet;
	struct reading reading;
	struct notices notices = { 0 };
	struct buf command = BUF_INIT;
	(void)operands;
	bool has_command = repo_config(inv->repo, "build.notifyCommand", &command);
	buf_release(&command);
	if (!has_command && !given->dry_run)
		return error_set(err, ERR_INVALID, "no notify command; set build.notifyCommand");
	int rc = fleet_take(&fleet, inv->repo, &inv->settings, true, inv->env, err);
	if (rc < 0)
		return rc;
	if (fleet.offline.code)
		show_message("warning", fleet.offline.text);
	rc = reading_take(&reading, inv->repo, &inv->settings, false, inv->env, err);
	if (!rc)
		rc = (given->dry_run ? notices_find : notices_report)(
			&notices, inv->repo, &inv->settings, &fleet, &reading.tip, inv->env, err);
	show(inv, &notices);
	notices_release(&notices);
	fleet_release(&fleet);
	return rc;
}

const struct command command_notify = {
	.name = "notify",
	.summary = "run a command for each new event",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct notify_options),
	.settings = coordination_server,
	.needs = NEEDS_SERVER,
	.shows = true,
	.changes = true,
	.run = run,
};
