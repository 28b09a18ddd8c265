/* Limits on which all parts of git-build agree. */
#ifndef FLEET_LIMITS_H
#define FLEET_LIMITS_H

enum {
	/* Bytes of a coordination file: as many as a JSON document may have (json/document.h). */
	FLEET_DOCUMENT_LIMIT = 64 << 20,

	/* By how many seconds the clocks of two hosts may differ: doctor and health report more than
	 * the first (health: build.clockSkew), and the guard refuses files that are dated further in
	 * the future than the second. */
	FLEET_CLOCK_REPORTED = 120,
	FLEET_CLOCK_REFUSED = 300,

	/* Seconds between two heartbeats, and between two pushed heartbeats, of a server whose
	 * heartbeat is not known. */
	FLEET_INTERVAL = 60,
	FLEET_EXPECTED_INTERVAL = 300,

	/* A server is late, or silent, if its newest pushed heartbeat is older than this many expected
	 * intervals. */
	FLEET_LATE_TIMES = 2,
	FLEET_SILENT_TIMES = 3,
};

#endif
