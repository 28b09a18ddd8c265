/* The list of commands, and the manual pages. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

/* What may stand before the command. */
struct main_options {
	bool version;
};
extern const struct option main_options[];

/* Appends the list of commands, and the options before them. */
void help_list(struct buf *out);

/*
 * Opens the manual page of `command` (NULL: git-build's own) with man(1), which does not return;
 * the page that belongs to this program counts before one that MANPATH finds. Where there is no
 * man(1), what -h shows has to do.
 */
int help_open(const struct command *command, struct error *err);

#endif
