/*
 * Signs of life from a worker: beats, each settings->interval, for as long as no heartbeat loop of
 * this host gives them. Without them a long build would look like a server that has died, and its
 * job would be given to another.
 */
#ifndef WORKER_KEEPALIVE_H
#define WORKER_KEEPALIVE_H

#include "base/env.h"
#include "clone/settings.h"

struct pulse {
	struct repo *repo;
	const struct settings *settings;
	const struct env *env;
	int64_t next_ms; /* when it is due, on the steady clock */
};

/* Beats if one is due, and nobody else does. What goes wrong is for the next time. */
void keepalive_send(struct pulse *pulse);

#endif
