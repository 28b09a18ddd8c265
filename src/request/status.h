/* The status.json of a server: the request that sets it, and changes by other requests. */
#ifndef REQUEST_STATUS_H
#define REQUEST_STATUS_H

#include "fleet/status.h"
#include "host/machine.h"
#include "request/document.h"
#include "request/request.h"

/* Appends the request that sets the status, the timestamp and the system values of `facts`->server.
 * Other members of the file are kept. `status` must be valid (status_check()). */
void status_request(struct buf *out, const struct server_facts *facts,
	const struct machine *machine, const char *status, const struct env *env);

/* ---- for operations ---- */

/* Opens the status.json of request->server, or a new one if it does not exist or is not valid,
 * because the server can provide its content again. */
int status_open(struct document *out, struct request *request, struct error *err);
/* Sets the status (NULL: unchanged) and the timestamp, which never goes back. */
void status_touch(struct document *document, const struct request *request, const char *status);
/* Records that the server's worker is paused, with the reason; NULL: not paused. While it remains
 * paused, the time at which the pause began is kept. */
void status_set_paused(
	struct document *document, const struct request *request, const char *reason);

#endif
