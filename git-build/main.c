/*
 * git-build with all of its subcommands. The quick program calls it for subcommands that need a
 * repository (quick.c).
 */
#include "cli/command.h"
#include "cli/dispatch.h"
#include "documents/validate.h"

const struct command *const commands[] = {
	&command_init,
	&command_status,
	&command_health,
	&command_metrics,
	&command_dashboard,
	&command_watch,
	&command_job,
	&command_lock,
	&command_message,
	&command_pull,
	&command_outbox,
	&command_notify,
	&command_heartbeat,
	&command_squash,
	&command_validate,
	&command_schema,
	&command_audit,
	&command_merge,
	&command_merge_driver,
	&command_doctor,
	&command_run,
	&command_logs,
	&command_artifacts,
	&command_package,
	&command_archive,
	&command_size,
	&command_install_service,
	&command_repos,
	&command_exec,
	&command_demo,
	&command_completion,
	&command_help,
	NULL,
};

static const struct repository_calls calls = {
	.open = command_open,
	.close = command_close,
	.repair = command_repair,
	.validate = validate_repository,
};

int main(int argc, char **argv)
{
	return program_run(&calls, argc, argv);
}
