#include "base/utf8.h"

#include <string.h>

size_t utf8_decode(const char *text, size_t len, uint32_t *point)
{
	const unsigned char *s = (const unsigned char *)text;
	if (s[0] < 0x80) {
		*point = s[0];
		return 1;
	}
	size_t need;
	uint32_t value, least;
	if ((s[0] & 0xe0) == 0xc0) {
		need = 2;
		least = 0x80;
		value = s[0] & 0x1f;
	} else if ((s[0] & 0xf0) == 0xe0) {
		need = 3;
		least = 0x800;
		value = s[0] & 0x0f;
	} else if ((s[0] & 0xf8) == 0xf0) {
		need = 4;
		least = 0x10000;
		value = s[0] & 0x07;
	} else {
		return 0;
	}
	if (len < need)
		return 0;
	for (size_t i = 1; i < need; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (s[i] & 0x3f);
	}
	if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*point = value;
	return need;
}

size_t utf8_valid_prefix(const char *text, size_t len)
{
	size_t at = 0;
	while (at < len) {
		/* Nearly all input is ASCII, which is checked eight bytes at a time. */
		while (len - at >= 8) {
			uint64_t eight;
			memcpy(&eight, text + at, sizeof(eight));
			if (eight & UINT64_C(0x8080808080808080))
				break;
			at += 8;
		}
		if (at == len)
			break;
		uint32_t point;
		size_t used = utf8_decode(text + at, len - at, &point);
		if (!used)
			return at;
		at += used;
	}
	return len;
}

size_t utf8_encode(uint32_t point, char out[4])
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (char)(0xc0 | point >> 6);
		out[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (char)(0xe0 | point >> 12);
		out[1] = (char)(0x80 | (point >> 6 & 0x3f));
		out[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | point >> 18);
	out[1] = (char)(0x80 | (point >> 12 & 0x3f));
	out[2] = (char)(0x80 | (point >> 6 & 0x3f));
	out[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

bool utf8_is_plain(const char *text)
{
	size_t len = strlen(text);
	for (size_t i = 0, used; i < len; i += used) {
		uint32_t point;
		used = utf8_decode(text + i, len - i, &point);
		if (!used || point < 0x20 || (point >= 0x7f && point < 0xa0))
			return false;
	}
	return true;
}
