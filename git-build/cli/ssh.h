/* Functions shared by commands that connect to other servers. */
#ifndef CLI_SSH_H
#define CLI_SSH_H

#include "cli/command.h"

enum { SSH_FAILED = 255 }; /* ssh's exit code if it cannot connect */

/* Replaces `out` with the ssh destination of `server`, from the last fetched state. ERR_NOT_FOUND. */
int ssh_destination(struct invocation *inv, const char *server, struct buf *out, struct error *err);

#endif
