/*
 * How a document is laid out, and how new text takes on that layout. Used by json/edit.c, and by
 * whoever carries a value from one document into another.
 */
#ifndef JSON_LAYOUT_H
#define JSON_LAYOUT_H

#include "json/document.h"

/* What holds for a whole document. */
struct json_layout {
	const char *newline; /* "\n" or "\r\n" */
	const char *colon;   /* ": ", ":" or " : " */
	const char *comma;   /* between children on one line: ", " or "," */
	bool lines;      /* does its outermost container, if it has content, use lines at all? */
	struct buf unit; /* one level of indentation */
};

/* What holds for the children of one container. */
struct json_place {
	const struct json_layout *layout;
	bool lines;         /* children stand on lines of their own */
	bool siblings_flat; /* containers among them stand on one line */
	const char *indent; /* what a child's line starts with */
	size_t indent_len;
	const char *lead; /* what stood in front of the first child; NULL: it has none */
	size_t lead_len;
	const char *outer; /* and the line of the closing bracket, where the container was empty */
	size_t outer_len;
	size_t depth; /* levels of `layout->unit` to add to `indent`: 1 where it is the outer's */
	const char *comma; /* without `lines`: what stands between two children */
	size_t comma_len;
};

void json_layout_init(struct json_layout *layout, const struct json_doc *doc);
void json_layout_release(struct json_layout *layout);

/* The place that `container`'s children have; borrows from both. */
void json_layout_place(const struct json_layout *layout, const struct json_doc *doc,
	const struct json_value *container, struct json_place *place);
/* The place that `value` itself has, to put another in its stead. */
void json_layout_place_of(const struct json_layout *layout, const struct json_doc *doc,
	const struct json_value *value, struct json_place *place);

/* Append what stands in front of a container's first child, between two, and behind the last. */
void json_layout_before_first(const struct json_place *place, struct buf *out);
void json_layout_between(const struct json_place *place, struct buf *out);
void json_layout_after_last(const struct json_place *place, struct buf *out);

/* Appends the JSON text `json`, laid out for `place`: its own lines re-indented, or put on one
 * line, or spread over lines, as the neighbours are. ERR_INVALID if it is no JSON. */
int json_layout_value(const struct json_place *place, const char *json, size_t len, struct buf *out,
	struct error *err);

#endif
