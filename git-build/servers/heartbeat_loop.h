/* The loop of git build heartbeat --loop. */
#ifndef SERVERS_HEARTBEAT_LOOP_H
#define SERVERS_HEARTBEAT_LOOP_H

#include "cli/command.h"

/*
 * Records a heartbeat each settings->interval until SIGTERM or SIGINT, after which it pushes what
 * is pending; SIGHUP loads the settings again. An outage, or a full disk, is reported when it
 * begins and when it ends; the loop continues.
 *
 * ANSWER_YES after a signal, ANSWER_NO if another loop runs for this server on this host, a
 * negative code if it could not start, or could not push at its end.
 */
int heartbeat_loop_run(struct invocation *inv, bool unhealthy, struct error *err);

#endif
