/* Serving the page of git build dashboard to browsers on this host. */
#ifndef SERVERS_DASHBOARD_SERVE_H
#define SERVERS_DASHBOARD_SERVE_H

#include "cli/command.h"

/*
 * Serves what `make` appends at http://127.0.0.1:PORT/ (0: any free port) until SIGINT or SIGTERM,
 * and prints the URL. Serves this host only; the page is made again after a few seconds.
 */
int dashboard_serve(struct invocation *inv, int64_t port,
	int (*make)(struct invocation *inv, struct buf *out, struct error *err), struct error *err);

#endif
