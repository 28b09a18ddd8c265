/* Text in HTML (https://html.spec.whatwg.org/#escapingString). */
#ifndef VIEW_HTML_H
#define VIEW_HTML_H

#include "base/buf.h"

/* Appends `text` (NULL: nothing) so that it is text, between tags and in attributes in quotes, and
 * can only be read (base/escape.h). */
void html_text(struct buf *out, const char *text);

#endif
