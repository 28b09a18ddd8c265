/*
 * Checks the files of a build in a directory of this host, and fetches them from the server that
 * built them.
 *
 * A file is written as NAME.part. If the transfer is interrupted, the next one continues it. The
 * file is renamed to NAME only if its SHA-256 matches the manifest. From another server, it is read
 * with ssh(1) and tail(1), which every host has and which can start at an offset. rsync would
 * transfer less only if a partial file is damaged, and then it is deleted instead.
 */
#ifndef ARTIFACTS_FETCH_H
#define ARTIFACTS_FETCH_H

#include "base/env.h"
#include "artifacts/manifest.h"

enum artifact_state {
	ARTIFACT_WHOLE,
	ARTIFACT_MISSING,
	ARTIFACT_OTHER_SIZE,
	ARTIFACT_OTHER_HASH,
};

/*
 * Stores the state of the file `artifact->name` in `directory` in `*state`, and its size in `*size`
 * (-1: missing). If it is not a regular file, it counts as missing.
 */
int artifact_check(const struct artifact *artifact, const char *directory,
	enum artifact_state *state, int64_t *size, struct error *err);

struct fetch {
	const char *from; /* the directory of the files, absolute */
	const char *to;   /* the directory to write to */
	/* The ssh destination and command, from clone/address.h; NULL: `from` is on this host. */
	const char *destination, *ssh;
	int64_t stall_ms; /* give up if no data is received for so long; 0: never */
	const struct env *env;
	/* Called from time to time with the number of bytes received. May be NULL. */
	void (*tell)(const struct artifact *artifact, int64_t done, void *data);
	void *data;
};

struct fetched {
	bool was_here;     /* the file existed and matched: nothing was done */
	int64_t part_size; /* bytes received by an earlier, interrupted transfer */
};

/*
 * Fetches one file. ERR_INVALID: the received file, which is deleted, or an existing file of that
 * name does not match the manifest. ERR_UNREACHABLE, ERR_TIMEOUT: the transfer was interrupted, and
 * the partial file is kept. ERR_BUSY: another process is fetching it.
 */
int fetch_artifact(const struct fetch *fetch, const struct artifact *artifact, struct fetched *out,
	struct error *err);

#endif
