/*
 * A coordination file that a request edits: it is read from the documents, edited so that unknown
 * members are not changed, and saved.
 */
#ifndef REQUEST_DOCUMENT_H
#define REQUEST_DOCUMENT_H

#include "json/edit.h"
#include "request/documents.h"

struct repair;

/* Valid until the documents from which it was opened are reset, because it uses their text. */
struct document {
	char *path;
	struct json_doc *doc;
	struct json_edit *edit;
	const struct json_value *root; /* an object */
	struct repair *repair;         /* NULL: the file is valid */
};

/*
 * Opens `path`, or a new document with the content `fresh` if it does not exist. If it is not JSON
 * or not an object, opens it as `git build doctor --fix` would restore it (request/repair.h), with a
 * warning; document_save() then restores it. ERR_INVALID, with the location, if it cannot be
 * restored. Release with document_close().
 */
int document_open(struct document *out, struct documents *documents, const char *path,
	const char *fresh, struct error *err);
/*
 * The same for a document that its writer can derive again, such as a status: one that was never
 * valid is restored from `fresh`, with everything that can be read of it. ERR_INVALID: it is not known
 * whether there was a valid version, because the history is not complete.
 */
int document_open_derived(struct document *out, struct documents *documents, const char *path,
	const char *fresh, struct error *err);
/* Opens the list at `path`, or an empty one, and stores its member `name`, which must be of `type`, in
 * `*member`. fleet_file(path) must have an empty content. A file without that member is restored as
 * well. */
int document_open_list(struct document *out, struct documents *documents, const char *path,
	const char *name, enum json_type type, const struct json_value **member, struct error *err);
/* Releases a document. Does nothing if it is all zero. */
void document_close(struct document *document);

/* Writes `count` edited documents to `documents`: all of them or none. */
int document_save(
	struct document *edited, size_t count, struct documents *documents, struct error *err);

#endif
