/*
 * What a build has left behind, as its server tells the fleet: <server>/logs/<job>-artifacts.json.
 *
 *	{ "job", "server", "type", "branch", "commit", "status": "success" or "failed",
 *	  "reason": why it failed, "created_at", "duration_seconds",
 *	  "folder": where the files are, absolute, on that server,
 *	  "log": "<server>/logs/<timestamp>.log" or ".log.gz",
 *	  "artifacts": [ { "name", "size", "sha256" } ] }
 *
 * The files themselves stay outside git. What is read comes from others, and becomes names of files
 * and words of command lines: manifest_read() lets nothing through that cannot be one.
 */
#ifndef ARTIFACTS_MANIFEST_H
#define ARTIFACTS_MANIFEST_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_SUFFIX "-artifacts.json"

enum {
	SHA256_SIZE = 65,           /* in hexadecimal digits, and a NUL */
	MANIFEST_NAME_MAX = 200,    /* bytes of a name: room for a suffix */
	MANIFEST_LIMIT = 4 << 20,   /* bytes of a manifest */
	MANIFEST_ARTIFACTS = 10000, /* files of one build */
};

struct artifact {
	char *name; /* by manifest_name_ok() */
	int64_t size;
	char sha256[SHA256_SIZE]; /* in lower case */
};

struct manifest {
	/* All strings are the manifest's; NULL where it does not say. */
	char *job, *server, *status; /* never NULL in one that was read */
	char *type, *branch, *commit, *reason, *directory, *log;
	int64_t created_at; /* seconds since 1970 */
	int64_t duration;   /* seconds; -1: it does not say */
	struct artifact *artifacts;
	size_t count, capacity;
};
#define MANIFEST_INIT                                                                              \
	{                                                                                          \
		.duration = -1                                                                     \
	}
/* Frees what it holds; as fresh as MANIFEST_INIT. */
void manifest_release(struct manifest *manifest);

/*
 * May a file of a build, or a job that has builds, be called `name`? At most MANIFEST_NAME_MAX
 * bytes of UTF-8 without '/', '\' and control characters, that neither start with '.' or '-' nor
 * end in ".part", as files do that are fetched in part.
 */
bool manifest_name_ok(const char *name);

/*
 * Sets folder and artifacts to the absolute path of `folder` and the regular files in it, in the
 * order of their names; hidden ones, links and folders are passed by. ERR_INVALID: a file's name
 * will not do, or there are too many.
 */
int manifest_take(struct manifest *manifest, const char *directory, struct error *err);

/* The SHA-256 of file `path`, by sha256sum(1). ERR_NOT_FOUND: there is no such program. */
int manifest_hash(const char *path, char out[SHA256_SIZE], struct error *err);

/* Appends the manifest as a new file holds it. */
void manifest_write(const struct manifest *manifest, struct buf *out);

/*
 * Reads `text`, which errors call `name`, into `out` (MANIFEST_INIT, released by you). ERR_INVALID,
 * with the place, if it is no manifest; `out` is empty then. Members that are not known are passed
 * by.
 */
int manifest_read(
	struct manifest *out, const char *text, size_t len, const char *name, struct error *err);

/* The artifact called `name`, or NULL. */
const struct artifact *manifest_find(const struct manifest *manifest, const char *name);
/* The bytes of all artifacts. */
int64_t manifest_size(const struct manifest *manifest);

#endif
