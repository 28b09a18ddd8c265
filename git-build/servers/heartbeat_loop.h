/* The loop of git build heartbeat --loop. */
#ifndef SERVERS_HEARTBEAT_LOOP_H
#define SERVERS_HEARTBEAT_LOOP_H

#include "cli/command.h"

/*
 * Beats each settings->interval until SIGTERM or SIGINT, which push what is pending; SIGHUP loads
 * the settings anew. A remote that is away, or a disk that is full, is said once and again when it
 * is over; the loop goes on.
 *
 * ANSWER_YES after a signal, ANSWER_NO if another loop beats for this server on this host, a
 * negative code if it could not start, or could not push at its end.
 */
int heartbeat_loop_run(struct invocation *inv, bool unhealthy, struct error *err);

#endif
