/*
 * Heartbeats from a worker: one each settings->interval while no heartbeat loop runs on this host.
 * Without heartbeats, the server would seem to be dead during a long build, and its job would be
 * assigned to another server.
 */
#ifndef WORKER_KEEPALIVE_H
#define WORKER_KEEPALIVE_H

#include "base/env.h"
#include "clone/settings.h"

struct pulse {
	struct repo *repo;
	const struct settings *settings;
	const struct env *env;
	int64_t next_ms; /* when the next heartbeat is due, on the monotonic clock */
};

/* Sends a heartbeat if one is due and no heartbeat loop runs. If that fails, the next call in which
 * one is due tries again. */
void keepalive_send(struct pulse *pulse);

#endif
