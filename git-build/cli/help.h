/* The list of commands, and the manual pages. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

/* The options before the command. */
struct main_options {
	bool version;
};
extern const struct option main_options[];

/* Appends the list of commands, and the options before them. */
void help_list(struct buf *out);

/*
 * Opens the manual page of `command` (NULL: of git-build) with man(1), and does not return; the
 * page of this program takes precedence over one found by MANPATH. Without man(1), prints the -h
 * text instead.
 */
int help_open(const struct command *command, struct error *err);

#endif
