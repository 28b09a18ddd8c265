/*
 * Reading the shared branch: as it is at the remote just now, or where that does not answer as it
 * was last fetched, and how old that is.
 */
#ifndef CLONE_READING_H
#define CLONE_READING_H

#include "base/env.h"
#include "clone/settings.h"
#include "json/document.h"

struct reading {
	struct repo *repo;
	struct oid tip;       /* of the shared branch; OID_NONE: it was never seen */
	int64_t now;          /* when it was read, seconds since 1970 */
	int64_t fetched_at;   /* when the remote last answered; 0: never */
	struct error offline; /* why it does not just now; code 0: it does, or was not asked */
};

/* Asks the remote (`fetch`), where failing to is no failure but `offline`. */
int reading_take(struct reading *out, struct repo *repo, const struct settings *settings,
	bool fetch, const struct env *env, struct error *err);

/*
 * The file `path` with its member `name`, which must be an array or an object; `*doc` is yours, to
 * be given to json_doc_free(). Where there is no such file `*doc` and `*member` are NULL. The same
 * of a file that cannot be read, with ERR_INVALID.
 */
int reading_document(const struct reading *reading, const char *path, const char *name,
	struct json_doc **doc, const struct json_value **member, struct error *err);

/*
 * Is this a fleet's repository, as its shared branch was fetched with `tip`: does that have a
 * coordination/, or is the repository still empty, so that it may become one? 0, ERR_INVALID if it
 * is something else, or the code of a failure to read it.
 */
int reading_check_fleet(struct repo *repo, const struct settings *settings, const struct oid *tip,
	struct error *err);

/* What of the remote was fetched: each has a time of its own. */
#define READING_BRANCH "fetched-branch" /* the shared branch */
#define READING_FLEET  "fetched"        /* that, and all beats */

/* `*out` is when `what` was last fetched with success, seconds since 1970; 0: never. */
int reading_fetched_at(struct repo *repo, const char *what, int64_t *out, struct error *err);
/* It was, just now. */
void reading_note_fetch(struct repo *repo, const char *what, int64_t now);

#endif
