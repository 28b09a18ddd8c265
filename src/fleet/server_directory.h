/*
 * The directories of servers.
 *
 * The directory of a server is a top-level directory whose name is a valid server ID, and whose
 * status.json or heartbeat.json names a server: it is an object with a string "server". A file that
 * cannot be read as JSON counts too, so that a damaged file does not remove its server from the
 * fleet. In any other directory, a status.json is an ordinary file.
 *
 * The string need not be the name of the directory: a fleet may have such servers, and the name of
 * the directory is their ID.
 */
#ifndef FLEET_SERVER_DIRECTORY_H
#define FLEET_SERVER_DIRECTORY_H

#include "base/buf.h"
#include "base/error.h"
#include "json/document.h"

#include <stdbool.h>

/* Does this status.json or heartbeat.json name a server? NULL: it cannot be read as JSON. */
bool server_is_named(const struct json_doc *doc);

/* Appends the file `path` to `out`. Returns 0; ERR_NOT_FOUND if it does not exist, or is a directory;
 * ERR_FAILED if that is not known; or another negative code if it cannot be read as a file. */
typedef int server_read(void *data, const char *path, struct buf *out, struct error *err);

/* Is `directory` the directory of a server, by the files that `read` reads? 1, 0, or ERR_FAILED. */
int server_directory(const char *directory, server_read *read, void *data, struct error *err);

/* Stores the built-in schema of the file `path` of the fleet in `*schema`; NULL if `path` is another
 * file, such as a status.json outside of the directories of servers. Returns 0 or ERR_FAILED. */
int server_schema_of(
	const char **schema, const char *path, server_read *read, void *data, struct error *err);

/* The same for a merge of two versions of the file, which are the files `ours` and `theirs` on disk
 * ("/dev/null": no such version; `theirs` may be NULL): one of them must name a server, or be standard
 * input ("-"). */
int server_schema_of_versions(const char **schema, const char *path, const char *ours,
	const char *theirs, struct error *err);

#endif
