/* base/buf.h, base/arena.h, base/utf8.h, base/timestamp.h: the basic types. */
#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/timestamp.h"
#include "base/utf8.h"

static void buf_is_terminated_by_a_nul(void **state)
{
	(void)state;
	struct buf buf = BUF_INIT;
	assert_string_equal(buf.data, "");
	buf_addf(&buf, "%s-%d", "build", 1);
	buf_add(&buf, "\0x", 2);
	assert_int_equal(buf.len, 9);
	assert_int_equal(buf.data[9], 0);
	buf_truncate(&buf, 7);
	assert_string_equal(buf.data, "build-1");
	buf_release(&buf);
	assert_string_equal(buf.data, "");
}

static void buf_trims_both_ends(void **state)
{
	(void)state;
	struct buf buf = BUF_INIT;
	buf_addstr(&buf, " \n a b\r\n");
	buf_trim(&buf);
	assert_string_equal(buf.data, "a b");
	buf_reset(&buf);
	buf_addstr(&buf, " \n ");
	buf_trim(&buf);
	assert_string_equal(buf.data, "");
	buf_release(&buf);
}

static void arena_releases_only_the_newest(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	char *first = arena_alloc(&arena, 100);
	char *second = arena_alloc(&arena, 1000);
	arena_shrink(&arena, first, 1); /* not the newest: kept */
	arena_shrink(&arena, second, 16);
	char *third = arena_alloc(&arena, 16);
	assert_ptr_equal(third, second + 16);
	char *large = arena_alloc(&arena, 1 << 20);
	memset(large, 'x', 1 << 20);
	arena_release(&arena);
	assert_null(arena.chunk);
}

static void utf8_accepts_what_rfc3629_accepts(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len, valid;
	} cases[] = {
		{ "plain ascii, longer than eight", 30, 30 }, { "\xc3\xa9", 2, 2 },
		{ "\xf0\x9f\x98\x80", 4, 4 }, { "12345678\xff", 9, 8 },
		{ "a\xc0\x80", 3, 1 },        /* overlong NUL */
		{ "\xe0\x80\xaf", 3, 0 },     /* overlong slash */
		{ "\xed\xa0\x80", 3, 0 },     /* a surrogate */
		{ "\xf4\x90\x80\x80", 4, 0 }, /* above U+10FFFF */
		{ "ab\xe2\x82", 4, 2 },       /* truncated */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(utf8_valid_prefix(cases[i].text, cases[i].len), cases[i].valid);
	for (uint32_t point = 0; point <= 0x10ffff; point += point < 0x1000 ? 1 : 37) {
		char bytes[4];
		uint32_t back = 0;
		if (point >= 0xd800 && point <= 0xdfff)
			continue;
		size_t len = utf8_encode(point, bytes);
		assert_int_equal(utf8_decode(bytes, len, &back), len);
		assert_int_equal(back, point);
	}
}

static void a_wrong_timestamp_is_explained(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "a date and a time of day are required; write it like 2025-10-29T12:00:00Z" },
		{ "2025-10-29",
			"a date and a time of day are required; write it like 2025-10-29T12:00:00Z" },
		{ "2025-13-01T00:00:00Z", "a year has 12 months; write 01 to 12 as the month" },
		{ "2025-00-01T00:00:00Z", "a year has 12 months; write 01 to 12 as the month" },
		{ "2025-02-30T00:00:00Z", "February 2025 has 28 days; write 01 to 28 as the day" },
		{ "2024-02-30 00:00", "February 2024 has 29 days; write 01 to 29 as the day" },
		{ "2025-04-00T00:00:00Z", "April 2025 has 30 days; write 01 to 30 as the day" },
		{ "2025-04-01T24:00:00Z", "a day has 24 hours; write 00 to 23 as the hour" },
		{ "2025-04-01 10:60", "an hour has 60 minutes; write 00 to 59 as the minute" },
		{ "2025-04-01T10:00:61Z", "a minute has 60 seconds; write 00 to 59 as the second" },
		{ "2025-04-01T10:00:00+24:00",
			"the time zone is at most 23:59 from UTC; write Z for UTC" },
		{ "2025-04-01T10:00:00",
			"the time zone is missing; add Z for UTC, or an offset such as +01:00" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf why = BUF_INIT;
		int64_t seconds;
		assert_false(timestamp_parse(cases[i].text, strlen(cases[i].text), &seconds));
		timestamp_explain(cases[i].text, strlen(cases[i].text), &why);
		assert_string_equal(why.data, cases[i].why);
		buf_release(&why);
	}
}

static void timestamps_are_parsed_in_both_formats(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2025-10-29T16:00:10Z", 1761753610 },
		{ "2025-10-29 16:21", 1761754860 },
		{ "2025-10-29 16:21:07", 1761754867 },
		{ "2025-10-30T15:38:05.127624Z", 1761838685 },
		{ "2025-10-29T18:00:10+02:00", 1761753610 },
		{ "2024-02-29T00:00:00Z", 1709164800 },
		{ "1969-12-31T23:59:59Z", -1 },
		{ "9999-12-31T23:59:59Z", INT64_C(253402300799) },
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		int64_t seconds = 42;
		assert_true(timestamp_parse(good[i].text, strlen(good[i].text), &seconds));
		assert_int_equal(seconds, good[i].seconds);
	}
	static const char *bad[] = { "", "now", "2025-10-29", "2025-10-29T16:00",
		"2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-10-29T24:00:00Z",
		"2025-10-29T16:00:10", "2025-10-29T16:00:10Z ", "2025-10-29T16:00:10.Z",
		"2025-10-29T16:00:10+2:00", "1761838685.12" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int64_t seconds = 42;
		assert_false(timestamp_parse(bad[i], strlen(bad[i]), &seconds));
		assert_int_equal(seconds, 42);
	}
	char out[TIMESTAMP_SIZE];
	for (int64_t t = -5000000000; t < 200000000000; t += 999999937) {
		int64_t back;
		timestamp_format(t, out);
		assert_true(timestamp_parse(out, strlen(out), &back));
		assert_int_equal(back, t);
	}
	assert_string_equal(timestamp_format_compact(1761753610, out), "20251029T160010Z");
	assert_string_equal(timestamp_format(INT64_MAX, out), "9999-12-31T23:59:59Z");
	assert_string_equal(timestamp_format_age(4, out), "4 s");
	assert_string_equal(timestamp_format_age(7200, out), "2 h");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_is_terminated_by_a_nul),
		cmocka_unit_test(buf_trims_both_ends),
		cmocka_unit_test(arena_releases_only_the_newest),
		cmocka_unit_test(utf8_accepts_what_rfc3629_accepts),
		cmocka_unit_test(timestamps_are_parsed_in_both_formats),
		cmocka_unit_test(a_wrong_timestamp_is_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
