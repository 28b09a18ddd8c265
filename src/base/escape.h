/* Escapes untrusted text for output, so that it cannot control the terminal or mislead the reader.
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Could this character control a terminal or mislead a reader? These are control characters, line
 * separators, marks that change the direction of writing, and the byte order mark. */
bool escape_is_dangerous(uint32_t point);

/*
 * Appends `text` with unsafe characters, and bytes that are not UTF-8, as \n, \x1b, \u202e. With
 * `lines`, line feeds and tabs are not escaped.
 */
void escape_add(struct buf *out, const char *text, size_t len, bool lines);

/* The same, with `lines`, for `text` (NULL: nothing) between tags of HTML and in quoted attributes
 * (https://html.spec.whatwg.org/#escapingString). */
void escape_html(struct buf *out, const char *text);

#endif
