/* Showing the page of git build dashboard to browsers of this host. */
#ifndef SERVERS_DASHBOARD_SERVE_H
#define SERVERS_DASHBOARD_SERVE_H

#include "cli/command.h"

/*
 * Serves what `make` appends at http://127.0.0.1:PORT/ (0: any free port) until SIGINT or SIGTERM,
 * and says where. One request at a time, from this host only; a page is made anew after a few
 * seconds.
 */
int dashboard_serve(struct invocation *inv, int64_t port,
	int (*make)(struct invocation *inv, struct buf *out, struct error *err), struct error *err);

#endif
