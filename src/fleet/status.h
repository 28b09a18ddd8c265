/* A server's own status.json on the coordination branch. */
#ifndef FLEET_STATUS_H
#define FLEET_STATUS_H

#include "request/document.h"
#include "request/request.h"

/* The states a server may be in, as status.json spells them; ends with NULL. */
extern const char *const status_names[];

/* Is `status` one of them? ERR_INVALID lists them. */
int status_check(const char *status, struct error *err);

/* Appends a new status.json for settings->server at time `now`. */
void status_write_new(
	const struct settings *settings, const char *status, int64_t now, struct buf *out);

/* Appends the request (request/request.h) that sets settings->server's status, timestamp and system
 * readings. Whatever else stands in the file stays. `status` is checked. */
void status_request(struct buf *out, struct repo *repo, const struct settings *settings,
	const char *status, const struct env *env);

/* ---- for operations ---- */

/* Opens the status.json of deed->server; a new one where it is missing or cannot be read, since it
 * only says what the server knows anyway. */
int status_open(struct document *out, struct deed *deed, struct error *err);
/* Sets the status (NULL: as it is) and the timestamp, which never goes back. */
void status_touch(struct document *document, const struct deed *deed, const char *status);
/* Records that the server's worker takes no jobs, and why; `reason` NULL: that it does. The time
 * since when is kept while it stays paused. */
void status_set_paused(struct document *document, const struct deed *deed, const char *reason);

#endif
