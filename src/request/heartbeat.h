/* The request "heartbeat": a heartbeat on the shared branch, as older scripts send it (legacy
 * mode). Heartbeats on heartbeat branches need no request. */
#ifndef REQUEST_HEARTBEAT_H
#define REQUEST_HEARTBEAT_H

#include "fleet/heartbeat.h"
#include "request/request.h"

/* Appends the request that writes `heartbeat` to <heartbeat->server>/heartbeat.json. */
void heartbeat_request(struct buf *out, const struct heartbeat *heartbeat, const struct env *env);

#endif
