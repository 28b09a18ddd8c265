/*
 * The format of a document (indentation, line breaks, separators), and formatting new text in the
 * same way. Used by json/edit.c, and for copying a value from one document to another.
 */
#ifndef JSON_LAYOUT_H
#define JSON_LAYOUT_H

#include "json/document.h"

/* The format of a whole document. */
struct json_layout {
	const char *newline; /* "\n" or "\r\n" */
	const char *colon;   /* ": ", ":" or " : " */
	const char *comma;   /* between children on one line: ", " or "," */
	bool lines;          /* does its outermost container, unless empty, have separate lines? */
	struct buf unit;     /* one level of indentation */
};

/* The format of the children of a container. */
struct json_place {
	const struct json_layout *layout;
	bool lines;         /* children are on separate lines */
	bool siblings_flat; /* containers among them are on one line */
	const char *indent; /* the indentation of a child's line */
	size_t indent_len;
	const char *lead; /* the text before the first child; NULL: there is none */
	size_t lead_len;
	const char *outer; /* indentation of the closing bracket if the container was empty */
	size_t outer_len;
	size_t depth;      /* levels of `layout->unit` to add to `indent`: 1 if it is the outer's */
	const char *comma; /* without `lines`: the text between two children */
	size_t comma_len;
	bool is_list_of_lines; /* of JSON Lines: each child is a line, and the last one ends too */
};

void json_layout_init(struct json_layout *layout, const struct json_doc *doc);
void json_layout_release(struct json_layout *layout);

/* The format of the children of `container`; borrows from both. */
void json_layout_place(const struct json_layout *layout, const struct json_doc *doc,
	const struct json_value *container, struct json_place *place);
/* The format of `value` itself, for replacing it by another value. */
void json_layout_place_of(const struct json_layout *layout, const struct json_doc *doc,
	const struct json_value *value, struct json_place *place);

/* Append the text before the first child of a container, between two children, and after the last.
 */
void json_layout_before_first(const struct json_place *place, struct buf *out);
void json_layout_between(const struct json_place *place, struct buf *out);
void json_layout_after_last(const struct json_place *place, struct buf *out);

/* Appends the JSON text `json` in the format of `place`: with its lines indented again, on one
 * line, or on separate lines, like its siblings. Returns ERR_INVALID if it is not valid JSON. */
int json_layout_value(const struct json_place *place, const char *json, size_t len, struct buf *out,
	struct error *err);

#endif
