/* Escaping of arbitrary text in HTML. */
#include "unit/unit.h"

#include "base/escape.h"

static void no_text_becomes_markup(void **state)
{
	(void)state;
	static const struct {
		const char *text, *html;
	} cases[] = {
		{ "", "" },
		{ "build1", "build1" },
		{ "<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;" },
		{ "&amp;", "&amp;amp;" },
		{ "\"><script>alert(1)</script>",
			"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" },
		{ "a\x1b[31m\r", "a\\x1b[31m\\r" },
		{ "two\nlines\tand a tab", "two\nlines\tand a tab" },
		{ "\xff<", "\\xff&lt;" },
		{ "\xe2\x80\xaeright to left", "\\u202eright to left" },
		{ "\xc3\xa9\xe2\x9c\x96", "\xc3\xa9\xe2\x9c\x96" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out = BUF_INIT;
		escape_html(&out, cases[i].text);
		assert_string_equal(out.data, cases[i].html);
		buf_release(&out);
	}
	struct buf out = BUF_INIT;
	escape_html(&out, NULL);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_text_becomes_markup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
