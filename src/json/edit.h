/*
 * Making new text from a document, by splicing: every byte that no edit names stays as it was.
 *
 * Edits are gathered against the document as it was parsed, and written in one go. They name values
 * of the document; the text of new values is JSON in any formatting, and takes on the indentation
 * of the place it goes to: where the siblings stand on lines of their own it does too, one line
 * otherwise; tabs, two or four spaces and CRLF as found around it.
 *
 *	struct json_edit *edit = json_edit_new(doc);
 *	json_edit_set(edit, status, "status", "\"idle\"", 6);
 *	json_edit_append(edit, messages, text, len);
 *	rc = json_edit_write(edit, &out, err);
 *	json_edit_free(edit);
 *
 * Edits of one container add up in the order in which they were made, so two appends append two
 * elements. Of several edits that set, replace or remove the same value the last one holds. Edits
 * inside a value that another edit replaces or removes are a bug of the caller's, and
 * json_edit_write() says so (ERR_FAILED).
 */
#ifndef JSON_EDIT_H
#define JSON_EDIT_H

#include "json/document.h"

struct json_edit;

/* An empty list of edits of `doc`, which must outlive it. Yours, to be given to json_edit_free().
 */
struct json_edit *json_edit_new(const struct json_doc *doc);
void json_edit_free(struct json_edit *edit);

/* Replaces the text of `value`. All texts are copied. */
void json_edit_replace(
	struct json_edit *edit, const struct json_value *value, const char *json, size_t len);
/* Sets the member `name` of `object` (decoded, `strlen` bytes): replaces its value, or adds the
 * member behind the others. A value that is equal already (json_equal) is left as it is spelled. */
void json_edit_set(struct json_edit *edit, const struct json_value *object, const char *name,
	const char *json, size_t len);
/* As json_edit_set, with the name's length given, so that it may contain NUL. */
void json_edit_set_n(struct json_edit *edit, const struct json_value *object, const char *name,
	size_t name_len, const char *json, size_t len);
/* As json_edit_set, with the value given as a string (NULL: null), a whole number or a truth value.
 */
void json_edit_set_string(struct json_edit *edit, const struct json_value *object, const char *name,
	const char *value);
void json_edit_set_int(
	struct json_edit *edit, const struct json_value *object, const char *name, int64_t value);
void json_edit_set_bool(
	struct json_edit *edit, const struct json_value *object, const char *name, bool value);
/* Removes a member or an element, with its comma and the line it stood on. Not the root. */
void json_edit_remove(struct json_edit *edit, const struct json_value *value);
/* Adds an element behind the last of `array`. */
void json_edit_append(
	struct json_edit *edit, const struct json_value *array, const char *json, size_t len);
/* Adds an element to `array` in front of the one at `index` (of the document as parsed); behind the
 * last where there are no more. */
void json_edit_insert(struct json_edit *edit, const struct json_value *array, size_t index,
	const char *json, size_t len);

/*
 * Appends the edited text to `out`. Without edits it is the document's text. The result is parsed
 * once more, and so is sound JSON or ERR_INVALID (new text that was none) with `out` unchanged.
 */
int json_edit_write(const struct json_edit *edit, struct buf *out, struct error *err);

#endif
