#include "base/timestamp.h"

#include <inttypes.h>
#include <stdio.h>

struct civil {
	int64_t year;
	unsigned month, day, hour, minute, second;
};

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar, counted in years that start
 * in March, so that the leap day is a year's last. */
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

static struct civil civil_from_seconds(int64_t seconds)
{
	int64_t least = days_from_civil(0, 1, 1) * 86400;
	int64_t most = days_from_civil(10000, 1, 1) * 86400 - 1;
	seconds = seconds < least ? least : seconds > most ? most : seconds;

	int64_t days = seconds / 86400, rest = seconds % 86400;
	if (rest < 0) {
		rest += 86400;
		days--;
	}
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day_of_era = days - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153;
	struct civil civil = {
		.day = (unsigned)(day_of_year - (153 * month + 2) / 5 + 1),
		.month = (unsigned)(month < 10 ? month + 3 : month - 9),
		.hour = (unsigned)(rest / 3600),
		.minute = (unsigned)(rest / 60 % 60),
		.second = (unsigned)(rest % 60),
	};
	civil.year = year_of_era + era * 400 + (civil.month <= 2);
	return civil;
}

char *timestamp_format(int64_t seconds, char out[TIMESTAMP_SIZE])
{
	struct civil c = civil_from_seconds(seconds);
	snprintf(out, TIMESTAMP_SIZE, "%04" PRId64 "-%02u-%02uT%02u:%02u:%02uZ", c.year, c.month,
		c.day, c.hour, c.minute, c.second);
	return out;
}

char *timestamp_format_compact(int64_t seconds, char out[TIMESTAMP_SIZE])
{
	struct civil c = civil_from_seconds(seconds);
	snprintf(out, TIMESTAMP_SIZE, "%04" PRId64 "%02u%02uT%02u%02u%02uZ", c.year, c.month, c.day,
		c.hour, c.minute, c.second);
	return out;
}

/* Reads exactly `count` digits at `*at` and advances it; false if there are fewer. */
static bool digits(const char **at, const char *end, int count, unsigned *value)
{
	*value = 0;
	for (int i = 0; i < count; i++, (*at)++) {
		if (*at == end || **at < '0' || **at > '9')
			return false;
		*value = *value * 10 + (unsigned)(**at - '0');
	}
	return true;
}

static bool one(const char **at, const char *end, char byte)
{
	if (*at == end || **at != byte)
		return false;
	(*at)++;
	return true;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const unsigned days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

/* The numbers of a timestamp, as written. */
struct parts {
	unsigned year, month, day, hour, minute, second, zone_hour, zone_minute;
	int sign;    /* of the time zone */
	bool zoned;  /* it has a time zone */
	bool spaced; /* the older form, which needs none */
};

static bool read_date(const char **at, const char *end, struct parts *parts)
{
	return digits(at, end, 4, &parts->year) && one(at, end, '-') &&
		digits(at, end, 2, &parts->month) && one(at, end, '-') &&
		digits(at, end, 2, &parts->day);
}

static bool read_clock(const char **at, const char *end, struct parts *parts)
{
	unsigned digit;
	if (!digits(at, end, 2, &parts->hour) || !one(at, end, ':') ||
		!digits(at, end, 2, &parts->minute))
		return false;
	if (!one(at, end, ':'))
		return parts->spaced;
	if (!digits(at, end, 2, &parts->second))
		return false;
	if (!one(at, end, '.'))
		return true;
	if (!digits(at, end, 1, &digit))
		return false;
	while (digits(at, end, 1, &digit))
		;
	return true;
}

static bool read_zone(const char **at, const char *end, struct parts *parts)
{
	parts->zoned = *at < end;
	if (*at == end || one(at, end, 'Z') || one(at, end, 'z'))
		return true;
	parts->sign = **at == '-' ? -1 : 1;
	return (one(at, end, '+') || one(at, end, '-')) && digits(at, end, 2, &parts->zone_hour) &&
		one(at, end, ':') && digits(at, end, 2, &parts->zone_minute);
}

/* Does the text have the form of a timestamp? Its numbers may be wrong, and its time zone may be
 * missing. */
static bool read_parts(const char *text, size_t len, struct parts *parts)
{
	const char *at = text, *end = text + len;
	*parts = (struct parts){ 0 };
	if (!read_date(&at, end, parts))
		return false;
	parts->spaced = one(&at, end, ' ');
	if (!parts->spaced && !one(&at, end, 'T') && !one(&at, end, 't'))
		return false;
	return read_clock(&at, end, parts) && read_zone(&at, end, parts) && at == end;
}

static bool is_month(const struct parts *parts)
{
	return parts->month >= 1 && parts->month <= 12;
}

static bool is_day(const struct parts *parts)
{
	return parts->day >= 1 && parts->day <= days_in_month(parts->year, parts->month);
}

static bool is_zone(const struct parts *parts)
{
	return parts->zone_hour <= 23 && parts->zone_minute <= 59;
}

bool timestamp_parse(const char *text, size_t len, int64_t *seconds)
{
	struct parts parts;
	if (!read_parts(text, len, &parts) || !is_month(&parts) || !is_day(&parts) ||
		parts.hour > 23 || parts.minute > 59 || parts.second > 60 || !is_zone(&parts) ||
		(!parts.zoned && !parts.spaced))
		return false;
	int64_t offset = (int64_t)parts.zone_hour * 3600 + (int64_t)parts.zone_minute * 60;
	*seconds = days_from_civil(parts.year, parts.month, parts.day) * 86400 +
		(int64_t)parts.hour * 3600 + (int64_t)parts.minute * 60 + (int64_t)parts.second -
		parts.sign * offset;
	return true;
}

void timestamp_explain(const char *text, size_t len, struct buf *out)
{
	static const char *const names[] = { "January", "February", "March", "April", "May", "June",
		"July", "August", "September", "October", "November", "December" };
	struct parts parts;
	if (!read_parts(text, len, &parts))
		buf_addstr(out,
			"a date and a time of day are required; write it like 2025-10-29T12:00:00Z");
	else if (!is_month(&parts))
		buf_addstr(out, "a year has 12 months; write 01 to 12 as the month");
	else if (!is_day(&parts))
		buf_addf(out, "%s %04u has %u days; write 01 to %u as the day",
			names[parts.month - 1], parts.year, days_in_month(parts.year, parts.month),
			days_in_month(parts.year, parts.month));
	else if (parts.hour > 23)
		buf_addstr(out, "a day has 24 hours; write 00 to 23 as the hour");
	else if (parts.minute > 59)
		buf_addstr(out, "an hour has 60 minutes; write 00 to 59 as the minute");
	else if (parts.second > 60)
		buf_addstr(out, "a minute has 60 seconds; write 00 to 59 as the second");
	else if (!is_zone(&parts))
		buf_addstr(out, "the time zone is at most 23:59 from UTC; write Z for UTC");
	else
		buf_addstr(out,
			"the time zone is missing; add Z for UTC, or an offset such as +01:00");
}

char *timestamp_format_age(int64_t seconds, char out[TIMESTAMP_SIZE])
{
	const char *sign = seconds < 0 ? "-" : "";
	int64_t age = seconds < 0 ? (seconds == INT64_MIN ? INT64_MAX : -seconds) : seconds;
	if (age < 120)
		snprintf(out, TIMESTAMP_SIZE, "%s%" PRId64 " s", sign, age);
	else if (age < 120 * 60)
		snprintf(out, TIMESTAMP_SIZE, "%s%" PRId64 " min", sign, age / 60);
	else if (age < 48 * 3600)
		snprintf(out, TIMESTAMP_SIZE, "%s%" PRId64 " h", sign, age / 3600);
	else
		snprintf(out, TIMESTAMP_SIZE, "%s%" PRId64 " d", sign, age / 86400);
	return out;
}
