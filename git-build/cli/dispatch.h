/* The common entry point of the two programs of git-build: see quick.c. */
#ifndef CLI_DISPATCH_H
#define CLI_DISPATCH_H

struct repository_calls;

/* Runs the subcommand of `commands` that the command line names. Returns the exit code. */
int program_run(const struct repository_calls *calls, int argc, char **argv);

/* Makes the process exit with 128 after one line if memory runs out. program_run() does this
 * itself; a main that allocates before that calls it first. */
void program_set_memory_handler(void);

#endif
