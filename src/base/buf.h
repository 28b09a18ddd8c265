/*
 * A string of bytes that can grow.
 *
 * Invariants: `data` is never NULL and data[len] is '\0', even in a new buffer, so that `data` can
 * be used as a C string; the bytes before may contain NUL. A buffer owns its memory: initialize it
 * with BUF_INIT, release it with buf_release().
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap; /* 0: `data` is the shared empty string and is not freed */
};

extern char buf_empty[1];
#define BUF_INIT                                                                                   \
	{                                                                                          \
		buf_empty, 0, 0                                                                    \
	}

/* Frees the memory; the buffer is like BUF_INIT afterwards. */
void buf_release(struct buf *buf);
/* Makes the buffer empty, and keeps its memory for later use. */
void buf_reset(struct buf *buf);
/* Passes ownership of the string to the caller, who releases it with free(). The buffer is like
 * BUF_INIT afterwards. */
char *buf_detach(struct buf *buf);

/* Makes space for `extra` more bytes and the final NUL, so that adding them does not move the data.
 */
void buf_grow(struct buf *buf, size_t extra);
/* Truncates the content to `len` bytes, which must not be more than it has. */
void buf_truncate(struct buf *buf, size_t len);

void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_addstr(struct buf *buf, const char *string);
void buf_addch(struct buf *buf, char byte);
void buf_addf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *buf, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
/* Appends `word` in single quotes, so that sh(1) reads it as one word, for any content. */
void buf_add_quoted(struct buf *buf, const char *word);

/* Removes whitespace (space, tab, CR, LF) from both ends. */
void buf_trim(struct buf *buf);

#endif
