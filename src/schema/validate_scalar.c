/* The keywords for single values: type, enum, const, numbers, strings. */
#include "format/format.h"
#include "schema/run.h"

#include "base/alloc.h"
#include "base/nearest.h"
#include "base/timestamp.h"
#include "json/number.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 60, LISTED = 20 };

static uint8_t type_bit(const struct json_value *value)
{
	static const uint8_t bits[] = {
		[JSON_NULL] = TYPE_NULL,
		[JSON_FALSE] = TYPE_BOOLEAN,
		[JSON_TRUE] = TYPE_BOOLEAN,
		[JSON_NUMBER] = TYPE_NUMBER,
		[JSON_STRING] = TYPE_STRING,
		[JSON_ARRAY] = TYPE_ARRAY,
		[JSON_OBJECT] = TYPE_OBJECT,
	};
	return bits[value->type];
}

bool run_has_type(const struct run *run, const struct json_value *value, uint8_t types)
{
	size_t len;
	if (types & type_bit(value))
		return true;
	if (value->type != JSON_NUMBER || !(types & TYPE_INTEGER))
		return false;
	const char *text = json_raw(run->doc, value, &len);
	return json_number_is_integer(text, len);
}

static void add_types(uint8_t types, struct buf *out)
{
	static const struct {
		uint8_t bit;
		const char *name;
	} names[] = { { TYPE_NULL, "null" }, { TYPE_BOOLEAN, "a boolean" },
		{ TYPE_INTEGER, "a whole number" }, { TYPE_NUMBER, "a number" },
		{ TYPE_STRING, "a string" }, { TYPE_ARRAY, "an array" },
		{ TYPE_OBJECT, "an object" } };
	const char *comma = "";
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (types & names[i].bit) {
			buf_addf(out, "%s%s", comma, names[i].name);
			comma = " or ";
		}
}

/* The text of a value for a message, truncated if it is long. */
static void add_value(const struct json_doc *doc, const struct json_value *value, struct buf *out)
{
	size_t len;
	const char *text = json_raw(doc, value, &len);
	bool cut = len > SHOWN;
	if (cut)
		for (len = SHOWN; len && (text[len] & 0xc0) == 0x80; len--)
			;
	for (size_t i = 0; i < len; i++)
		buf_addch(out, text[i] == '\n' || text[i] == '\r' ? ' ' : text[i]);
	if (cut)
		buf_addstr(out, "...");
}

static bool fail_type(struct run *run, const struct frame *frame)
{
	struct buf wanted = BUF_INIT, found = BUF_INIT;
	add_types(frame->schema->types, &wanted);
	if (frame->value->type >= JSON_ARRAY)
		buf_addf(&found, "an %s", json_type_name(frame->value->type));
	else
		add_value(run->doc, frame->value, &found);
	run_fail(run, frame, "type", frame->value, "%s must be %s", found.data, wanted.data);
	buf_release(&wanted);
	buf_release(&found);
	return false;
}

/* "done" is not one of queued, running, …; did you mean "completed"? */
static bool fail_enum(struct run *run, const struct frame *frame)
{
	const struct json_doc *doc = frame->schema->resource->doc;
	const struct json_value *values = frame->schema->enumeration;
	struct buf found = BUF_INIT, known = BUF_INIT, scratch = BUF_INIT;
	char *typed = json_strdup(run->doc, frame->value), *meant = NULL;
	struct nearest nearest = NEAREST_INIT(typed ? typed : "");
	size_t listed = 0;
	JSON_EACH (value, values) {
		if (listed++ < LISTED) {
			size_t len;
			const char *text = json_string_in(doc, value, &len, &scratch);
			buf_addstr(&known, listed > 1 ? ", " : "");
			if (text)
				buf_add(&known, text, len);
			else
				add_value(doc, value, &known);
		}
		char *word = json_strdup(doc, value);
		const char *before = nearest.word;
		if (typed && word)
			nearest_try(&nearest, word);
		if (nearest.word != before) {
			free(meant);
			meant = word;
		} else {
			free(word);
		}
	}
	add_value(run->doc, frame->value, &found);
	run_fail(run, frame, "enum", frame->value, "%s is not one of %s%s%s%s%s", found.data,
		known.data, listed > LISTED ? ", ..." : "", meant ? "; did you mean \"" : "",
		meant ? meant : "", meant ? "\"?" : "");
	free(typed);
	free(meant);
	buf_release(&found);
	buf_release(&known);
	buf_release(&scratch);
	return false;
}

static bool check_general(struct run *run, const struct frame *frame)
{
	const struct schema *s = frame->schema;
	const struct json_doc *doc = s->resource->doc;
	bool ok = true;
	if (s->types && !run_has_type(run, frame->value, s->types))
		ok = run_goes_on(run) ? fail_type(run, frame) : false;
	if (s->enumeration && (ok || run_goes_on(run))) {
		bool found = false;
		run_spend(run, s->enumeration->count / 8);
		JSON_EACH (value, s->enumeration)
			found = found || json_equal(doc, value, run->doc, frame->value);
		if (!found)
			ok = run_tells(run) ? fail_enum(run, frame)
					    : run_fail(run, frame, "enum", frame->value, "%s", "");
	}
	if (s->constant && (ok || run_goes_on(run)) &&
		!json_equal(doc, s->constant, run->doc, frame->value)) {
		struct buf wanted = BUF_INIT;
		add_value(doc, s->constant, &wanted);
		ok = run_fail(run, frame, "const", frame->value, "must be %s", wanted.data);
		buf_release(&wanted);
	}
	return ok;
}

/* Compares the number with a limit; `wrong` is the sign of an invalid result, `touch` whether equal
 * is invalid, too. */
static bool within(struct run *run, const struct frame *frame, const char *keyword,
	const struct text *limit, int wrong, bool touch, const char *words)
{
	size_t len;
	const char *text = json_raw(run->doc, frame->value, &len);
	if (!limit->bytes)
		return true;
	int order = json_number_compare(text, len, limit->bytes, limit->len);
	if (order * wrong < 0 || (!order && !touch))
		return true;
	return run_fail(run, frame, keyword, frame->value, "%.*s must be %s " TEXT_FMT,
		len > SHOWN ? SHOWN : (int)len, text, words, TEXT_ARG(*limit));
}

static bool check_number(struct run *run, const struct frame *frame)
{
	const struct limits *l = frame->schema->limits;
	size_t len;
	const char *text = json_raw(run->doc, frame->value, &len);
	bool ok = within(run, frame, "maximum", &l->maximum, 1, false, "at most");
	ok = within(run, frame, "exclusiveMaximum", &l->exclusive_maximum, 1, true, "less than") &&
		ok;
	ok = within(run, frame, "minimum", &l->minimum, -1, false, "at least") && ok;
	ok = within(run, frame, "exclusiveMinimum", &l->exclusive_minimum, -1, true,
		     "greater than") &&
		ok;
	if (l->multiple_of.bytes &&
		!json_number_is_multiple(text, len, l->multiple_of.bytes, l->multiple_of.len))
		ok = run_fail(run, frame, "multipleOf", frame->value,
			"%.*s must be a multiple of " TEXT_FMT, len > SHOWN ? SHOWN : (int)len,
			text, TEXT_ARG(l->multiple_of));
	return ok;
}

static int64_t count_characters(const char *text, size_t len)
{
	int64_t count = 0;
	for (size_t i = 0; i < len; i++)
		count += (text[i] & 0xc0) != 0x80;
	return count;
}

static bool check_pattern(struct run *run, const struct frame *frame, const char *text, size_t len)
{
	const struct string_rules *rules = frame->schema->string;
	struct error why; /* not cleared: that takes measurable time for each string */
	int matches = pattern_matches(rules->pattern, text, len, &why);
	if (matches < 0)
		return run_give_up(run, frame, "pattern", frame->value, why.text);
	if (matches)
		return true;
	struct buf found = BUF_INIT;
	add_value(run->doc, frame->value, &found);
	run_fail(run, frame, "pattern", frame->value, "%s does not match the pattern %s",
		found.data, rules->pattern_source);
	buf_release(&found);
	return false;
}

static bool check_string(struct run *run, const struct frame *frame, const char *text, size_t len)
{
	const struct string_rules *rules = frame->schema->string;
	bool ok = true;
	if (rules->length.least >= 0 || rules->length.most >= 0) {
		int64_t count = count_characters(text, len);
		if (rules->length.least >= 0 && count < rules->length.least)
			ok = run_fail(run, frame, "minLength", frame->value,
				"must have at least %lld characters, but has %lld",
				(long long)rules->length.least, (long long)count);
		if (rules->length.most >= 0 && count > rules->length.most)
			ok = run_fail(run, frame, "maxLength", frame->value,
				"must have at most %lld characters, but has %lld",
				(long long)rules->length.most, (long long)count);
	}
	if (rules->pattern && (ok || run_goes_on(run)))
		ok = check_pattern(run, frame, text, len) && ok;
	return ok;
}

static bool check_format(struct run *run, const struct frame *frame, const char *text, size_t len)
{
	const struct schema *s = frame->schema;
	if (s->format < 0 || !(run->options.assert_format || s->asserts_format) ||
		schema_format_matches(s->format, text, len))
		return true;
	struct buf found = BUF_INIT;
	add_value(run->doc, frame->value, &found);
	run_fail(run, frame, "format", frame->value, "%s is not a valid " TEXT_FMT, found.data,
		TEXT_ARG(s->format_name));
	buf_release(&found);
	return false;
}

static bool check_time(struct run *run, const struct frame *frame, const char *text, size_t len)
{
	int64_t seconds;
	if (timestamp_parse(text, len, &seconds))
		return true;
	struct buf found = BUF_INIT, why = BUF_INIT;
	add_value(run->doc, frame->value, &found);
	timestamp_explain(text, len, &why);
	run_fail(run, frame, "x-time", frame->value, "%s is not a time: %s", found.data, why.data);
	buf_release(&found);
	buf_release(&why);
	return false;
}

/* Checks the characters of a string, which are decoded only once. */
static bool check_characters(struct run *run, const struct frame *frame)
{
	struct buf scratch = BUF_INIT;
	size_t len;
	const char *text = json_string_in(run->doc, frame->value, &len, &scratch);
	bool ok = true;
	run_spend(run, len / 64);
	if (frame->schema->string)
		ok = check_string(run, frame, text, len);
	if (ok || run_goes_on(run))
		ok = check_format(run, frame, text, len) && ok;
	if (frame->schema->is_time && (ok || run_goes_on(run)))
		ok = check_time(run, frame, text, len) && ok;
	buf_release(&scratch);
	return ok;
}

bool run_scalar(struct run *run, const struct frame *frame)
{
	const struct schema *s = frame->schema;
	bool ok = true;
	if (s->types || s->enumeration || s->constant)
		ok = check_general(run, frame);
	if (s->limits && frame->value->type == JSON_NUMBER && (ok || run_goes_on(run)))
		ok = check_number(run, frame) && ok;
	if (frame->value->type == JSON_STRING && (s->string || s->format >= 0 || s->is_time) &&
		(ok || run_goes_on(run)))
		ok = check_characters(run, frame) && ok;
	return ok;
}
