/* The manifests of all servers, as they stand on the shared branch. */
#ifndef ARTIFACTS_MANIFESTS_H
#define ARTIFACTS_MANIFESTS_H

#include "clone/reading.h"
#include "artifacts/manifest.h"

struct manifest_entry {
	char *path; /* on the shared branch */
	/* Empty, but for job and server by the path, where there is trouble. */
	struct manifest manifest;
	char *problem; /* why it cannot be read; NULL: it can */
};

struct manifest_list {
	struct manifest_entry *entries; /* the newest first, those in trouble last */
	size_t count, capacity;
};
void manifest_list_release(struct manifest_list *list);

/*
 * Reads the manifests of `server` (NULL: of all). One that is broken, or speaks for another server
 * than the one whose folder it is in, does not hide the others: it is listed with its trouble.
 */
int manifest_list_read(struct manifest_list *out, const struct reading *reading, const char *server,
	struct error *err);

/*
 * The newest manifest of `job`, which may be abbreviated as long as only one job's id starts so, in
 * `*out` (borrowed). ERR_NOT_FOUND; ERR_INVALID: several start so, the text names them, or it
 * cannot be read.
 */
int manifest_list_find(const struct manifest_list *list, const char *job,
	const struct manifest **out, struct error *err);

#endif
