/* A server's own status.json on the coordination branch. */
#ifndef FLEET_STATUS_H
#define FLEET_STATUS_H

#include "base/env.h"
#include "fleet/settings.h"
#include "store/transaction.h"

/* The states a server may be in, as status.json spells them; ends with NULL. */
extern const char *const status_names[];

/* Is `status` one of them? ERR_INVALID lists them, and the nearest. */
int status_check(const char *status, struct error *err);

/* Appends a new status.json for settings->server at time `now`. */
void status_write_new(
	const struct settings *settings, const char *status, int64_t now, struct buf *out);

/*
 * Sets settings->server's status, timestamp (and system readings) in one transaction; the file is
 * made if it is missing. Every other member stays, known or not. `*result` as transaction_run().
 */
int status_set(struct repo *repo, const struct settings *settings, const char *status,
	const struct env *env, struct transaction_result *result, struct error *err);

#endif
