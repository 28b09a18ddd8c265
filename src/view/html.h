/* Text in HTML (https://html.spec.whatwg.org/#escapingString). */
#ifndef VIEW_HTML_H
#define VIEW_HTML_H

#include "base/buf.h"

/* Appends `text` (NULL: nothing), escaped for use between tags and in quoted attributes, and with
 * control characters escaped (base/escape.h). */
void html_text(struct buf *out, const char *text);

#endif
