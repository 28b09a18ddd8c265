#include "base/buf.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char buf_empty[1];

void buf_release(struct buf *buf)
{
	if (buf->cap)
		free(buf->data);
	*buf = (struct buf)BUF_INIT;
}

void buf_reset(struct buf *buf)
{
	buf_truncate(buf, 0);
}

char *buf_detach(struct buf *buf)
{
	char *string = buf->cap ? buf->data : xstrdup("");
	*buf = (struct buf)BUF_INIT;
	return string;
}

void buf_grow(struct buf *buf, size_t extra)
{
	size_t need;
	if (__builtin_add_overflow(buf->len, extra, &need) ||
		__builtin_add_overflow(need, (size_t)1, &need))
		need = (size_t)-1; /* too much for any allocator: runs out of memory */
	if (need <= buf->cap)
		return;
	size_t cap = buf->cap + buf->cap / 2;
	if (cap < need)
		cap = need < 64 ? 64 : need;
	buf->data = xrealloc(buf->cap ? buf->data : NULL, cap);
	buf->cap = cap;
	buf->data[buf->len] = '\0';
}

void buf_truncate(struct buf *buf, size_t len)
{
	buf->len = len;
	if (buf->cap)
		buf->data[len] = '\0';
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (!len)
		return;
	buf_grow(buf, len);
	memcpy(buf->data + buf->len, bytes, len);
	buf_truncate(buf, buf->len + len);
}

void buf_addstr(struct buf *buf, const char *string)
{
	buf_add(buf, string, strlen(string));
}

void buf_addch(struct buf *buf, char byte)
{
	buf_add(buf, &byte, 1);
}

void buf_addf(struct buf *buf, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_vaddf(buf, format, args);
	va_end(args);
}

void buf_vaddf(struct buf *buf, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	if (len > 0) {
		buf_grow(buf, (size_t)len);
		vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
		buf->len += (size_t)len;
	}
	va_end(again);
}

void buf_add_quoted(struct buf *buf, const char *word)
{
	buf_addch(buf, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_addstr(buf, "'\\''");
		else
			buf_addch(buf, *word);
	}
	buf_addch(buf, '\'');
}

void buf_trim(struct buf *buf)
{
	static const char space[] = " \t\r\n";
	size_t start = 0;
	while (buf->len && strchr(space, buf->data[buf->len - 1]) && buf->data[buf->len - 1])
		buf->len--;
	while (start < buf->len && buf->data[start] && strchr(space, buf->data[start]))
		start++;
	if (start)
		memmove(buf->data, buf->data + start, buf->len - start);
	buf_truncate(buf, buf->len - start);
}
