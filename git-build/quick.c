/*
 * git-build, called as `git build`: the program that starts quickly.
 *
 * Loading libgit2, with all that it brings, takes longer than validating or merging a file. So
 * there are two programs, made of the same pieces. This one has the subcommands that need no
 * repository. It becomes the full one (main.c) for every other, and where one of its own finds that
 * it needs a repository after all: nothing has been done by then, so the command line is simply run
 * again.
 */
#include "cli/command.h"
#include "cli/dispatch.h"
#include "cli/print.h"
#include "documents/validate.h"

#include "base/alloc.h"

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

/* The command line, once more for the full program: parsing it moves the words around. */
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
