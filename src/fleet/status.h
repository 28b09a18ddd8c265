/* A server's own status.json on the shared branch. */
#ifndef FLEET_STATUS_H
#define FLEET_STATUS_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

/* The states a server may be in, as written in status.json; ends with NULL. */
extern const char *const status_names[];

/* Is `status` one of them? ERR_INVALID lists them. */
int status_check(const char *status, struct error *err);

/* What a server says of itself. Borrowed; NULL: not known. */
struct server_facts {
	const char *server, *ip, *manager;
};
/* Appends a new status.json of `facts`->server at time `now` (seconds since 1970). */
void status_write_new(
	const struct server_facts *facts, const char *status, int64_t now, struct buf *out);

#endif
