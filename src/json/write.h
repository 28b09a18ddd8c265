/*
 * Writing new JSON: two spaces of indentation, a member a line, "key": value.
 *
 *	struct json_writer w = JSON_WRITER_INIT(&out);
 *	json_begin(&w, '{');
 *	json_put_string(&w, "server", "build1");
 *	json_begin_member(&w, "tags", '[');
 *	json_put_string(&w, NULL, "fast");
 *	json_end(&w);
 *	json_end(&w);
 *	buf_addch(&out, '\n');
 *
 * Where the functions take `name`, it is the member's name inside an object and NULL inside an
 * array and at the top. The writer closes what was opened, in order, by itself; balance is the
 * caller's. Text that is not valid UTF-8 is written with U+FFFD in place of what is not.
 */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct json_writer {
	struct buf *out; /* borrowed; only appended to */
	bool compact;    /* all on one line, without spaces, as for logs and --json streams */
	int depth;
	bool filled;                /* the container that is open has a member already */
	unsigned char closing[256]; /* what closes each open container */
};

#define JSON_WRITER_INIT(buffer)                                                                   \
	{                                                                                          \
		.out = (buffer)                                                                    \
	}

/* Opens an object ('{') or an array ('['), at the top or as an array's element. */
void json_begin(struct json_writer *w, char bracket);
/* The same as the member `name` of an object. */
void json_begin_member(struct json_writer *w, const char *name, char bracket);
/* Closes what was opened last; an empty container is written as {} or []. */
void json_end(struct json_writer *w);

void json_put_string(struct json_writer *w, const char *name, const char *string);
/* NULL is written as null. */
void json_put_string_or_null(struct json_writer *w, const char *name, const char *string);
/* A timestamp; 0 is written as null. */
void json_put_time(struct json_writer *w, const char *name, int64_t seconds);
void json_put_string_n(struct json_writer *w, const char *name, const char *string, size_t len);
void json_put_int(struct json_writer *w, const char *name, int64_t number);
/* With `decimals` digits behind the point; what is not finite is written as null. */
void json_put_double(struct json_writer *w, const char *name, double number, int decimals);
void json_put_bool(struct json_writer *w, const char *name, bool value);
void json_put_null(struct json_writer *w, const char *name);
/* Text that is JSON already, taken as it is. */
void json_put_raw(struct json_writer *w, const char *name, const char *json, size_t len);

/* Appends `string` to `out` as a JSON string, with quotes. */
void json_quote(struct buf *out, const char *string, size_t len);

#endif
