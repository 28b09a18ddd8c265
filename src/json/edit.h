/*
 * Edits a document by splicing its text: every byte outside the edits is unchanged.
 *
 * Edits are collected for the document as it was parsed, and written at once. They refer to values
 * of the document. The text of new values is JSON in any format, and gets the indentation of its
 * new place: separate lines if its siblings have separate lines, otherwise one line; tabs, two or
 * four spaces, and CRLF like the text around it.
 *
 *	struct json_edit *edit = json_edit_new(doc);
 *	json_edit_set(edit, status, "status", "\"idle\"", 6);
 *	json_edit_append(edit, messages, text, len);
 *	rc = json_edit_write(edit, &out, err);
 *	json_edit_free(edit);
 *
 * Insertions into the same container are written in the order in which they were made: two appends
 * append two elements. If several edits set, replace or remove the same value, the last one is
 * used. Edits inside a value that another edit replaces or removes are a bug in the caller:
 * json_edit_write() returns ERR_FAILED.
 */
#ifndef JSON_EDIT_H
#define JSON_EDIT_H

#include "json/document.h"

struct json_edit;

/* An empty list of edits of `doc`, which must exist longer. Release it with json_edit_free(). */
struct json_edit *json_edit_new(const struct json_doc *doc);
void json_edit_free(struct json_edit *edit);

/* Replaces the text of `value`. All texts are copied. */
void json_edit_replace(
	struct json_edit *edit, const struct json_value *value, const char *json, size_t len);
/* Sets the member `name` (decoded, NUL-terminated) of `object`: replaces its value, or adds the
 * member at the end. The text of a value that is equal already (json_equal()) does not change. */
void json_edit_set(struct json_edit *edit, const struct json_value *object, const char *name,
	const char *json, size_t len);
/* Like json_edit_set(), with the length of the name, which may contain NUL. */
void json_edit_set_n(struct json_edit *edit, const struct json_value *object, const char *name,
	size_t name_len, const char *json, size_t len);
/* Like json_edit_set(), with a string (NULL: null), a whole number or a boolean as the value. */
void json_edit_set_string(struct json_edit *edit, const struct json_value *object, const char *name,
	const char *value);
void json_edit_set_int(
	struct json_edit *edit, const struct json_value *object, const char *name, int64_t value);
void json_edit_set_bool(
	struct json_edit *edit, const struct json_value *object, const char *name, bool value);
/* Removes a member or an element, with its comma and its line. The root cannot be removed. */
void json_edit_remove(struct json_edit *edit, const struct json_value *value);
/* Adds an element at the end of `array`. */
void json_edit_append(
	struct json_edit *edit, const struct json_value *array, const char *json, size_t len);
/* Adds an element to `array` before the one at `index` (of the document as parsed), or at the end
 * if there is none. */
void json_edit_insert(struct json_edit *edit, const struct json_value *array, size_t index,
	const char *json, size_t len);

/*
 * Appends the edited text to `out`. Without edits, it is the text of the document. The result is
 * parsed again: if it is not valid JSON, because a new value is not, returns ERR_INVALID with `out`
 * unchanged.
 */
int json_edit_write(const struct json_edit *edit, struct buf *out, struct error *err);

#endif
