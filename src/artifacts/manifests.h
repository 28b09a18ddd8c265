/* The manifests of all servers on the shared branch. */
#ifndef ARTIFACTS_MANIFESTS_H
#define ARTIFACTS_MANIFESTS_H

#include "clone/reading.h"
#include "artifacts/manifest.h"

struct manifest_entry {
	char *path; /* on the shared branch */
	/* If there is a problem, has only the job and the server, from the path. */
	struct manifest manifest;
	char *problem; /* why the manifest cannot be read; NULL: it can */
};

struct manifest_list {
	struct manifest_entry *entries; /* the newest first, those with a problem last */
	size_t count, capacity;
};
void manifest_list_release(struct manifest_list *list);

/*
 * Reads the manifests of `server` (NULL: of all servers). A manifest that is not valid, or is in
 * the name of another server than that of its directory, is listed with its problem. Release with
 * manifest_list_release().
 */
int manifest_list_read(struct manifest_list *out, const struct reading *reading, const char *server,
	struct error *err);

/*
 * Stores the newest manifest of `job`, an ID or an unambiguous beginning of one, in `*out`; it
 * belongs to the list. ERR_NOT_FOUND; ERR_INVALID: the ID is ambiguous (the error lists the jobs),
 * or the manifest cannot be read.
 */
int manifest_list_find(const struct manifest_list *list, const char *job,
	const struct manifest **out, struct error *err);

#endif
