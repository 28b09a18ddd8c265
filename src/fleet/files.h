/*
 * The files of a fleet: the one table of their paths, schemas and first contents.
 *
 * The layout is that of the older shell scripts. In a pattern, "*" matches one or more characters
 * other than '/'.
 */
#ifndef FLEET_FILES_H
#define FLEET_FILES_H

#include "base/buf.h"
#include "json/format.h"

#include <stdbool.h>

#define FLEET_STATUS_FILE        "status.json"    /* below the directory of a server */
#define FLEET_HEARTBEAT_FILE     "heartbeat.json" /* below the directory of a server */
#define FLEET_JOBS_PATH          "coordination/jobs.json"
#define FLEET_LOCKS_PATH         "coordination/locks.json"
#define FLEET_MESSAGES_PATH      "coordination/messages.json"
#define FLEET_BUILD_CONFIG_PATH  "shared/build_config.json"
#define FLEET_DASHBOARD_PATH     "shared/health_dashboard.json"
#define FLEET_MESSAGE_RULES_PATH "shared/message_rules.json"
#define FLEET_ARCHIVE_DIRECTORY  "coordination/archive"
#define FLEET_SCHEMAS_DIRECTORY  "schemas" /* the schemas of the repository */

enum fleet_kind {
	FLEET_STATUS,
	FLEET_HEARTBEAT,
	FLEET_MANIFEST,
	FLEET_LOG,
	FLEET_JOBS,
	FLEET_ARCHIVE,
	FLEET_LOCKS,
	FLEET_MESSAGES, /* and the statistics of messages */
	FLEET_BUILD_CONFIG,
	FLEET_MESSAGE_RULES,
	FLEET_DASHBOARD,
	FLEET_OTHER
};

struct fleet_file {
	enum fleet_kind kind;
	const char *pattern; /* NULL: all other files */
	const char *schema;  /* the built-in schema; NULL: no schema */
	const char *empty;   /* the content of a file without elements; NULL: not a list */
};

/* The row for `path`, a path from the top of the repository; never NULL. A row FLEET_STATUS or
 * FLEET_HEARTBEAT applies only in the directory of a server (fleet/server_directory.h): see
 * fleet_needs_server(). */
const struct fleet_file *fleet_file(const char *path);

/* Is `path` a file of the fleet only if its top-level directory is that of a server? If so, and if
 * `directory` is not NULL, appends the name of that directory. */
bool fleet_needs_server(const char *path, struct buf *directory);
/* Is `schema` what fleet_attributes() assigns to `path`? In a directory that is not a server's, that
 * attribute has no effect. */
bool fleet_assigns(const char *path, const char *schema);

/* May the attribute -build-schema exempt `path` from checks? Not a file of the fleet, nor a schema. */
bool fleet_may_be_exempt(const char *path);
/* The format of `path` by its name and its attribute (json/format.h). Only the name
 * counts for files with a built-in schema, and for schemas. */
enum json_format fleet_format(const char *path, const char *attribute);

/* Appends the git attributes with the merge driver and the schema of each file. */
void fleet_attributes(struct buf *out);

/* The top-level directories that belong to the whole fleet, and never to a server; ends with NULL. */
extern const char *const fleet_common_directories[];

/* Appends "<server>/<file>". */
void fleet_server_path(struct buf *out, const char *server, const char *file);

#endif
