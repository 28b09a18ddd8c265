/* A server's own status.json: the request that sets it, and what other operations do with it. */
#ifndef REQUEST_STATUS_H
#define REQUEST_STATUS_H

#include "fleet/status.h"
#include "host/machine.h"
#include "request/document.h"
#include "request/request.h"

/* Appends the request that sets the status, timestamp and system readings of `facts`->server.
 * Everything else in the file stays. `status` is checked (status_check()). */
void status_request(struct buf *out, const struct server_facts *facts,
	const struct machine *machine, const char *status, const struct env *env);

/* ---- for operations ---- */

/* Opens the status.json of request->server; a new one if it is missing or unreadable, since it only
 * says what the server knows anyway. */
int status_open(struct document *out, struct request *request, struct error *err);
/* Sets the status (NULL: unchanged) and the timestamp, which never goes back. */
void status_touch(struct document *document, const struct request *request, const char *status);
/* Records that the server's worker takes no jobs, and why; `reason` NULL: that it does. The time
 * since when is kept while it stays paused. */
void status_set_paused(
	struct document *document, const struct request *request, const char *reason);

#endif
