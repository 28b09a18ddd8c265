/* Making the text of a log safe for a terminal. */
#include "builds/log_text.h"
#include "cli/print.h"

#include <string.h>

enum { LINE_MOST = 65536, ESCAPE = 0x1b, BELL = 0x07 };

/* The length of the escape sequence at the start of `text`. */
static size_t sequence(const char *text, size_t len)
{
	size_t i = 2;
	if (len < 2)
		return len;
	if (text[1] == '[') { /* parameters, then a final byte */
		while (i < len && text[i] >= 0x20 && text[i] < 0x40)
			i++;
		return i < len ? i + 1 : i;
	}
	if (strchr("]PX^_", text[1])) { /* a string, up to its terminator */
		while (i < len && text[i] != BELL && text[i] != ESCAPE)
			i++;
		return i < len && text[i] == BELL ? i + 1 : i;
	}
	while (i - 1 < len && text[i - 1] >= 0x20 && text[i - 1] < 0x30)
		i++; /* ESC ( B */
	return i < len ? i : len;
}

static void add_piece(const char *text, size_t len, struct buf *out)
{
	struct buf plain = BUF_INIT;
	for (size_t i = 0; i < len;) {
		if (text[i] == ESCAPE)
			i += sequence(text + i, len - i);
		else
			buf_addch(&plain, text[i++]);
	}
	escape_add(out, plain.data, plain.len, true);
	buf_addch(out, '\n');
	buf_release(&plain);
}

/* Appends the held line: each part that a carriage return would overwrite becomes a line. */
static void add_line(struct log_text *log, struct buf *out)
{
	const char *at = log->held.data, *end = at + log->held.len;
	bool empty = true;
	for (const char *stop; at < end; at = stop + 1) {
		stop = memchr(at, '\r', (size_t)(end - at));
		if (!stop)
			stop = end;
		if (stop > at)
			add_piece(at, (size_t)(stop - at), out);
		empty = empty && stop == at;
	}
	if (empty)
		buf_addch(out, '\n');
	buf_reset(&log->held);
}

void log_text_add(struct log_text *log, const char *text, size_t len, struct buf *out)
{
	if (log->raw) {
		buf_add(out, text, len);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\n')
			buf_addch(&log->held, text[i]);
		if (text[i] == '\n' || log->held.len >= LINE_MOST)
			add_line(log, out);
	}
}

void log_text_end(struct log_text *log, struct buf *out)
{
	if (log->held.len)
		add_line(log, out);
	buf_release(&log->held);
}
