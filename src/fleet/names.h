/*
 * The names a fleet goes by: server ids, files, branches.
 *
 * The layout is the one that users of the shell scripts have:
 *
 *	<server>/status.json  <server>/heartbeat.json  <server>/logs/
 *	coordination/jobs.json  coordination/locks.json  coordination/messages.json
 *	shared/build_config.json  shared/health_dashboard.json
 */
#ifndef FLEET_NAMES_H
#define FLEET_NAMES_H

#include "base/buf.h"
#include "base/error.h"

#define FLEET_STATUS_FILE       "status.json"
#define FLEET_HEARTBEAT_FILE    "heartbeat.json"
#define FLEET_JOBS_PATH         "coordination/jobs.json"
#define FLEET_LOCKS_PATH        "coordination/locks.json"
#define FLEET_MESSAGES_PATH     "coordination/messages.json"
#define FLEET_BUILD_CONFIG_PATH "shared/build_config.json"
#define FLEET_DASHBOARD_PATH    "shared/health_dashboard.json"
#define FLEET_HEARTBEAT_BRANCH  "heartbeat-" /* and the server's id */
#define FLEET_BACKUP_BRANCH     "backup/"    /* the branch that was squashed, "-", and when */

enum { FLEET_ID_MAX = 63 };

/*
 * May `id` name a server? Letters, digits, '.', '_' and '-', at most 63, starting with a letter or
 * a digit, since it becomes a folder and a part of a branch name; not ending in ".lock" or '.',
 * without
 * "..", and none of the names that mean something else: all, null, operator, coordination, shared,
 * schemas, HEAD. 0 or ERR_INVALID with what would be right.
 */
int fleet_check_id(const char *id, struct error *err);

/* Appends `id`, which may be any text, as a file's name: letters, digits, '.', '_' and '-' as they
 * are, other bytes, and a '.' or '-' at the front, as %2E. */
void fleet_file_name(struct buf *out, const char *id);

/* Appends "<server>/<file>". */
void fleet_server_path(struct buf *out, const char *server, const char *file);

#endif
