#include "view/html.h"

#include "base/escape.h"

#include <string.h>

void html_text(struct buf *out, const char *text)
{
	struct buf safe = BUF_INIT;
	if (!text)
		return;
	escape_add(&safe, text, strlen(text), true);
	for (const char *at = safe.data; *at; at++) {
		switch (*at) {
		case '&':
			buf_addstr(out, "&amp;");
			break;
		case '<':
			buf_addstr(out, "&lt;");
			break;
		case '>':
			buf_addstr(out, "&gt;");
			break;
		case '"':
			buf_addstr(out, "&quot;");
			break;
		case '\'':
			buf_addstr(out, "&#39;");
			break;
		default:
			buf_addch(out, *at);
		}
	}
	buf_release(&safe);
}
