/* The repository that a command works in. */
#include "command.h"
#include "show.h"

#include "store/tidy.h"

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
	show_flush(); /* the answer need not wait */
	repo_tidy(inv->repo);
	settings_release(&inv->settings);
	repo_close(inv->repo);
	inv->repo = NULL;
}
