/* Printing the result of a heartbeat, as a line of text or of JSON. */
#ifndef SERVERS_HEARTBEAT_SHOW_H
#define SERVERS_HEARTBEAT_SHOW_H

#include "cli/command.h"

#include "heartbeat/heartbeat.h"

/* Prints a line about the heartbeat (nothing with -q), or JSON. */
void heartbeat_show_result(
	const struct invocation *inv, const struct heartbeat_result *result, bool healthy);

/* If the server is unhealthy and build.healthCheck printed a reason: prints it as a warning. */
void heartbeat_show_health(bool healthy, const struct buf *said);

#endif
