/*
 * The manifest of a job lists the artifacts of its build: <server>/logs/<job>-artifacts.json.
 *
 *	{ "job", "server", "type", "branch", "commit", "status": "success" or "failed",
 *	  "reason": why it failed, "created_at", "duration_seconds",
 *	  "folder": the absolute path of the directory with the files, on that server,
 *	  "log": "<server>/logs/<timestamp>.log" or ".log.gz",
 *	  "artifacts": [ { "name", "size", "sha256" } ] }
 *
 * The files themselves are not in git. A manifest is written by another server, and its strings are
 * used as file names and command-line arguments: manifest_read() refuses unsafe ones.
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
	MANIFEST_LIMIT = 4 << 20,   /* bytes of a manifest */
	MANIFEST_ARTIFACTS = 10000, /* files of one build */
};

struct artifact {
	char *name; /* checked by fleet_is_file_name() */
	int64_t size;
	char sha256[SHA256_SIZE]; /* in lower case */
};

struct manifest {
	/* All strings belong to the manifest; NULL if a member is missing. */
	char *job, *server, *status; /* never NULL after manifest_read() */
	char *type, *branch, *commit, *reason, *directory, *log;
	int64_t created_at; /* seconds since 1970 */
	int64_t duration;   /* seconds; -1: unknown */
	struct artifact *artifacts;
	size_t count, capacity;
};
#define MANIFEST_INIT                                                                              \
	{                                                                                          \
		.duration = -1                                                                     \
	}
/* Frees the content, and resets the manifest to MANIFEST_INIT. */
void manifest_release(struct manifest *manifest);

/*
 * Sets `directory` and `artifacts` of the manifest to the absolute path of `directory` and the
 * regular files in it, ordered by name. Hidden files, symbolic links and directories are ignored.
 * ERR_INVALID: the name of a file is not valid, or there are too many files.
 */
int manifest_take(struct manifest *manifest, const char *directory, struct error *err);

/* Computes the SHA-256 of the file `path`, in hexadecimal. ERR_FAILED if it cannot be read. */
int manifest_hash(const char *path, char out[SHA256_SIZE], struct error *err);

/* Appends the manifest as JSON. */
void manifest_write(const struct manifest *manifest, struct buf *out);

/*
 * Reads `text` into `out`, which must be MANIFEST_INIT; release it with manifest_release(). `name`
 * is the name of the text in errors. ERR_INVALID, with the location, if it is not a valid manifest;
 * `out` is empty then. Unknown members are ignored.
 */
int manifest_read(
	struct manifest *out, const char *text, size_t len, const char *name, struct error *err);

/* The artifact with that name; NULL if there is none. */
const struct artifact *manifest_find(const struct manifest *manifest, const char *name);
/* The total size of all artifacts in bytes. */
int64_t manifest_size(const struct manifest *manifest);

#endif
