/*
 * The request "init": the files that every fleet has, and those of one server, as they are when
 * new. Files that exist stay as they are; only the marked block in .gitattributes and .gitignore is
 * brought up to date. The answer lists what was "written".
 */
#ifndef REQUEST_LAYOUT_H
#define REQUEST_LAYOUT_H

#include "fleet/heartbeat.h"
#include "fleet/status.h"
#include "request/request.h"

/* A server that joins. */
struct layout_server {
	struct server_facts facts;
	int64_t interval, push_every; /* see struct beat */
	struct machine machine;       /* only its uptime is written */
};

/* Appends the request. */
void layout_request(struct buf *out, const struct layout_server *server, const struct env *env);

#endif
