/* Saying what became of a beat: for a person, or as one line of JSON. */
#ifndef SERVERS_HEARTBEAT_SHOW_H
#define SERVERS_HEARTBEAT_SHOW_H

#include "cli/command.h"

#include "heartbeat/heartbeat.h"

/* A line about the beat (nothing with -q), or JSON. */
void heartbeat_show_result(
	const struct invocation *inv, const struct heartbeat_result *result, bool healthy);

/* Where the server is not healthy and build.healthCheck said why: a warning with its words. */
void heartbeat_show_health(bool healthy, const struct buf *said);

#endif
