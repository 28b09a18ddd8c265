/* The status.json of a server on the shared branch. */
#ifndef FLEET_STATUS_H
#define FLEET_STATUS_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

/* The values of "status" in status.json; ends with NULL. */
extern const char *const status_names[];

/* Is `status` one of them? ERR_INVALID lists them. */
int status_check(const char *status, struct error *err);

/* What a server reports about itself. The strings belong to the caller; NULL: unknown. */
struct server_facts {
	const char *server, *ip, *manager;
};
/* Appends a new status.json of `facts`->server at time `now` (seconds since 1970). */
void status_write_new(
	const struct server_facts *facts, const char *status, int64_t now, struct buf *out);

#endif
