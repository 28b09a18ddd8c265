#include "base/escape.h"

#include "base/utf8.h"

#include <string.h>

bool escape_is_dangerous(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 ||
		point == 0x2029 || point == 0x200e || point == 0x200f ||
		(point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) ||
		point == 0xfeff;
}

static void escape_point(struct buf *out, uint32_t point)
{
	static const char named[] = "\a\b\t\n\v\f\r", letters[] = "abtnvfr";
	const char *name = point ? strchr(named, (int)point) : NULL;
	if (point < 0x80 && name)
		buf_addf(out, "\\%c", letters[name - named]);
	else if (point < 0x80)
		buf_addf(out, "\\x%02x", (unsigned)point);
	else
		buf_addf(out, "\\u%04x", (unsigned)point);
}

void escape_add(struct buf *out, const char *text, size_t len, bool lines)
{
	for (size_t i = 0; i < len;) {
		uint32_t point;
		size_t used = utf8_decode(text + i, len - i, &point);
		if (!used) {
			buf_addf(out, "\\x%02x", (unsigned char)text[i++]);
			continue;
		}
		if (escape_is_dangerous(point) && !(lines && (point == '\n' || point == '\t')))
			escape_point(out, point);
		else
			buf_add(out, text + i, used);
		i += used;
	}
}

void escape_html(struct buf *out, const char *text)
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
