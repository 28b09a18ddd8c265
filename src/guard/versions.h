/*
 * The versions of a file to check, and those that were checked recently. These are kept because the
 * next version of the same file differs little from them, and because the check of the change to
 * the new tip needs them again.
 */
#ifndef GUARD_VERSIONS_H
#define GUARD_VERSIONS_H

#include "guard/guard.h"
#include "json/document.h"
#include "json/format.h"
#include "git/history.h"

/* The text of a file, and its document if it is valid. */
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
#define PROBLEM_INIT                                                                               \
	{                                                                                          \
		VIOLATION_BROKEN, ERROR_INIT                                                       \
	}

/*
 * Reads blob `oid`; OID_NONE is an empty version without a document. A file that is not valid in its
 * format, or has more than `limit` bytes, has no document either; the reason is in `problem` (may be
 * NULL). A file of no format has none, which is not a problem.
 * `like` (may be NULL) is a document with probably few differences, to parse less. Returns 0, or a
 * negative code if the blob cannot be read. Release with version_release().
 */
int version_read(struct version *version, struct repo *repo, size_t limit, const struct oid *oid,
	const char *path, enum json_format format, const struct json_doc *like,
	struct problem *problem, struct error *err);
void version_release(struct version *version);

/* Valid versions of a few files, one of each file, the newest first. Initialized with zeros. */
enum { RECENT_MOST = 4 };
struct recent {
	struct version versions[RECENT_MOST];
	size_t count;
	/* The lines that were added last to a list that only grows; no document: none. */
	struct version added;
	struct oid added_to;
};

/* Takes ownership of the version. It replaces the version of the same file or, if there is none and
 * no space, the oldest small one, or else the oldest. */
void recent_keep(struct recent *recent, struct version *version);
/* The document of the recent version of the file, borrowed until the next call; or NULL. */
const struct json_doc *recent_like(const struct recent *recent, const char *path);
/* Removes the version of `path` with this blob, and passes ownership of it to the caller. False if
 * there is none. */
bool recent_take(
	struct recent *recent, const char *path, const struct oid *blob, struct version *version);
/* The same for the lines that were added to blob `before`, of the last file of which they were kept:
 * the document of the version has only these lines. */
void recent_keep_added(struct recent *recent, const struct oid *before, struct version *version);
bool recent_take_added(
	struct recent *recent, const struct changed_file *file, struct version *version);
/* Whether lines were valid depends on the rules, so they are not kept longer than these. */
void recent_forget_added(struct recent *recent);
void recent_release(struct recent *recent);

#endif
