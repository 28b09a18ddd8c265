/*
 * git-build, called as `git build`: the program that starts quickly.
 *
 * Loading libgit2 and its dependencies takes longer than validating or merging a file. So there are
 * two programs, built from the same parts. This one has the subcommands that need no repository.
 * For every other subcommand it replaces itself with the full program (main.c). It does the same if
 * one of these subcommands turns out to need a repository: nothing has been done at that point, so
 * the command line is run again.
 */
#include "cli/command.h"
#include "cli/dispatch.h"
#include "cli/print.h"
#include "documents/validate.h"

#include "base/alloc.h"
#include "host/program.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct command *const commands[] = {
	&command_validate,
	&command_schema,
	&command_merge,
	&command_merge_driver,
	NULL,
};

/* A copy of the command line for the full program, since parsing reorders the words. */
static char **arguments;

static _Noreturn void become_full(void)
{
	struct buf path = BUF_INIT;
	struct error err = ERROR_INIT;
	if (!program_full_path(&path, &err)) {
		execv(path.data, arguments);
		error_errno(&err, ERR_FAILED, "cannot run %s", path.data);
	}
	show_message("fatal", err.text);
	exit(ANSWER_FATAL);
}

/* ---- what only the full program can do ---- */

int command_open(struct invocation *inv, struct error *err)
{
	(void)inv;
	(void)err;
	become_full();
}

void command_close(struct invocation *inv)
{
	(void)inv;
}

/* Without a repository there is nothing to repair. */
bool command_repair(struct invocation *inv, int code)
{
	(void)inv;
	(void)code;
	return false;
}

int validate_repository(struct validating *v, struct operands *operands)
{
	(void)v;
	(void)operands;
	become_full();
}

int main(int argc, char **argv)
{
	program_set_memory_handler();
	arguments = xcalloc((size_t)argc + 1, sizeof(*arguments));
	memcpy(arguments, argv, (size_t)argc * sizeof(*arguments));
	if (argc < 2 || !command_find(argv[1]))
		become_full();
	return program_run(argc, argv);
}
