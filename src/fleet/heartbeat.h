/* The document of one beat: <server>/heartbeat.json. */
#ifndef FLEET_HEARTBEAT_H
#define FLEET_HEARTBEAT_H

#include "base/buf.h"
#include "host/machine.h"

#include <stdbool.h>

struct heartbeat {
	const char *server;
	int64_t timestamp; /* seconds since 1970 */
	bool healthy;
	int64_t interval;   /* what the server promises: seconds from beat to beat */
	int64_t push_every; /* and how many of them come at once */
	struct machine machine;
};

/*
 * Appends the beat to `out`: `previous` (`len` bytes) with its members brought up to date, so that
 * members of others and its layout stay, or a new document where that is empty or broken.
 */
void heartbeat_write(
	const struct heartbeat *heartbeat, const char *previous, size_t len, struct buf *out);

#endif
