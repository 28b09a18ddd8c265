/*
 * The files of a build, here: are they whole, and how they get here from the server that made them.
 *
 * What is fetched grows as NAME.part, goes on from there if it is cut off, and becomes NAME only
 * when its SHA-256 is the manifest's. From another server it comes over ssh(1) by tail(1), which
 * every host has and which can begin in the middle; rsync would move less only where a part is
 * wrong in between, and then it is the part that must go.
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
 * How the file `artifact->name` in `folder` is, in `*state`, and in `*size` how large (-1: it is
 * missing). What is no regular file is missing.
 */
int artifact_check(const struct artifact *artifact, const char *directory,
	enum artifact_state *state, int64_t *size, struct error *err);

struct fetch {
	const char *from; /* the folder of the files, absolute */
	const char *to;   /* where they go */
	/* Where `from` is, and the ssh command, as clone/address.h has them; NULL: on this host. */
	const char *destination, *ssh;
	int64_t stall_ms; /* gives up when nothing has come for so long; 0: never */
	const struct env *env;
	/* Told how many bytes of `artifact` are here, now and then. May be NULL. */
	void (*tell)(const struct artifact *artifact, int64_t done, void *data);
	void *data;
};

struct fetched {
	bool was_here;     /* whole already: nothing was done */
	int64_t part_size; /* bytes that an earlier try had left */
};

/*
 * Fetches one file. ERR_INVALID: what came, or a file of that name that was here before, is not
 * what the manifest says; what came is thrown away. ERR_UNREACHABLE, ERR_TIMEOUT: it was cut off,
 * and the part stays for the next try. ERR_BUSY: somebody else is fetching it.
 */
int fetch_artifact(const struct fetch *fetch, const struct artifact *artifact, struct fetched *out,
	struct error *err);

#endif
