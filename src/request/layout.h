/*
 * The request "init" creates the coordination files and the files of one server. Existing files are
 * not changed, except for the marked block in .gitattributes and .gitignore, which is updated. The
 * member "written" of the answer lists the files.
 */
#ifndef REQUEST_LAYOUT_H
#define REQUEST_LAYOUT_H

#include "fleet/heartbeat.h"
#include "fleet/status.h"
#include "request/request.h"

/* A server that joins. */
struct layout_server {
	struct server_facts facts;
	int64_t interval, push_every; /* see struct heartbeat */
	struct machine machine;       /* only its uptime is written */
};

/* Appends the request. */
void layout_request(struct buf *out, const struct layout_server *server, const struct env *env);

#endif
