/*
 * Versions of a file that are judged, and those that were judged last: the next version of the same
 * file differs little from it, and the step to the new tip wants it again.
 */
#ifndef GUARD_VERSIONS_H
#define GUARD_VERSIONS_H

#include "guard/guard.h"
#include "json/document.h"
#include "git/history.h"

/* A file's text, and its document where it is sound. */
struct version {
	struct oid blob;
	struct buf text;
	struct json_doc *doc;
};
#define VERSION_INIT                                                                               \
	{                                                                                          \
		OID_NONE, BUF_INIT, NULL                                                           \
	}

/* Why a version has no document; `why` has no code if it has one. */
struct problem {
	enum violation_kind kind;
	struct error why;
};
#define TROUBLE_INIT                                                                               \
	{                                                                                          \
		VIOLATION_BROKEN, ERROR_INIT                                                       \
	}

/*
 * Reads blob `oid` (OID_NONE: an empty version without a document). What is no JSON, or has more
 * than `limit` bytes, has no document; `trouble` (may be NULL) says why. `like` (NULL, or a
 * document) is one that it probably differs little from: then less is parsed.
 */
int version_read(struct version *version, struct repo *repo, size_t limit, const struct oid *oid,
	const char *path, const struct json_doc *like, struct problem *problem, struct error *err);
void version_release(struct version *version);

/* Does JSON stand in a file of that name? */
bool version_is_json(const char *path);

/* Sound versions of a few files, one of each, the newest first. All zero to start with. */
enum { RECENT_MOST = 4 };
struct recent {
	struct version versions[RECENT_MOST];
	size_t count;
};

/* Takes the version over, in the place of another of the same file, or else of the oldest. */
void recent_keep(struct recent *recent, struct version *version);
/* The document of the file's version that is kept, borrowed until the next call; or NULL. */
const struct json_doc *recent_like(const struct recent *recent, const char *path);
/* Hands out the version of `path` that is `blob`: it is yours. False if it is not there. */
bool recent_take(
	struct recent *recent, const char *path, const struct oid *blob, struct version *version);
void recent_release(struct recent *recent);

#endif
