/* What the two programs that git-build is made of have in common: see quick.c. */
#ifndef CLI_DISPATCH_H
#define CLI_DISPATCH_H

/* Runs the subcommand that the command line names, of those in `commands`. Returns the exit code.
 */
int program_run(int argc, char **argv);

/* Lets the process end with 128, after one line, if memory runs out. program_run() does this
 * itself; a main that allocates before that calls it first. */
void program_set_memory_handler(void);

#endif
