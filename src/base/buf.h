/*
 * A growing string of bytes.
 *
 * Invariants: `data` is never NULL and data[len] is '\0', also in a fresh buffer, so that it can be
 * handed to whatever wants a C string; the bytes before may contain NUL. A buffer owns its memory:
 * start with BUF_INIT, end with buf_release().
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

/* Frees the memory and leaves a buffer as fresh as BUF_INIT. */
void buf_release(struct buf *buf);
/* Forgets the content, keeps the memory for the next. */
void buf_reset(struct buf *buf);
/* Gives the string away: it is yours, to be given to free(). The buffer is fresh again. */
char *buf_detach(struct buf *buf);

/* Makes sure that `extra` more bytes (and the final NUL) fit without moving. */
void buf_grow(struct buf *buf, size_t extra);
/* Cuts the content to `len`, which must not be more than it has. */
void buf_truncate(struct buf *buf, size_t len);

void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_addstr(struct buf *buf, const char *string);
void buf_addch(struct buf *buf, char byte);
void buf_addf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *buf, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
/* Appends `word` in single quotes, so that sh(1) reads it as one word, whatever is in it. */
void buf_add_quoted(struct buf *buf, const char *word);

/* Takes white space (space, tab, CR, LF) off both ends. */
void buf_trim(struct buf *buf);

#endif
