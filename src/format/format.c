#include "format/format.h"

#include "format/hostname.h"
#include "format/pattern.h"

#include <arpa/inet.h>
#include <string.h>
#include <uuid/uuid.h>

struct cursor {
	const char *at, *end;
};

static bool take(struct cursor *c, char byte)
{
	if (c->at == c->end || *c->at != byte)
		return false;
	c->at++;
	return true;
}

static bool take_any(struct cursor *c, const char *bytes)
{
	if (c->at == c->end || !*c->at || !strchr(bytes, *c->at))
		return false;
	c->at++;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_hex(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Reads exactly `count` digits. */
static bool take_number(struct cursor *c, int count, int *number)
{
	*number = 0;
	for (int i = 0; i < count; i++, c->at++) {
		if (c->at == c->end || !is_digit(*c->at))
			return false;
		*number = *number * 10 + (*c->at - '0');
	}
	return true;
}

static size_t take_digits(struct cursor *c)
{
	const char *start = c->at;
	while (c->at < c->end && is_digit(*c->at))
		c->at++;
	return (size_t)(c->at - start);
}

/* ---- RFC 3339, section 5.6 ---- */

static bool take_date(struct cursor *c)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year, month, day;
	if (!take_number(c, 4, &year) || !take(c, '-') || !take_number(c, 2, &month) ||
		!take(c, '-') || !take_number(c, 2, &day) || month < 1 || month > 12 || day < 1)
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return day <= (month == 2 && leap ? 29 : days[month - 1]);
}

static bool take_time(struct cursor *c)
{
	int hour, minute, second, zone_hour = 0, zone_minute = 0, sign = 1;
	if (!take_number(c, 2, &hour) || !take(c, ':') || !take_number(c, 2, &minute) ||
		!take(c, ':') || !take_number(c, 2, &second) || hour > 23 || minute > 59 ||
		second > 60)
		return false;
	if (take(c, '.') && !take_digits(c))
		return false;
	if (!take_any(c, "Zz")) {
		sign = c->at < c->end && *c->at == '-' ? -1 : 1;
		if (!take_any(c, "+-") || !take_number(c, 2, &zone_hour) || !take(c, ':') ||
			!take_number(c, 2, &zone_minute) || zone_hour > 23 || zone_minute > 59)
			return false;
	}
	/* A leap second ends a day in UTC. */
	int utc = hour * 60 + minute - sign * (zone_hour * 60 + zone_minute);
	return second < 60 || (utc + 2 * 1440) % 1440 == 1439;
}

static bool is_date(struct cursor c)
{
	return take_date(&c) && c.at == c.end;
}

static bool is_time(struct cursor c)
{
	return take_time(&c) && c.at == c.end;
}

static bool is_date_time(struct cursor c)
{
	return take_date(&c) && take_any(&c, "Tt") && take_time(&c) && c.at == c.end;
}

/* RFC 3339, appendix A: units go from large to small, without a gap; weeks only by themselves. */
static bool is_duration(struct cursor c)
{
	static const char *const runs[] = { "YMD", "HMS" };
	if (!take(&c, 'P') || c.at == c.end)
		return false;
	struct cursor week = c;
	if (take_digits(&week) && take(&week, 'W'))
		return week.at == week.end;
	for (int half = 0; half < 2; half++) {
		const char *units = runs[half], *last = NULL;
		if (half && (c.at == c.end || !take(&c, 'T')))
			return c.at == c.end;
		if (half && c.at == c.end)
			return false;
		while (c.at < c.end && *c.at != 'T') {
			if (!take_digits(&c) || c.at == c.end)
				return false;
			const char *unit = strchr(units, *c.at);
			if (!*c.at || !unit || (last && unit != last + 1))
				return false;
			last = unit;
			c.at++;
		}
	}
	return c.at == c.end;
}

/* ---- addresses ---- */

static bool fits_inet(struct cursor c, int family)
{
	char text[64];
	unsigned char address[16];
	size_t len = (size_t)(c.end - c.at);
	if (len >= sizeof(text) || memchr(c.at, '\0', len))
		return false;
	memcpy(text, c.at, len);
	text[len] = '\0';
	return inet_pton(family, text, address) == 1;
}

static bool is_ipv4(struct cursor c)
{
	return fits_inet(c, AF_INET);
}

static bool is_ipv6(struct cursor c)
{
	return fits_inet(c, AF_INET6);
}

static bool is_hostname(struct cursor c)
{
	return hostname_is_ascii(c.at, (size_t)(c.end - c.at));
}

static bool is_idn_hostname(struct cursor c)
{
	return hostname_is_international(c.at, (size_t)(c.end - c.at));
}

/* RFC 5321, section 4.1.2: Local-part @ Domain or an address in brackets. */
static bool is_email(struct cursor c)
{
	const char *start = c.at;
	if (take(&c, '"')) {
		while (c.at < c.end && *c.at != '"') {
			if (*c.at == '\\' && c.at + 1 < c.end)
				c.at++;
			if ((unsigned char)*c.at < 0x20 || (unsigned char)*c.at >= 0x7f)
				return false; /* non-ASCII characters require RFC 6531 */
			c.at++;
		}
		if (!take(&c, '"'))
			return false;
	} else {
		bool dot = true;
		for (; c.at < c.end && *c.at != '@'; c.at++) {
			bool atom = is_letter(*c.at) || is_digit(*c.at) ||
				(*c.at && strchr("!#$%&'*+-/=?^_`{|}~", *c.at));
			if (!atom && (*c.at != '.' || dot))
				return false;
			dot = *c.at == '.';
		}
		if (dot)
			return false;
	}
	if (c.at - start > 64 || !take(&c, '@'))
		return false;
	if (take(&c, '[')) {
		struct cursor address = { c.at, c.end - 1 };
		if (c.at == c.end || c.end[-1] != ']')
			return false;
		if (address.end - address.at > 5 && !strncasecmp(address.at, "IPv6:", 5)) {
			address.at += 5;
			return is_ipv6(address);
		}
		return is_ipv4(address);
	}
	return is_hostname(c);
}

static bool is_uuid(struct cursor c)
{
	char text[37];
	uuid_t id;
	if (c.end - c.at != 36 || memchr(c.at, '\0', 36))
		return false;
	memcpy(text, c.at, 36);
	text[36] = '\0';
	return !uuid_parse(text, id);
}

/* ---- RFC 3986 ---- */

/* Only characters of `extra`, unreserved ones, sub-delims and percent-encoded ones, to the end? */
static bool all_of(struct cursor c, const char *extra)
{
	while (c.at < c.end) {
		if (*c.at == '%') {
			if (c.end - c.at < 3 || !is_hex(c.at[1]) || !is_hex(c.at[2]))
				return false;
			c.at += 3;
		} else if (is_letter(*c.at) || is_digit(*c.at) ||
			(*c.at && (strchr("-._~!$&'()*+,;=", *c.at) || strchr(extra, *c.at)))) {
			c.at++;
		} else {
			return false;
		}
	}
	return true;
}

static bool is_ip_literal(struct cursor c)
{
	if (c.end - c.at > 2 && (*c.at | 0x20) == 'v') {
		const char *dot = memchr(c.at, '.', (size_t)(c.end - c.at));
		for (const char *at = c.at + 1; dot && at < dot; at++)
			if (!is_hex(*at))
				return false;
		return dot && dot > c.at + 1 && dot + 1 < c.end &&
			!memchr(dot, '%', (size_t)(c.end - dot)) &&
			all_of((struct cursor){ dot + 1, c.end }, ":");
	}
	return is_ipv6(c);
}

static bool is_authority(struct cursor c)
{
	const char *at_sign = memchr(c.at, '@', (size_t)(c.end - c.at));
	if (at_sign) {
		if (!all_of((struct cursor){ c.at, at_sign }, ":"))
			return false;
		c.at = at_sign + 1;
	}
	const char *host_end = c.at;
	if (c.at < c.end && *c.at == '[') {
		const char *close = memchr(c.at, ']', (size_t)(c.end - c.at));
		if (!close || !is_ip_literal((struct cursor){ c.at + 1, close }))
			return false;
		host_end = close + 1;
	} else {
		while (host_end < c.end && *host_end != ':')
			host_end++;
		if (!all_of((struct cursor){ c.at, host_end }, ""))
			return false;
	}
	c.at = host_end;
	if (c.at < c.end && !take(&c, ':'))
		return false;
	take_digits(&c);
	return c.at == c.end;
}

/* The part after the scheme; `relative`: without a colon in the first segment. */
static bool is_hierarchy(struct cursor c, bool relative)
{
	const char *hash = memchr(c.at, '#', (size_t)(c.end - c.at));
	if (hash && !all_of((struct cursor){ hash + 1, c.end }, ":@/?"))
		return false;
	if (hash)
		c.end = hash;
	const char *question = memchr(c.at, '?', (size_t)(c.end - c.at));
	if (question && !all_of((struct cursor){ question + 1, c.end }, ":@/?"))
		return false;
	if (question)
		c.end = question;
	if (c.end - c.at >= 2 && c.at[0] == '/' && c.at[1] == '/') {
		const char *slash = memchr(c.at + 2, '/', (size_t)(c.end - c.at - 2));
		if (!is_authority((struct cursor){ c.at + 2, slash ? slash : c.end }))
			return false;
		c.at = slash ? slash : c.end;
	} else if (relative) {
		const char *slash = memchr(c.at, '/', (size_t)(c.end - c.at));
		if (memchr(c.at, ':', (size_t)((slash ? slash : c.end) - c.at)))
			return false;
	}
	return all_of(c, ":@/");
}

static bool is_uri(struct cursor c)
{
	if (c.at == c.end || !is_letter(*c.at))
		return false;
	while (c.at < c.end && (is_letter(*c.at) || is_digit(*c.at) || strchr("+-.", *c.at)) &&
		*c.at)
		c.at++;
	return take(&c, ':') && is_hierarchy(c, false);
}

static bool is_uri_reference(struct cursor c)
{
	return is_uri(c) || is_hierarchy(c, true);
}

/* ---- pointers (RFC 6901, and draft-bhutton-relative-json-pointer) ---- */

static bool is_json_pointer(struct cursor c)
{
	if (c.at < c.end && *c.at != '/')
		return false;
	for (; c.at < c.end; c.at++)
		if (*c.at == '~' && (c.at + 1 == c.end || (c.at[1] != '0' && c.at[1] != '1')))
			return false;
	return true;
}

static bool is_relative_json_pointer(struct cursor c)
{
	bool zero = c.at < c.end && *c.at == '0';
	size_t digits = take_digits(&c);
	if (!digits || (zero && digits > 1))
		return false;
	/* draft-bhutton-relative-json-pointer-00: the index may be changed by an offset. */
	if (take_any(&c, "+-") && ((c.at < c.end && *c.at == '0') || !take_digits(&c)))
		return false;
	if (take(&c, '#'))
		return c.at == c.end;
	return is_json_pointer(c);
}

static bool is_regex(struct cursor c)
{
	struct pattern *pattern;
	if (pattern_compile(&pattern, c.at, (size_t)(c.end - c.at), NULL) < 0)
		return false;
	pattern_free(pattern);
	return true;
}

static const struct {
	const char *name;
	bool (*matches)(struct cursor c);
} formats[] = {
	{ "date-time", is_date_time },
	{ "date", is_date },
	{ "time", is_time },
	{ "duration", is_duration },
	{ "uuid", is_uuid },
	{ "ipv4", is_ipv4 },
	{ "ipv6", is_ipv6 },
	{ "hostname", is_hostname },
	{ "idn-hostname", is_idn_hostname },
	{ "email", is_email },
	{ "uri", is_uri },
	{ "uri-reference", is_uri_reference },
	{ "json-pointer", is_json_pointer },
	{ "relative-json-pointer", is_relative_json_pointer },
	{ "regex", is_regex },
};

int schema_format_find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (strlen(formats[i].name) == len && !memcmp(formats[i].name, name, len))
			return (int)i;
	return -1;
}

bool schema_format_matches(int format, const char *text, size_t len)
{
	return formats[format].matches((struct cursor){ text, text + len });
}
