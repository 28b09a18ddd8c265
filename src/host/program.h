/* Where the programs of git-build are, relative to the one that calls. */
#ifndef HOST_PROGRAM_H
#define HOST_PROGRAM_H

#include "base/buf.h"
#include "base/error.h"

/* Each appends an absolute path. ERR_FAILED if the program is missing. */

/* The program that users and git run. */
int program_path(struct buf *out, struct error *err);
/* The program with all subcommands. */
int program_full_path(struct buf *out, struct error *err);
/* The directory with git-build's hooks. */
int hooks_path(struct buf *out, struct error *err);

#endif
