/*
 * Is the content of a coordination file valid? The readers of the file, its repair and
 * `git build doctor` ask the same question here.
 *
 * A file is valid if it is JSON, an object, has the list that it is for, and matches its schema
 * (fleet/files.h). A repository may have replaced a built-in schema by its own; then only the rest
 * is checked, since readers can use the file.
 */
#ifndef FLEET_VALIDITY_H
#define FLEET_VALIDITY_H

#include "base/error.h"
#include "fleet/files.h"
#include "json/document.h"
#include "schema/schema.h"

struct validity;

/* Never fails. Compiles each schema when it is first needed. Free with validity_free(), which takes
 * NULL. */
struct validity *validity_new(void);
void validity_free(struct validity *validity);

/* The repository has its own schema with this name. */
void validity_replaced(struct validity *validity, const char *schema);

/* The schema of `file`, borrowed from `validity`; NULL if it has none, or has been replaced. */
const struct schema *validity_schema(struct validity *validity, const struct fleet_file *file);

/* The name of the member with the list of `file`; NULL: the file has no list. The list is an object
 * (locks) or an array. */
const char *fleet_list_name(const struct fleet_file *file);
enum json_type fleet_list_type(const struct fleet_file *file);

/* Returns 0, or ERR_INVALID with the text "PATH:LINE:COLUMN: problem". Files without a schema are
 * not checked. */
int validity_check(struct validity *validity, const char *path, const char *text, size_t len,
	struct error *err);
/* The same for a document. The text is without the path and the position, which is stored in `*at`
 * (may be NULL). */
int validity_check_document(struct validity *validity, const struct fleet_file *file,
	const struct json_doc *doc, struct json_position *at, struct error *err);

#endif
