/* What commands that talk to other servers have in common. */
#ifndef CLI_SSH_H
#define CLI_SSH_H

#include "cli/command.h"

enum { SSH_FAILED = 255 }; /* ssh's own exit code where it could not connect */

/* The ssh command, for a shell: GIT_SSH_COMMAND, core.sshCommand, or ssh without questions.
 * Borrowed from `out` or the environment. */
const char *ssh_command(struct invocation *inv, struct buf *out);

/* Replaces `out` by where `server` is reached, by what was fetched last. ERR_NOT_FOUND. */
int ssh_destination(struct invocation *inv, const char *server, struct buf *out, struct error *err);

#endif
