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

bool timestamp_parse(const char *text, size_t len, int64_t *seconds)
{
	const char *at = text, *end = text + len;
	unsigned year, month, day, hour, minute, second = 0;
	if (!digits(&at, end, 4, &year) || !one(&at, end, '-') || !digits(&at, end, 2, &month) ||
		!one(&at, end, '-') || !digits(&at, end, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	bool spaced = one(&at, end, ' ');
	if (!spaced && !one(&at, end, 'T') && !one(&at, end, 't'))
		return false;
	if (!digits(&at, end, 2, &hour) || !one(&at, end, ':') || !digits(&at, end, 2, &minute))
		return false;
	if (one(&at, end, ':')) {
		if (!digits(&at, end, 2, &second))
			return false;
		if (one(&at, end, '.')) {
			unsigned digit;
			if (!digits(&at, end, 1, &digit))
				return false;
			while (digits(&at, end, 1, &digit))
				;
		}
	} else if (!spaced) {
		return false;
	}
	if (hour > 23 || minute > 59 || second > 60)
		return false;

	int64_t offset = 0;
	if (at == end) {
		if (!spaced)
			return false; /* only the older form has no time zone */
	} else if (!one(&at, end, 'Z') && !one(&at, end, 'z')) {
		unsigned zone_hour, zone_minute;
		int sign = *at == '-' ? -1 : 1;
		if (!one(&at, end, '+') && !one(&at, end, '-'))
			return false;
		if (!digits(&at, end, 2, &zone_hour) || !one(&at, end, ':') ||
			!digits(&at, end, 2, &zone_minute) || zone_hour > 23 || zone_minute > 59)
			return false;
		offset = sign * ((int64_t)zone_hour * 3600 + (int64_t)zone_minute * 60);
	}
	if (at != end)
		return false;
	*seconds = days_from_civil(year, month, day) * 86400 + (int64_t)hour * 3600 +
		(int64_t)minute * 60 + (int64_t)second - offset;
	return true;
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
