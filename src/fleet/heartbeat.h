/* The document of a heartbeat: <server>/heartbeat.json. */
#ifndef FLEET_HEARTBEAT_H
#define FLEET_HEARTBEAT_H

#include "base/buf.h"
#include "host/machine.h"
#include "json/edit.h"

#include <stdbool.h>

struct heartbeat {
	const char *server;
	int64_t timestamp; /* seconds since 1970 */
	bool healthy;
	int64_t interval;   /* seconds between two heartbeats */
	int64_t push_every; /* the number of heartbeats per push */
	struct machine machine;
};

/*
 * Appends the heartbeat to `out`: `previous` (`len` bytes) with updated members, so that unknown
 * members and the formatting are kept, or a new document if `previous` is empty or not valid.
 */
void heartbeat_write(
	const struct heartbeat *heartbeat, const char *previous, size_t len, struct buf *out);

/* Sets the members of the heartbeat in the object `root`. */
void heartbeat_edit(
	const struct heartbeat *heartbeat, struct json_edit *edit, const struct json_value *root);

#endif
