/*
 * A text with its length, which need not end with a NUL: usually a borrowed part of a document.
 *
 * It must not be printed with %s, which would read past its end; tests/lint checks that.
 *
 *	buf_addf(&out, "\"" TEXT_FMT "\" is unknown", TEXT_ARG(name));
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

struct text {
	const char *bytes; /* or NULL */
	size_t len;
};

/* The conversion for a struct text in a format, and the arguments that go with it. `text` is
 * evaluated twice. */
#define TEXT_FMT       "%.*s"
#define TEXT_ARG(text) (int)(text).len, (text).bytes

#endif
