/*
 * What a beat says of the machine it comes from, read from Linux's /proc (proc(5)) and statvfs(3).
 */
#ifndef HOST_MACHINE_H
#define HOST_MACHINE_H

#include "base/error.h"

#include <stdint.h>

struct machine {
	int64_t uptime_seconds; /* since boot */
	double cpu_usage;       /* per cent of all cores since the last reading; -1: not known */
	double memory_used_gb;  /* GiB, without what the kernel would give back; -1: not known */
	double disk_free_gb; /* GiB that the user may still write where `folder` lies; -1: not known
			      */
};

/* Counters to compare the next reading with; all zero at first: then the time since boot counts. */
struct machine_sample {
	uint64_t busy, total;
};

/* Reads the machine; what cannot be read is -1, so this never fails. `*sample` is brought up to
 * date. */
void machine_read(struct machine *out, struct machine_sample *sample, const char *directory);

/* The address that this machine has towards the world: that of the interface with the default
 * route, without sending anything; "127.0.0.1" where there is none. `out` has room for
 * INET6_ADDRSTRLEN. */
void machine_address(char out[46]);

#endif
