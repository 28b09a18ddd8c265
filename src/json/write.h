/*
 * Writes new JSON: with two spaces of indentation, one member per line, "key": value.
 *
 * 	struct json_writer w = JSON_WRITER_INIT(&out);
 * 	json_begin(&w, '{');
 * 	json_put_string(&w, "server", "build1");
 * 	json_begin_member(&w, "tags", '[');
 * 	json_put_string(&w, NULL, "fast");
 * 	json_end(&w);
 * 	json_end(&w);
 * 	buf_addch(&out, '\n');
 *
 * The parameter `name` is the name of the member inside an object; it is NULL inside an array and
 * at the top. json_end() writes the right bracket; the caller must call it once for each container.
 * Invalid UTF-8 is replaced by U+FFFD.
 */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct json_writer {
	struct buf *out; /* borrowed; the text is appended */
	bool compact;    /* on one line, without spaces, for logs and --json streams */
	int depth;
	bool filled;                /* the open container is not empty */
	unsigned char closing[256]; /* the closing bracket of each open container */
};

#define JSON_WRITER_INIT(buffer)                                                                   \
	{                                                                                          \
		.out = (buffer)                                                                    \
	}

/* Opens an object ('{') or an array ('['), at the top or as an element of an array. */
void json_begin(struct json_writer *w, char bracket);
/* Opens an object or an array as the member `name` of an object. */
void json_begin_member(struct json_writer *w, const char *name, char bracket);
/* Closes the innermost container; an empty container is written as {} or []. */
void json_end(struct json_writer *w);

void json_put_string(struct json_writer *w, const char *name, const char *string);
/* NULL is written as null. */
void json_put_string_or_null(struct json_writer *w, const char *name, const char *string);
/* A timestamp; 0 is written as null. */
void json_put_time(struct json_writer *w, const char *name, int64_t seconds);
void json_put_string_n(struct json_writer *w, const char *name, const char *string, size_t len);
void json_put_int(struct json_writer *w, const char *name, int64_t number);
/* If the number is not known, null is written. */
void json_put_int_if(struct json_writer *w, const char *name, bool known, int64_t number);
/* With `decimals` digits after the point; a number that is not finite is written as null. */
void json_put_double(struct json_writer *w, const char *name, double number, int decimals);
void json_put_bool(struct json_writer *w, const char *name, bool value);
void json_put_null(struct json_writer *w, const char *name);
/* Writes JSON text unchanged. */
void json_put_raw(struct json_writer *w, const char *name, const char *json, size_t len);

/* Appends `string` to `out` as a JSON string, with quotes. */
void json_quote(struct buf *out, const char *string, size_t len);

#endif
