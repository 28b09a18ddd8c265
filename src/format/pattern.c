#include "format/pattern.h"

#include "base/alloc.h"
#include "base/buf.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Enough for any reasonable pattern, and about a tenth of a second for others. */
enum { MATCH_LIMIT = 1000000, HEAP_KIB = 64 << 10, MOST_LENGTH = 1 << 16 };

struct pattern {
	pcre2_code *code;
	pcre2_match_context *context;
};

/* ECMA-262's WhiteSpace and LineTerminator, inside a class. */
#define SPACE_CLASS                                                                                \
	"\\t\\n\\x{0b}\\f\\r "                                                                     \
	"\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{"     \
	"feff}"

struct translating {
	const char *at, *end, *start;
	bool in_class;
	struct buf *out;
	struct error *err;
};

static int refuse(const struct translating *t, const char *at, const char *why)
{
	return error_set(
		t->err, ERR_INVALID, "%s at character %zu", why, (size_t)(at - t->start) + 1);
}

static bool is_word(const char *word, const char *text, size_t len)
{
	return strlen(word) == len && !memcmp(word, text, len);
}

/* General categories that have a long name in ECMA-262, but only a short one in PCRE2. */
static const char *short_category(const char *name, size_t len)
{
	static const char *const categories[][2] = { { "Letter", "L" }, { "Cased_Letter", "L&" },
		{ "Uppercase_Letter", "Lu" }, { "Lowercase_Letter", "Ll" },
		{ "Titlecase_Letter", "Lt" }, { "Modifier_Letter", "Lm" }, { "Other_Letter", "Lo" },
		{ "Mark", "M" }, { "Nonspacing_Mark", "Mn" }, { "Spacing_Mark", "Mc" },
		{ "Enclosing_Mark", "Me" }, { "Number", "N" }, { "Decimal_Number", "Nd" },
		{ "digit", "Nd" }, { "Letter_Number", "Nl" }, { "Other_Number", "No" },
		{ "Punctuation", "P" }, { "punct", "P" }, { "Connector_Punctuation", "Pc" },
		{ "Dash_Punctuation", "Pd" }, { "Open_Punctuation", "Ps" },
		{ "Close_Punctuation", "Pe" }, { "Initial_Punctuation", "Pi" },
		{ "Final_Punctuation", "Pf" }, { "Other_Punctuation", "Po" }, { "Symbol", "S" },
		{ "Math_Symbol", "Sm" }, { "Currency_Symbol", "Sc" }, { "Modifier_Symbol", "Sk" },
		{ "Other_Symbol", "So" }, { "Separator", "Z" }, { "Space_Separator", "Zs" },
		{ "Line_Separator", "Zl" }, { "Paragraph_Separator", "Zp" }, { "Other", "C" },
		{ "Control", "Cc" }, { "cntrl", "Cc" }, { "Format", "Cf" }, { "Surrogate", "Cs" },
		{ "Private_Use", "Co" }, { "Unassigned", "Cn" } };
	for (size_t i = 0; i < sizeof(categories) / sizeof(*categories); i++)
		if (is_word(categories[i][0], name, len))
			return categories[i][1];
	return NULL;
}

static bool is_name_byte(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

/* \p{…} and \P{…}; `t->at` points to the p. */
static int translate_property(struct translating *t)
{
	char kind = *t->at++;
	const char *close = t->at < t->end && *t->at == '{'
		? memchr(t->at, '}', (size_t)(t->end - t->at))
		: NULL;
	if (!close)
		return refuse(
			t, t->at - 2, "\\p requires a property in braces, as in \\p{Letter},");
	const char *name = t->at + 1;
	size_t len = (size_t)(close - name), key_len = 0;
	const char *equals = memchr(name, '=', len), *key = "";
	for (const char *at = name; at < close; at++)
		if (!is_name_byte(*at) && at != equals)
			return refuse(t, t->at - 2, "unknown property,");
	if (equals) {
		key = name;
		key_len = (size_t)(equals - name);
		name = equals + 1;
		len = (size_t)(close - name);
	}
	bool general = is_word("General_Category", key, key_len) || is_word("gc", key, key_len);
	const char *category = general || !equals ? short_category(name, len) : NULL;
	buf_addf(t->out, "\\%c{", kind);
	if (is_word("Script_Extensions", key, key_len) || is_word("scx", key, key_len))
		buf_addstr(t->out, "scx:");
	else if (is_word("Script", key, key_len) || is_word("sc", key, key_len))
		buf_addstr(t->out, "sc:");
	else if (equals && !general)
		return refuse(t, t->at - 2, "unknown property,");
	if (category)
		buf_addstr(t->out, category);
	else
		buf_add(t->out, name, len);
	buf_addch(t->out, '}');
	t->at = close + 1;
	return 0;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static unsigned long read_hex(const char *text, size_t len)
{
	char digits[9] = "";
	memcpy(digits, text, len < 8 ? len : 8);
	return strtoul(digits, NULL, 16);
}

/* \uXXXX, \u{X…}, \xXX; `t->at` points to the letter. Halves of a surrogate pair are joined. */
static int translate_code(struct translating *t)
{
	const char *escape = t->at - 1;
	size_t want = *t->at == 'u' ? 4 : 2, len = 0;
	bool braces = *t->at == 'u' && t->end - t->at > 1 && t->at[1] == '{';
	const char *digits = t->at + 1 + braces;
	while (digits + len < t->end && is_hex(digits[len]) && (braces || len < want))
		len++;
	if (braces ? !len || len > 6 || digits + len == t->end || digits[len] != '}' : len < want)
		return refuse(t, escape, "a numeric escape requires hexadecimal digits");
	unsigned long point = read_hex(digits, len);
	t->at = digits + len + braces;
	if (point >= 0xd800 && point <= 0xdbff && t->end - t->at >= 6 && t->at[0] == '\\' &&
		t->at[1] == 'u') {
		unsigned long low = read_hex(t->at + 2, 4);
		if (low >= 0xdc00 && low <= 0xdfff) {
			point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
			t->at += 6;
		}
	}
	if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return refuse(t, escape, "an escape is not a valid character");
	buf_addf(t->out, "\\x{%lx}", point);
	return 0;
}

/* The part after a backslash; `t->at` points to it. */
static int translate_escape(struct translating *t)
{
	char c = *t->at;
	switch (c) {
	case 'd':
		buf_addstr(t->out, t->in_class ? "0-9" : "[0-9]");
		break;
	case 'D':
		buf_addstr(t->out, t->in_class ? "\\x{0}-/:-\\x{10ffff}" : "[^0-9]");
		break;
	case 'w':
		buf_addstr(t->out, t->in_class ? "0-9A-Za-z_" : "[0-9A-Za-z_]");
		break;
	case 'W':
		buf_addstr(
			t->out, t->in_class ? "\\x{0}-/:-@\\[-^`{-\\x{10ffff}" : "[^0-9A-Za-z_]");
		break;
	case 's':
		buf_addstr(t->out, t->in_class ? SPACE_CLASS : "[" SPACE_CLASS "]");
		break;
	case 'S':
		if (t->in_class)
			buf_addstr(t->out,
				"\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{9f}\\x{a1}-\\x{167f}"
				"\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}"
				"\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}"
				"\\x{ff00}-\\x{10ffff}");
		else
			buf_addstr(t->out, "[^" SPACE_CLASS "]");
		break;
	case 'v':
		buf_addstr(t->out, "\\x{0b}");
		break;
	case 'p':
	case 'P':
		return translate_property(t);
	case 'u':
	case 'x':
		return translate_code(t);
	case 'c':
		if (t->end - t->at < 2 ||
			!(((t->at[1] | 0x20) >= 'a') && ((t->at[1] | 0x20) <= 'z')))
			return refuse(t, t->at - 1, "\\c requires a letter");
		buf_addf(t->out, "\\x{%x}", t->at[1] & 0x1f);
		t->at++;
		break;
	case 'b':
	case 'B':
		/* In a class, \b is a backspace; outside, PCRE2's words are ASCII, since UCP is
		 * off. */
		buf_addf(t->out, t->in_class ? "\\x{8}" : "\\%c", c);
		break;
	case 'k':
		buf_addstr(t->out, "\\k");
		break;
	case '0':
		buf_addstr(t->out, "\\x{0}");
		break;
	default:
		if ((c >= 'a' && c <= 'z' && !strchr("fnrt", c)) || (c >= 'A' && c <= 'Z'))
			return refuse(t, t->at - 1, "unknown escape in ECMA-262,");
		buf_addf(t->out, "\\%c", c);
	}
	t->at++;
	return 0;
}

/* A class; `t->at` is after its bracket. */
static void open_class(struct translating *t)
{
	bool negated = t->at < t->end && *t->at == '^';
	t->at += negated;
	/* [] matches nothing and [^] anything; in PCRE2, the bracket would be a member. */
	if (t->at < t->end && *t->at == ']') {
		buf_addstr(t->out, negated ? "(?s:.)" : "(?!)");
		t->at++;
		return;
	}
	buf_addstr(t->out, negated ? "[^" : "[");
	t->in_class = true;
}

/* A group; `t->at` is after its parenthesis. PCRE2 has many that ECMA-262 does not have. */
static int open_group(struct translating *t)
{
	static const char *const kinds[] = { "?:", "?=", "?!", "?<=", "?<!" };
	size_t left = (size_t)(t->end - t->at);
	bool known = !left || (*t->at != '?' && *t->at != '*');
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		known = known ||
			(left >= strlen(kinds[i]) && !memcmp(t->at, kinds[i], strlen(kinds[i])));
	/* (?<name>...) */
	known = known || (left > 2 && !memcmp(t->at, "?<", 2) && is_name_byte(t->at[2]));
	if (!known)
		return refuse(t, t->at - 1, "unknown kind of group in ECMA-262,");
	buf_addch(t->out, '(');
	return 0;
}

/* The length of the quantifier at `at`, including a '?' after it; 0 if there is none. */
static size_t quantifier_length(const char *at, const char *end)
{
	const char *start = at;
	if (at == end || !memchr("*+?{", *at, 4))
		return 0;
	if (*at++ == '{') {
		const char *digits = at;
		while (at < end && ((*at >= '0' && *at <= '9') || *at == ','))
			at++;
		if (at == digits || *digits == ',' || at == end || *at++ != '}')
			return 0;
	}
	at += at < end && *at == '?';
	return (size_t)(at - start);
}

/* A part outside a class that is not an escape; `t->at` points to it. */
static int translate_plain(struct translating *t)
{
	size_t quantifier = quantifier_length(t->at, t->end);
	if (quantifier) {
		buf_add(t->out, t->at, quantifier);
		t->at += quantifier;
		/* a++ would be possessive there. */
		return quantifier_length(t->at, t->end)
			? refuse(t, t->at, "a quantifier has nothing to repeat")
			: 0;
	}
	char c = *t->at++;
	if (c == '[')
		open_class(t);
	else if (c == '(')
		return open_group(t);
	else if (c == '.')
		buf_addstr(t->out, "[^\\n\\r\\x{2028}\\x{2029}]");
	else
		buf_addch(t->out, c);
	return 0;
}

static int translate(struct translating *t)
{
	int rc = 0;
	while (!rc && t->at < t->end) {
		char c = *t->at;
		if (c == '\\') {
			if (++t->at == t->end)
				return refuse(t, t->at - 1, "stray backslash");
			rc = translate_escape(t);
		} else if (!t->in_class) {
			rc = translate_plain(t);
		} else {
			t->in_class = c != ']';
			buf_addstr(t->out, c == '[' ? "\\" : ""); /* otherwise [:alpha:] */
			buf_addch(t->out, c);
			t->at++;
		}
	}
	return rc;
}

int pattern_compile(struct pattern **out, const char *text, size_t len, struct error *err)
{
	struct buf translated = BUF_INIT;
	struct translating t = {
		.at = text, .start = text, .end = text + len, .out = &translated, .err = err
	};
	if (len > MOST_LENGTH)
		return error_set(
			err, ERR_INVALID, "the pattern is longer than %d bytes", MOST_LENGTH);
	int rc = translate(&t), code;
	size_t offset;
	if (rc < 0)
		goto done;
	pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)translated.data, translated.len,
		PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF |
			PCRE2_NEVER_BACKSLASH_C,
		&code, &offset, NULL);
	if (!compiled) {
		char words[128];
		pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof(words));
		rc = error_set(err, ERR_INVALID, "%s", words);
		goto done;
	}
	/* Five times as fast. If the system does not allow JIT code, the pattern is interpreted. */
	pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);
	struct pattern *pattern = xcalloc(1, sizeof(*pattern));
	pattern->code = compiled;
	pattern->context = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(pattern->context, MATCH_LIMIT);
	pcre2_set_heap_limit(pattern->context, HEAP_KIB);
	*out = pattern;
done:
	buf_release(&translated);
	return rc;
}

void pattern_free(struct pattern *pattern)
{
	if (!pattern)
		return;
	pcre2_code_free(pattern->code);
	pcre2_match_context_free(pattern->context);
	free(pattern);
}

int pattern_matches(const struct pattern *pattern, const char *text, size_t len, struct error *err)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int rc = pcre2_match(pattern->code, (PCRE2_SPTR)text, len, 0, PCRE2_NO_UTF_CHECK, data,
		pattern->context);
	/* Compiled code has little room for going back; the slow way has all that the limits give.
	 */
	if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
		rc = pcre2_match(pattern->code, (PCRE2_SPTR)text, len, 0,
			PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data, pattern->context);
	pcre2_match_data_free(data);
	if (rc >= 0)
		return 1;
	if (rc == PCRE2_ERROR_NOMATCH)
		return 0;
	return error_set(err, ERR_FAILED,
		"cannot match the pattern: more than %d steps; it backtracks too much on this text",
		MATCH_LIMIT);
}
