/* The repository that a command works in. */
#include "cli/command.h"
#include "cli/print.h"

#include "remote/repair.h"
#include "remote/tidy.h"

/* If the clone is damaged and cannot be repaired now, the command does what it can, and the next
 * command tries again. */
static void examine_after_start(struct invocation *inv)
{
	struct remote_settings remote = { inv->settings.remote, inv->settings.timeout_ms };
	struct error err = ERROR_INIT;
	if (repo_work_tree(inv->repo) && remote_exists(inv->repo, remote.name) &&
		repair_after_start(inv->repo, &remote, &err) < 0)
		show_message("warning", err.text);
}

int command_open(struct invocation *inv, struct error *err)
{
	int rc = repo_open(&inv->repo, NULL, err);
	if (rc < 0)
		return rc;
	rc = settings_load(&inv->settings, inv->repo, &inv->overrides, err);
	if (rc < 0) {
		repo_close(inv->repo);
		inv->repo = NULL;
		return rc;
	}
	examine_after_start(inv);
	if ((inv->verb ? inv->verb->needs : inv->command->needs) == NEEDS_SERVER)
		rc = settings_need_server(&inv->settings, err);
	if (rc < 0)
		command_close(inv);
	return rc;
}

void command_close(struct invocation *inv)
{
	if (!inv->repo)
		return;
	command_report_repair(inv);
	show_flush(); /* the answer need not wait */
	repo_tidy(inv->repo);
	settings_release(&inv->settings);
	repo_close(inv->repo);
	inv->repo = NULL;
}

bool command_repair(struct invocation *inv, int code)
{
	if (!inv->repo || !inv->settings.remote || !repo_work_tree(inv->repo) || code != ERR_FAILED)
		return false;
	struct remote_settings remote = { inv->settings.remote, inv->settings.timeout_ms };
	return repair(inv->repo, &remote, NULL) > 0;
}

void command_report_repair(struct invocation *inv)
{
	struct buf text = BUF_INIT;
	if (repair_report(inv->repo, &text))
		show_message("warning", text.data);
	buf_release(&text);
}
