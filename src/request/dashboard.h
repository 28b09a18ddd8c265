/*
 * The request "dashboard write": brings shared/health_dashboard.json up to date with what a server
 * has found (view/health_file.h makes the text).
 */
#ifndef REQUEST_DASHBOARD_H
#define REQUEST_DASHBOARD_H

#include "request/request.h"

/* A verdict of `server` about the fleet, made at `now` (seconds since 1970). */
struct dashboard_verdict {
	const char *server;
	int64_t now, interval;      /* the server's heartbeat interval in seconds */
	const struct json_doc *doc; /* an object with the members of the file */
};

/* Does the file, which is `doc`, need to be written? Not if it says the same (whatever the ages),
 * if a newer verdict is there, or if another server wrote one within the last interval. */
bool dashboard_is_due(const struct dashboard_verdict *verdict, const struct json_doc *doc);

/* Appends the request; `subject` is the commit's first line. */
void dashboard_request(struct buf *out, const struct dashboard_verdict *verdict,
	const char *subject, const struct env *env);

#endif
