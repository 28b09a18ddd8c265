/*
 * git-build, called as `git build`: the program that starts quickly.
 *
 * Loading libgit2 and its dependencies takes longer than validating or merging a file. So there are
 * two programs, built from the same parts. This one has the subcommands that need no repository.
 * For every other subcommand it replaces itself with the full program (main.c). It does the same if
 * one of these subcommands opens a repository: nothing has been done at that point, so the command
 * line is run again.
 */
#include "cli/command.h"
#include "cli/dispatch.h"
#include "cli/print.h"

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

/* Runs the command line in the full program. Returns only if that is not possible: ERR_FAILED. */
static int become_full(struct error *err)
{
	struct buf path = BUF_INIT;
	int rc = program_full_path(&path, err);
	if (!rc) {
		execv(path.data, arguments);
		rc = error_errno(err, ERR_FAILED, "cannot run %s", path.data);
	}
	buf_release(&path);
	return rc;
}

static int open_in_full(struct invocation *inv, struct error *err)
{
	(void)inv;
	return become_full(err);
}

static const struct repository_calls calls = { .open = open_in_full };

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	program_set_memory_handler();
	arguments = xcalloc((size_t)argc + 1, sizeof(*arguments));
	memcpy(arguments, argv, (size_t)argc * sizeof(*arguments));
	if (argc < 2 || !command_find(argv[1])) {
		become_full(&err);
		show_message("fatal", err.text);
		return ANSWER_FATAL;
	}
	return program_run(&calls, argc, argv);
}
