/*
 * Repairs coordination files that are not valid, or were deleted.
 *
 * The repaired file is the last valid version, with everything that can be read of the broken one:
 * an element of its list, or a member of the file, is taken if it is valid, and if its values do not
 * go back to an earlier state (x-immutable, x-increasing, x-transitions). What the valid version has
 * is never removed. Everything else is listed.
 *
 * The request "repair" repairs the files in its member "paths". It does nothing to a file that is
 * valid, so it can be repeated. All other requests repair the files that they open
 * (request/document.h), in the same way and in their own commit, but only from a valid version.
 */
#ifndef REQUEST_REPAIR_H
#define REQUEST_REPAIR_H

#include "base/env.h"
#include "fleet/validity.h"
#include "request/documents.h"

struct repair {
	/* Set by the caller: what a file without any valid version starts from. NULL: an empty list,
	 * if it is one (fleet/files.h); other files are not repaired then. */
	const char *fresh;
	struct buf text;  /* the repaired file */
	struct buf wrong; /* why the file is not valid */
	char from[41];    /* the commit with the last valid version; "": there is none */
	/* Why older versions were not searched; NULL: all were, or it does not matter. */
	const char *end;
	/* Lines about the broken version: what was taken from it, what of the valid version it does not
	 * have, and what of it was not taken and why. */
	struct buf applied, kept, dropped;
};
#define REPAIR_INIT                                                                                \
	{                                                                                          \
		.text = BUF_INIT, .wrong = BUF_INIT, .applied = BUF_INIT, .kept = BUF_INIT,        \
		.dropped = BUF_INIT                                                                \
	}
void repair_release(struct repair *repair);

/*
 * Repairs the content `text` of the file `path`; NULL: it was deleted. Returns 0, or ERR_INVALID if
 * there is no valid version to start from. Depends only on its arguments.
 */
int repair_text(struct repair *out, struct validity *validity, const char *path, const char *text,
	size_t len, const struct documents_history *history, struct error *err);

/* Reads `path` from the documents and repairs it if it is not valid. Returns 1 if it was repaired;
 * 0 if it is valid, or does not exist and never did; or a negative code. */
int repair_file(
	struct repair *out, struct documents *documents, const char *path, struct error *err);

/* Appends the warning about a file that is not valid. `is_saved`: this request restores it. */
void repair_describe(const struct repair *repair, const char *path, bool is_saved, struct buf *out);

/* Appends the request "repair" for `count` paths. */
void repair_request(struct buf *out, const char *server, const char *const *paths, size_t count,
	const struct env *env);

#endif
