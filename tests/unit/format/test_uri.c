/* format/uri.h: references are resolved according to RFC 3986. */
#include "unit/unit.h"

#include "format/uri.h"

static void assert_resolves(const char *base, const char *ref, const char *expected)
{
	struct buf out = BUF_INIT;
	uri_resolve(base, ref, strlen(ref), &out);
	if (strcmp(out.data, expected) != 0)
		fail_msg("%s against %s is %s, not %s", ref, base, out.data, expected);
	buf_release(&out);
}

/* Sections 5.4.1 and 5.4.2. */
static void the_examples_of_rfc_3986_resolve(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "g:h", "g:h" },
		{ "g", "http://a/b/c/g" },
		{ "./g", "http://a/b/c/g" },
		{ "g/", "http://a/b/c/g/" },
		{ "/g", "http://a/g" },
		{ "//g", "http://g" },
		{ "?y", "http://a/b/c/d;p?y" },
		{ "g?y", "http://a/b/c/g?y" },
		{ "#s", "http://a/b/c/d;p?q#s" },
		{ "g#s", "http://a/b/c/g#s" },
		{ "g?y#s", "http://a/b/c/g?y#s" },
		{ ";x", "http://a/b/c/;x" },
		{ "g;x?y#s", "http://a/b/c/g;x?y#s" },
		{ "", "http://a/b/c/d;p?q" },
		{ ".", "http://a/b/c/" },
		{ "./", "http://a/b/c/" },
		{ "..", "http://a/b/" },
		{ "../", "http://a/b/" },
		{ "../g", "http://a/b/g" },
		{ "../..", "http://a/" },
		{ "../../", "http://a/" },
		{ "../../g", "http://a/g" },
		{ "../../../g", "http://a/g" },
		{ "../../../../g", "http://a/g" },
		{ "/./g", "http://a/g" },
		{ "/../g", "http://a/g" },
		{ "g.", "http://a/b/c/g." },
		{ ".g", "http://a/b/c/.g" },
		{ "g..", "http://a/b/c/g.." },
		{ "..g", "http://a/b/c/..g" },
		{ "./../g", "http://a/b/g" },
		{ "./g/.", "http://a/b/c/g/" },
		{ "g/./h", "http://a/b/c/g/h" },
		{ "g/../h", "http://a/b/c/h" },
		{ "g;x=1/./y", "http://a/b/c/g;x=1/y" },
		{ "g;x=1/../y", "http://a/b/c/y" },
		{ "g?y/./x", "http://a/b/c/g?y/./x" },
		{ "g#s/../x", "http://a/b/c/g#s/../x" },
		{ "http:g", "http:g" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_resolves("http://a/b/c/d;p?q", cases[i][0], cases[i][1]);
}

static void other_bases_resolve(void **state)
{
	(void)state;
	assert_resolves("", "a/b", "a/b");
	assert_resolves("", "#x", "#x");
	assert_resolves("http://a", "b", "http://a/b");
	assert_resolves("http://a?q", "b", "http://a/b");
	assert_resolves("http://a/b#f", "#g", "http://a/b#g");
	assert_resolves("urn:x:y", "#g", "urn:x:y#g");
	assert_resolves("file:///a/b", "../../c", "file:///c");
	assert_resolves("a/b", "../c", "/c");
}

static void percent_signs_are_decoded(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	const char text[] = "a%20b%2Fc%zz%4%25";
	uri_decode(text, strlen(text), &out);
	assert_string_equal(out.data, "a b/c%zz%4%");
	buf_release(&out);
	assert_string_equal(uri_fragment("a#b#c"), "b#c");
	assert_string_equal(uri_fragment("a#"), "");
	assert_null(uri_fragment("a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_rfc_3986_resolve),
		cmocka_unit_test(other_bases_resolve),
		cmocka_unit_test(percent_signs_are_decoded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
