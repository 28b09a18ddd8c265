/*
 * git build init: sets up a clone as a server of the fleet, or a bare repository as the shared one.
 *
 * It may be run again at any time: it keeps what is there, and adds what is missing.
 */
#include "cli/command.h"
#include "cli/print.h"

#include "base/alloc.h"
#include "base/file.h"
#include "host/program.h"
#include "fleet/names.h"
#include "setup/clone.h"

#include <stdlib.h>
#include <string.h>

struct init_options {
	const char *manager, *ip, *shared;
	bool remove;
};

static const struct option options[] = {
	OPT_STRING(0, "manager", "NAME", struct init_options, manager,
		"the person responsible for this server"),
	OPT_STRING(0, "ip", "ADDRESS", struct init_options, ip,
		"the server's address (default: detected)"),
	OPT_STRING(0, "shared", "PATH", struct init_options, shared,
		"set up PATH as the shared repository of the fleet"),
	OPT_FLAG(0, "remove", struct init_options, remove,
		"remove everything that init set up in this clone"),
	OPT_END,
};

static const struct option settings[] = {
	OPT_STRING(0, "server", "ID", struct overrides, server,
		"the ID of the server that this clone becomes"),
	OPT_END,
};

static const char *const synopsis[] = { "[--server ID] [--manager NAME] [--ip ADDRESS]",
	"--shared PATH", "--remove", NULL };

static void say_report(
	const struct invocation *inv, const struct setup_report *report, bool remove, bool failed)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct setup_step *step = &report->steps[i];
		if (step->missing)
			show_message("warning", step->what);
		else if (!inv->quiet && (step->changed || inv->verbose))
			show_line("%s", step->what);
	}
	if (!report->changes && !inv->quiet && !failed)
		show_line("%s", remove ? "nothing to remove" : "already set up; nothing changed");
}

static int set_up_clone(struct invocation *inv, struct setup_plan *plan, bool remove,
	struct setup_report *report, struct error *err)
{
	int rc = command_open(inv, err);
	if (!rc && remove)
		return setup_remove(inv->repo, report, err);
	if (!rc)
		rc = settings_need_server(&inv->settings, err);
	if (rc < 0)
		return rc;
	/* A copy, since setup_clone() loads the settings again. */
	char *server = xstrdup(inv->settings.server);
	plan->server = server;
	rc = setup_clone(inv->repo, &inv->settings, plan, inv->env, report, err);
	free(server);
	return rc;
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct init_options *given = values;
	struct buf hooks = BUF_INIT;
	struct setup_report report = { 0 };
	(void)operands;
	if (!!given->shared + given->remove + (given->manager || given->ip) > 1) {
		error_set(err, ERR_INVALID,
			"--shared, --remove and the options of a server cannot be combined");
		return ANSWER_USAGE;
	}
	int rc = hooks_path(&hooks, err);
	if (rc < 0)
		goto done;
	struct setup_plan plan = {
		.hooks_dir = hooks.data, .manager = given->manager, .ip = given->ip
	};
	if (given->shared)
		rc = setup_shared(given->shared, &plan, &report, err);
	else
		rc = set_up_clone(inv, &plan, given->remove, &report, err);
	say_report(inv, &report, given->remove, rc < 0);
done:
	setup_report_release(&report);
	buf_release(&hooks);
	return rc;
}

const struct command command_init = {
	.name = "init",
	.summary = "set up a clone as a server, or a repository as the shared one",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct init_options),
	.settings = settings,
	.needs = NEEDS_NOTHING,
	.changes = true,
	.run = run,
};
