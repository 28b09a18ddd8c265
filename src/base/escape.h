/* Putting text from anywhere before people: so that it can only be read. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Would a terminal, or a reader's eye, take this for something else than a character to see?
 * Control characters, line separators, marks that turn the direction of writing, the byte order
 * mark. */
bool escape_is_dangerous(uint32_t point);

/*
 * Appends `text` so that it can only be read: what is dangerous, and bytes that are no UTF-8,
 * become \n, \x1b, \u202e. With `lines`, line feeds and tabs stay.
 */
void escape_add(struct buf *out, const char *text, size_t len, bool lines);

#endif
