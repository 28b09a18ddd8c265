#include "json/write.h"

#include "base/timestamp.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void json_quote(struct buf *out, const char *string, size_t len)
{
	static const char escapes[32] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
	};
	buf_grow(out, len + 2);
	buf_addch(out, '"');
	size_t plain = 0; /* the start of the bytes that are written unchanged */
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)string[i];
		uint32_t point;
		size_t used = c < 0x80 ? 1 : utf8_decode(string + i, len - i, &point);
		if (used && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
			i += used;
			continue;
		}
		buf_add(out, string + plain, i - plain);
		if (!used)
			buf_addstr(out, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c < 0x20 && escapes[c])
			buf_addf(out, "\\%c", escapes[c]);
		else
			buf_addf(out, "\\u%04x", c);
		plain = ++i;
	}
	buf_add(out, string + plain, len - plain);
	buf_addch(out, '"');
}

/* Writes everything before a value: comma, line break, indentation, name. */
static void introduce(struct json_writer *w, const char *name)
{
	if (w->depth) {
		if (w->filled)
			buf_addch(w->out, ',');
		if (!w->compact) {
			buf_addch(w->out, '\n');
			for (int i = 0; i < w->depth; i++)
				buf_addstr(w->out, "  ");
		}
	}
	if (name) {
		json_quote(w->out, name, strlen(name));
		buf_addstr(w->out, w->compact ? ":" : ": ");
	}
	w->filled = true;
}

void json_begin(struct json_writer *w, char bracket)
{
	json_begin_member(w, NULL, bracket);
}

void json_begin_member(struct json_writer *w, const char *name, char bracket)
{
	introduce(w, name);
	buf_addch(w->out, bracket);
	w->closing[w->depth++] = bracket == '{' ? '}' : ']';
	w->filled = false;
}

void json_end(struct json_writer *w)
{
	w->depth--;
	if (w->filled && !w->compact) {
		buf_addch(w->out, '\n');
		for (int i = 0; i < w->depth; i++)
			buf_addstr(w->out, "  ");
	}
	buf_addch(w->out, (char)w->closing[w->depth]);
	w->filled = true;
}

void json_put_string_n(struct json_writer *w, const char *name, const char *string, size_t len)
{
	introduce(w, name);
	json_quote(w->out, string, len);
}

void json_put_string(struct json_writer *w, const char *name, const char *string)
{
	json_put_string_n(w, name, string, strlen(string));
}

void json_put_string_or_null(struct json_writer *w, const char *name, const char *string)
{
	if (string)
		json_put_string(w, name, string);
	else
		json_put_null(w, name);
}

void json_put_time(struct json_writer *w, const char *name, int64_t seconds)
{
	char text[TIMESTAMP_SIZE];
	json_put_string_or_null(w, name, seconds ? timestamp_format(seconds, text) : NULL);
}

void json_put_raw(struct json_writer *w, const char *name, const char *json, size_t len)
{
	introduce(w, name);
	buf_add(w->out, json, len);
}

void json_put_int(struct json_writer *w, const char *name, int64_t number)
{
	introduce(w, name);
	buf_addf(w->out, "%lld", (long long)number);
}

void json_put_int_if(struct json_writer *w, const char *name, bool known, int64_t number)
{
	if (known)
		json_put_int(w, name, number);
	else
		json_put_null(w, name);
}

void json_put_double(struct json_writer *w, const char *name, double number, int decimals)
{
	if (!isfinite(number)) {
		json_put_null(w, name);
		return;
	}
	introduce(w, name);
	buf_addf(w->out, "%.*f", decimals, number);
}

void json_put_bool(struct json_writer *w, const char *name, bool value)
{
	introduce(w, name);
	buf_addstr(w->out, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *name)
{
	introduce(w, name);
	buf_addstr(w->out, "null");
}
