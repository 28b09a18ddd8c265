/*
 * The measurements of this host for a heartbeat, from Linux's /proc (proc(5)) and statvfs(3).
 */
#ifndef HOST_MACHINE_H
#define HOST_MACHINE_H

#include "base/error.h"

#include <stdint.h>

struct machine {
	int64_t uptime_seconds; /* since boot */
	double cpu_usage;       /* per cent of all cores since the last sample; -1: unknown */
	double memory_used_gb;  /* GiB, without reclaimable memory; -1: unknown */
	double disk_free_gb; /* GiB that the user may write on the file system of `directory`; -1:
				unknown */
};

/* The counters of the previous measurement; all zero at first, for the usage since boot. */
struct machine_sample {
	uint64_t busy, total;
};

/* Measures the host, and updates `*sample`. A value that cannot be read is -1; this never fails. */
void machine_read(struct machine *out, struct machine_sample *sample, const char *directory);

/* Stores the IP address of the interface with the default route, or "127.0.0.1" if there is no such
 * route. Sends nothing. `out` has room for INET6_ADDRSTRLEN bytes. */
void machine_address(char out[46]);

#endif
