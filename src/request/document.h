/*
 * A coordination file in the hands of an operation: read as it stands on the branch, edited so that
 * whatever the operation does not know stays, and saved.
 */
#ifndef REQUEST_DOCUMENT_H
#define REQUEST_DOCUMENT_H

#include "json/edit.h"
#include "deliver/transaction.h"

/* Not to be used after the attempt of the transaction that it was opened in, whose text it reads.
 */
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
int document_open(struct document *out, struct transaction *tx, const char *path, const char *fresh,
	struct error *err);
/* As document_open(), and its member `name`, which must be of `type`, in `*member`. */
int document_open_with(struct document *out, struct transaction *tx, const char *path,
	const char *fresh, const char *name, enum json_type type, const struct json_value **member,
	struct error *err);
/* A document that holds `text`, whatever stands at `path`. */
int document_new(struct document *out, const char *path, const char *text, struct error *err);
/* Nothing happens to a document that is all zero. */
void document_close(struct document *document);

/* Writes the edited documents into the transaction: all of them or none. */
int document_save(
	struct document *documents, size_t count, struct transaction *tx, struct error *err);

#endif
