/*
 * Reads the shared branch: its current state at the remote or, if that cannot be reached, the state
 * that was last fetched, with its age.
 */
#ifndef CLONE_READING_H
#define CLONE_READING_H

#include "base/env.h"
#include "clone/settings.h"
#include "json/document.h"

struct reading {
	struct repo *repo;
	struct oid tip;       /* of the shared branch; OID_NONE: it was never fetched */
	int64_t now;          /* when it was read, seconds since 1970 */
	int64_t fetched_at;   /* when it was last fetched; 0: never */
	struct error offline; /* why fetching failed; code 0: it did not, or was not tried */
	/* Called with a warning about the file `path`, without a line feed; NULL: there are no
	 * warnings. Set by the caller. */
	void (*warn)(const char *path, const char *line, void *data);
	void *warn_data;
};

/* Reads the tip, after fetching the branch if `fetch`. If fetching fails, sets out->offline and
 * uses the last fetched state. ERR_NOT_FOUND: fetching failed, and there is no such state. */
int reading_take(struct reading *out, struct repo *repo, const struct settings *settings,
	bool fetch, const struct env *env, struct error *err);

/*
 * Parses the file `path` and finds its member `name`, which must be an array or an object; NULL: the
 * file itself, which must be an object. If the
 * file is not valid JSON or has no such member, it is read as `git build doctor --fix` would restore
 * it (request/repair.h), with warnings. Release `*doc` with json_doc_free(). `*doc` and `*member` are
 * NULL if the file does not exist, and if a negative code is returned: ERR_INVALID for an invalid
 * file that cannot be restored.
 */
int reading_document(const struct reading *reading, const char *path, const char *name,
	struct json_doc **doc, const struct json_value **member, struct error *err);

/*
 * Appends the content of the file `path`, which is not valid, as `git build doctor --fix` would
 * restore it, with warnings. ERR_INVALID: it cannot be restored.
 */
int reading_restored(
	const struct reading *reading, const char *path, struct buf *out, struct error *err);
/* Appends the content of the file `path` or, if its schema rejects that, the restored content.
 * ERR_NOT_FOUND: there is no such file; ERR_INVALID: it is not valid and cannot be restored. */
int reading_valid_text(
	const struct reading *reading, const char *path, struct buf *out, struct error *err);

/*
 * Checks that this is the repository of a fleet: its shared branch, fetched with `tip`, has a
 * directory coordination/, or the repository is still empty and may become one. Returns 0,
 * ERR_INVALID if it is another repository, or the code of an error while reading it.
 */
int reading_check_fleet(struct repo *repo, const struct settings *settings, const struct oid *tip,
	struct error *err);

/* The parts of the remote that are fetched; each has its own time. */
#define READING_BRANCH "fetched-branch" /* the shared branch */
#define READING_FLEET  "fetched"        /* the shared branch and all heartbeat branches */

/* Stores in `*out` when `what` was last fetched successfully, seconds since 1970; 0: never. */
int reading_fetched_at(struct repo *repo, const char *what, int64_t *out, struct error *err);
/* Records that `what` was fetched at `now`. Errors are ignored. */
void reading_note_fetch(struct repo *repo, const char *what, int64_t now);

#endif
