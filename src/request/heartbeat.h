/* The request "heartbeat": a heartbeat on the shared branch itself, as the shell scripts send it
 * (legacy mode). Heartbeats on branches of their own need no request. */
#ifndef REQUEST_HEARTBEAT_H
#define REQUEST_HEARTBEAT_H

#include "fleet/heartbeat.h"
#include "request/request.h"

/* Appends the request that writes `beat`, of now, into <beat->server>/heartbeat.json. */
void heartbeat_request(struct buf *out, const struct heartbeat *heartbeat, const struct env *env);

#endif
