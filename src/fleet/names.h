/*
 * The names of a fleet: which ones are valid, and its branches.
 */
#ifndef FLEET_NAMES_H
#define FLEET_NAMES_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>

#define FLEET_HEARTBEAT_BRANCH "heartbeat-" /* followed by the server ID */
#define FLEET_BACKUP_BRANCH    "backup/"    /* followed by the squashed branch, "-", the time */

enum {
	FLEET_ID_MAX = 63,
	FLEET_LOCK_NAME_MAX = 100,
	FLEET_FILE_NAME_MAX = 200, /* bytes; a file name has room for a suffix */
};

/*
 * Is `id` a valid server ID? It has at most 63 letters, digits, '.', '_' and '-', and starts with a
 * letter or a digit. It does not end in ".lock" or '.' and does not contain "..", because it is
 * used as the name of a directory and as part of a branch name. It is none of the reserved names
 * all, null, operator, coordination, shared, schemas and HEAD. Returns 0, or ERR_INVALID with the
 * rule that it breaks.
 */
int fleet_check_id(const char *id, struct error *err);

/* Is `name` a valid name of a lock: at most 100 letters, digits and ".-_:@+", not starting with '.'
 * or '-'? ERR_INVALID if not. */
int fleet_check_lock_name(const char *name, struct error *err);

/*
 * Is `name` valid as the name of an artifact, or as the ID of a job with a build? It has at most
 * FLEET_FILE_NAME_MAX bytes of UTF-8 without '/', '\' and control characters, does not start with
 * '.' or '-', and does not end in ".part", the suffix of a partial file.
 */
bool fleet_is_file_name(const char *name);

/* Appends `id`, which may be any text, as a file name: letters, digits, '.', '_' and '-' unchanged,
 * and other bytes, and a '.' or '-' at the start, as in %2E. */
void fleet_file_name(struct buf *out, const char *id);

#endif
