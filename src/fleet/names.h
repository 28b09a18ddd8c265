/*
 * The names of a fleet: server IDs and branches.
 */
#ifndef FLEET_NAMES_H
#define FLEET_NAMES_H

#include "base/buf.h"
#include "base/error.h"

#define FLEET_HEARTBEAT_BRANCH "heartbeat-" /* followed by the server ID */
#define FLEET_BACKUP_BRANCH    "backup/"    /* followed by the squashed branch, "-", the time */

enum { FLEET_ID_MAX = 63 };

/*
 * Is `id` a valid server ID? It has at most 63 letters, digits, '.', '_' and '-', and starts with a
 * letter or a digit. It does not end in ".lock" or '.' and does not contain "..", because it is
 * used as the name of a directory and as part of a branch name. It is none of the reserved names
 * all, null, operator, coordination, shared, schemas and HEAD. Returns 0, or ERR_INVALID with the
 * rule that it breaks.
 */
int fleet_check_id(const char *id, struct error *err);

/* Appends `id`, which may be any text, as a file name: letters, digits, '.', '_' and '-' unchanged,
 * and other bytes, and a '.' or '-' at the start, as in %2E. */
void fleet_file_name(struct buf *out, const char *id);

#endif
