/*
 * A coordination file that an operation edits: read from the documents, edited so that members the
 * operation does not know stay as they are, and saved.
 */
#ifndef REQUEST_DOCUMENT_H
#define REQUEST_DOCUMENT_H

#include "json/edit.h"
#include "request/documents.h"

/* Valid until the documents that it was opened from are reset: it borrows their text. */
struct document {
	char *path;
	struct json_doc *doc;
	struct json_edit *edit;
	const struct json_value *root; /* an object */
};

/*
 * Opens `path`; where it is missing, a new one that holds `fresh`. ERR_INVALID with the place if it
 * is no JSON, or no object. To be given to document_close().
 */
int document_open(struct document *out, struct documents *documents, const char *path,
	const char *fresh, struct error *err);
/* As document_open(), and its member `name`, which must be of `type`, in `*member`. */
int document_open_with(struct document *out, struct documents *documents, const char *path,
	const char *fresh, const char *name, enum json_type type, const struct json_value **member,
	struct error *err);
/* A document that holds `text`, whatever stands at `path`. */
int document_new(struct document *out, const char *path, const char *text, struct error *err);
/* Nothing happens to a document that is all zero. */
void document_close(struct document *document);

/* Writes `count` edited documents into `documents`: all of them or none. */
int document_save(
	struct document *edited, size_t count, struct documents *documents, struct error *err);

#endif
