#include "format/hostname.h"

#include <idn2.h>
#include <string.h>

/* A label that can be encoded has at most 59 characters, of at most 4 bytes each. */
enum { MOST_LABEL = 63, MOST_NAME = 253, MOST_BYTES = 256 };

static bool is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Encodes a label in Unicode, which ends with a NUL; false if it is not valid. */
static bool encode(const char *label, char out[MOST_LABEL + 1])
{
	uint8_t *encoded = NULL;
	if (idn2_register_u8((const uint8_t *)label, NULL, &encoded, 0) != IDN2_OK)
		return false;
	size_t len = strlen((const char *)encoded);
	bool fits = len && len <= MOST_LABEL;
	if (fits)
		memcpy(out, encoded, len + 1);
	idn2_free(encoded);
	return fits;
}

/* RFC 5891, section 5.4: the decoded label must be valid, and have this encoded form. */
static bool is_encoded(const char *label, size_t len)
{
	char text[MOST_LABEL + 1], again[MOST_LABEL + 1], *decoded = NULL;
	for (size_t i = 0; i < len; i++)
		text[i] = label[i] >= 'A' && label[i] <= 'Z' ? (char)(label[i] | 0x20) : label[i];
	text[len] = '\0';
	if (idn2_to_unicode_8z8z(text, &decoded, 0) != IDN2_OK)
		return false;
	bool valid = encode(decoded, again) && !strcmp(again, text);
	idn2_free(decoded);
	return valid;
}

static bool is_ascii_label(const char *label, size_t len)
{
	if (!len || len > MOST_LABEL || *label == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_letter_or_digit(label[i]) && label[i] != '-')
			return false;
	/* RFC 5891, section 4.2.3.1: hyphens there are reserved for encoded labels. */
	if (len < 4 || label[2] != '-' || label[3] != '-')
		return true;
	return !strncasecmp(label, "xn", 2) && is_encoded(label, len);
}

/* The length of the encoded form of a label in any script; 0 if it is not valid. */
static size_t encoded_length(const char *label, size_t len)
{
	char text[MOST_BYTES], encoded[MOST_LABEL + 1];
	bool ascii = true;
	for (size_t i = 0; i < len; i++)
		ascii = ascii && !(label[i] & 0x80);
	if (ascii)
		return is_ascii_label(label, len) ? len : 0;
	if (len >= sizeof(text) || memchr(label, '\0', len) || *label == '-' ||
		label[len - 1] == '-')
		return 0;
	memcpy(text, label, len);
	text[len] = '\0';
	return encode(text, encoded) ? strlen(encoded) : 0;
}

/* The number of bytes of the full stop at the start of `text`; 0 if there is none. */
static size_t full_stop(const char *text, size_t len)
{
	static const char *const stops[] = { ".", "\u3002", "\uff0e", "\uff61" };
	for (size_t i = 0; i < sizeof(stops) / sizeof(*stops); i++)
		if (len >= strlen(stops[i]) && !memcmp(text, stops[i], strlen(stops[i])))
			return strlen(stops[i]);
	return 0;
}

bool hostname_is_ascii(const char *text, size_t len)
{
	const char *end = text + len;
	if (len > MOST_NAME)
		return false;
	for (;;) {
		const char *dot = memchr(text, '.', (size_t)(end - text));
		if (!is_ascii_label(text, (size_t)((dot ? dot : end) - text)))
			return false;
		if (!dot)
			return true;
		text = dot + 1;
	}
}

bool hostname_is_international(const char *text, size_t len)
{
	size_t start = 0, total = 0;
	for (size_t at = 0; at <= len; at++) {
		size_t stop = full_stop(text + at, len - at);
		if (at < len && !stop)
			continue;
		size_t label = encoded_length(text + start, at - start);
		total += label + (start ? 1 : 0);
		if (!label || total > MOST_NAME)
			return false;
		start = at + stop;
		at += stop ? stop - 1 : 0;
		if (stop && start == len)
			return false;
	}
	return true;
}
