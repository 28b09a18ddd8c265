/*
 * The request "dashboard write": updates shared/health_dashboard.json with the health of the fleet
 * that a server has determined (view/health_file.h).
 */
#ifndef REQUEST_DASHBOARD_H
#define REQUEST_DASHBOARD_H

#include "request/request.h"

/* The health of the fleet, as determined by `server` at `now` (seconds since 1970). */
struct dashboard_verdict {
	const char *server;
	int64_t now, interval;      /* the server's heartbeat interval in seconds */
	const struct json_doc *doc; /* an object with the members of the file */
};

/* Does the file, with the content `doc`, need to be written? It does not if its content is the same
 * apart from ages, if it is newer, or if another server wrote it within the last interval. */
bool dashboard_is_due(const struct dashboard_verdict *verdict, const struct json_doc *doc);

/* Appends the request; `subject` is the first line of the commit message. */
void dashboard_request(struct buf *out, const struct dashboard_verdict *verdict,
	const char *subject, const struct env *env);

#endif
