#include "json/document.h"

#include "json/internal.h"
#include "json/number.h"

#include "base/alloc.h"
#include "base/timestamp.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *json_text(const struct json_doc *doc, size_t *len)
{
	*len = doc->len;
	return doc->text;
}

const char *json_name(const struct json_doc *doc)
{
	return doc->name;
}

bool json_is_lines(const struct json_doc *doc)
{
	return doc->lines;
}

/* Is it the list of lines, which has no brackets? */
static bool is_bare(const struct json_doc *doc, const struct json_value *container)
{
	return doc->lines && container == doc->values;
}

size_t json_content_start(const struct json_doc *doc, const struct json_value *container)
{
	return is_bare(doc, container) ? container->start : container->start + 1u;
}

size_t json_content_end(const struct json_doc *doc, const struct json_value *container)
{
	return is_bare(doc, container) ? container->end : container->end - 1u;
}

const struct json_value *json_root(const struct json_doc *doc)
{
	return doc->values;
}

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",
		[JSON_FALSE] = "boolean",
		[JSON_TRUE] = "boolean",
		[JSON_NUMBER] = "number",
		[JSON_STRING] = "string",
		[JSON_ARRAY] = "array",
		[JSON_OBJECT] = "object",
	};
	return names[type];
}

/* ---- strings ---- */

unsigned json_hex4(const char *digits)
{
	unsigned value = 0;
	for (int i = 0; i < 4; i++) {
		unsigned digit = (unsigned char)digits[i];
		value = value << 4 | (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
	}
	return value;
}

size_t json_unescape(const char *raw, size_t len, char *out)
{
	const char *s = raw + 1, *end = raw + len - 1;
	char *to = out;
	while (s < end) {
		if (*s != '\\') {
			*to++ = *s++;
			continue;
		}
		char kind = s[1];
		s += 2;
		switch (kind) {
		case 'b':
			*to++ = '\b';
			break;
		case 'f':
			*to++ = '\f';
			break;
		case 'n':
			*to++ = '\n';
			break;
		case 'r':
			*to++ = '\r';
			break;
		case 't':
			*to++ = '\t';
			break;
		case 'u': {
			uint32_t point = json_hex4(s);
			s += 4;
			if (point >= 0xd800 && point <= 0xdbff) {
				point = 0x10000 + ((point - 0xd800) << 10) +
					(json_hex4(s + 2) - 0xdc00);
				s += 6;
			}
			to += utf8_encode(point, to);
			break;
		}
		default: /* a quote, slash or backslash */
			*to++ = kind;
		}
	}
	return (size_t)(to - out);
}

bool json_same_string(
	const char *a, size_t a_len, bool a_escaped, const char *b, size_t b_len, bool b_escaped)
{
	if (!a_escaped && !b_escaped)
		return a_len == b_len && !memcmp(a, b, a_len);
	char *a_text = xmalloc(a_len), *b_text = xmalloc(b_len);
	size_t a_count = json_unescape(a, a_len, a_text);
	size_t b_count = json_unescape(b, b_len, b_text);
	bool same = a_count == b_count && !memcmp(a_text, b_text, a_count);
	free(a_text);
	free(b_text);
	return same;
}

/* The characters between the quotes at `start`. If there are escapes, they are decoded into
 * `scratch` or, if that is NULL, into the arena. */
static const char *characters(const struct json_doc *doc, uint32_t start, uint32_t end,
	bool escaped, size_t *len, struct buf *scratch)
{
	const char *raw = doc->text + start;
	if (!escaped) {
		*len = end - start - 2;
		return raw + 1;
	}
	if (scratch) {
		buf_reset(scratch);
		buf_grow(scratch, end - start);
		*len = scratch->len = json_unescape(raw, end - start, scratch->data);
		scratch->data[*len] = '\0';
		return scratch->data;
	}
	/* The arena is a cache, not part of the value of the document. */
	struct arena *arena = &((struct json_doc *)(uintptr_t)doc)->arena;
	char *decoded = arena_alloc(arena, end - start);
	*len = json_unescape(raw, end - start, decoded);
	return decoded;
}

const char *json_raw(const struct json_doc *doc, const struct json_value *value, size_t *len)
{
	*len = value->end - value->start;
	return doc->text + value->start;
}

const char *json_string(const struct json_doc *doc, const struct json_value *value, size_t *len)
{
	if (!value || value->type != JSON_STRING)
		return NULL;
	return characters(doc, value->start, value->end, value->escaped, len, NULL);
}

const char *json_string_in(const struct json_doc *doc, const struct json_value *value, size_t *len,
	struct buf *scratch)
{
	if (!value || value->type != JSON_STRING)
		return NULL;
	return characters(doc, value->start, value->end, value->escaped, len, scratch);
}

const char *json_key(const struct json_doc *doc, const struct json_value *member, size_t *len)
{
	if (!member || !member->key_end)
		return NULL;
	return characters(doc, member->key_start, member->key_end, member->key_escaped, len, NULL);
}

const char *json_key_in(const struct json_doc *doc, const struct json_value *member, size_t *len,
	struct buf *scratch)
{
	if (!member || !member->key_end)
		return NULL;
	return characters(
		doc, member->key_start, member->key_end, member->key_escaped, len, scratch);
}

char *json_strdup(const struct json_doc *doc, const struct json_value *value)
{
	size_t len;
	struct buf scratch = BUF_INIT;
	const char *text = json_string_in(doc, value, &len, &scratch);
	char *copy = text && !memchr(text, '\0', len) ? xstrndup(text, len) : NULL;
	buf_release(&scratch);
	return copy;
}

char *json_strdup_in(
	const struct json_doc *doc, const struct json_value *value, struct arena *arena)
{
	size_t len;
	const char *text = json_string(doc, value, &len);
	return text && !memchr(text, '\0', len) ? arena_strndup(arena, text, len) : NULL;
}

/* Is the quoted string [start, end) equal to `text`? Decodes it only if the length allows that. */
static bool says(const struct json_doc *doc, uint32_t start, uint32_t end, bool escaped,
	const char *text, size_t len)
{
	const char *raw = doc->text + start;
	size_t raw_len = end - start;
	if (!escaped)
		return raw_len - 2 == len && !memcmp(raw + 1, text, len);
	if (raw_len - 2 < len)
		return false;
	char *decoded = xmalloc(raw_len);
	size_t count = json_unescape(raw, raw_len, decoded);
	bool same = count == len && !memcmp(decoded, text, len);
	free(decoded);
	return same;
}

bool json_string_is(const struct json_doc *doc, const struct json_value *value, const char *string)
{
	return value && value->type == JSON_STRING &&
		says(doc, value->start, value->end, value->escaped, string, strlen(string));
}

/* ---- lookup ---- */

const struct json_value *json_member_n(
	const struct json_doc *doc, const struct json_value *object, const char *name, size_t len)
{
	if (!object || object->type != JSON_OBJECT)
		return NULL;
	JSON_EACH (member, object)
		if (says(doc, member->key_start, member->key_end, member->key_escaped, name, len))
			return member;
	return NULL;
}

const struct json_value *json_member(
	const struct json_doc *doc, const struct json_value *object, const char *name)
{
	return json_member_n(doc, object, name, strlen(name));
}

void json_members(const struct json_doc *doc, const struct json_value *object,
	const char *const *names, size_t count, const struct json_value **found)
{
	memset(found, 0, count * sizeof(*found));
	if (!object || object->type != JSON_OBJECT)
		return;
	size_t next = 0; /* programs usually write and read members in the same order */
	JSON_EACH (member, object) {
		const char *raw = doc->text + member->key_start + 1;
		for (size_t tried = 0; tried < count; tried++) {
			size_t i = next + tried < count ? next + tried : next + tried - count;
			if (!member->key_escaped && names[i][0] && raw[0] != names[i][0])
				continue;
			if (!says(doc, member->key_start, member->key_end, member->key_escaped,
				    names[i], strlen(names[i])))
				continue;
			found[i] = member;
			next = i + 1 < count ? i + 1 : 0;
			break;
		}
	}
}

const struct json_value *json_element(const struct json_value *array, size_t index)
{
	if (!array || array->type != JSON_ARRAY || index >= array->count)
		return NULL;
	const struct json_value *element = array + 1;
	while (index--)
		element += element->span;
	return element;
}

/* An array index according to RFC 6901, section 4: digits without a leading zero. */
static const struct json_value *element_by_token(
	const struct json_value *array, const char *token, size_t len)
{
	if (!len || len > 9 || (len > 1 && token[0] == '0'))
		return NULL;
	size_t index = 0;
	for (size_t i = 0; i < len; i++) {
		if (token[i] < '0' || token[i] > '9')
			return NULL;
		index = index * 10 + (size_t)(token[i] - '0');
	}
	return json_element(array, index);
}

/* Undoes ~0 and ~1; false if a ~ is followed by anything else. */
static bool unescape_token(const char *token, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		if (token[i] != '~') {
			buf_addch(out, token[i]);
			continue;
		}
		if (++i == len || (token[i] != '0' && token[i] != '1'))
			return false;
		buf_addch(out, token[i] == '0' ? '~' : '/');
	}
	return true;
}

const struct json_value *json_at(const struct json_doc *doc, const char *pointer)
{
	const struct json_value *value = json_root(doc);
	struct buf name = BUF_INIT;
	while (value && *pointer) {
		if (*pointer++ != '/') {
			value = NULL;
			break;
		}
		size_t len = strcspn(pointer, "/");
		buf_reset(&name);
		if (!unescape_token(pointer, len, &name))
			value = NULL;
		else if (value->type == JSON_ARRAY)
			value = element_by_token(value, name.data, name.len);
		else
			value = json_member_n(doc, value, name.data, name.len);
		pointer += len;
	}
	buf_release(&name);
	return value;
}

/* ---- numbers ---- */

bool json_int64(const struct json_doc *doc, const struct json_value *value, int64_t *number)
{
	if (!value || value->type != JSON_NUMBER)
		return false;
	size_t len;
	const char *text = json_raw(doc, value, &len);
	return json_number_to_int64(text, len, number);
}

int64_t json_time(const struct json_doc *doc, const struct json_value *value)
{
	size_t len;
	int64_t seconds;
	const char *text = json_string(doc, value, &len);
	return text && timestamp_parse(text, len, &seconds) ? seconds : 0;
}

bool json_double(const struct json_doc *doc, const struct json_value *value, double *number)
{
	if (!value || value->type != JSON_NUMBER)
		return false;
	size_t len;
	const char *text = json_raw(doc, value, &len);
	char *copy = xstrndup(text, len);
	*number = strtod(copy, NULL);
	free(copy);
	return true;
}

/* ---- equality ---- */

bool json_same_text(const struct json_doc *a_doc, const struct json_value *a,
	const struct json_doc *b_doc, const struct json_value *b)
{
	size_t a_len, b_len;
	const char *a_text = json_raw(a_doc, a, &a_len), *b_text = json_raw(b_doc, b, &b_len);
	return a_len == b_len && !memcmp(a_text, b_text, a_len);
}

static bool children_equal(const struct json_doc *a_doc, const struct json_value *a,
	const struct json_doc *b_doc, const struct json_value *b)
{
	const struct json_value *other = json_first(b);
	JSON_EACH (child, a) {
		if (!json_equal(a_doc, child, b_doc, other))
			return false;
		other += other->span;
	}
	return true;
}

static bool same_names_in_order(const struct json_doc *a_doc, const struct json_value *a,
	const struct json_doc *b_doc, const struct json_value *b)
{
	const struct json_value *other = json_first(b);
	JSON_EACH (member, a) {
		if (!json_same_string(a_doc->text + member->key_start,
			    member->key_end - member->key_start, member->key_escaped,
			    b_doc->text + other->key_start, other->key_end - other->key_start,
			    other->key_escaped))
			return false;
		other += other->span;
	}
	return true;
}

static bool objects_equal(const struct json_doc *a_doc, const struct json_value *a,
	const struct json_doc *b_doc, const struct json_value *b)
{
	/* Usually, the members are in the same order. */
	if (same_names_in_order(a_doc, a, b_doc, b))
		return children_equal(a_doc, a, b_doc, b);
	struct json_names a_names, b_names;
	json_names_init(&a_names, a_doc, a);
	json_names_init(&b_names, b_doc, b);
	bool equal = true;
	for (size_t i = 0; i < a_names.count && equal; i++)
		equal = json_name_is(&a_names.sorted[i], &b_names.sorted[i]);
	for (size_t i = 0; i < a_names.count && equal; i++)
		equal = json_equal(
			a_doc, a_names.sorted[i].member, b_doc, b_names.sorted[i].member);
	json_names_release(&a_names);
	json_names_release(&b_names);
	return equal;
}

bool json_equal(const struct json_doc *a_doc, const struct json_value *a,
	const struct json_doc *b_doc, const struct json_value *b)
{
	if (a->type != b->type)
		return false;
	size_t a_len = a->end - a->start, b_len = b->end - b->start;
	const char *a_text = a_doc->text + a->start, *b_text = b_doc->text + b->start;
	if (a_len == b_len && !memcmp(a_text, b_text, a_len))
		return true;
	switch ((enum json_type)a->type) {
	case JSON_NUMBER:
		return !json_number_compare(a_text, a_len, b_text, b_len);
	case JSON_STRING:
		return json_same_string(a_text, a_len, a->escaped, b_text, b_len, b->escaped);
	case JSON_ARRAY:
		return a->count == b->count && children_equal(a_doc, a, b_doc, b);
	case JSON_OBJECT:
		return a->count == b->count && objects_equal(a_doc, a, b_doc, b);
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		break;
	}
	return true;
}

/* ---- positions and pointers ---- */

struct json_position json_text_position(const char *text, size_t len, size_t offset)
{
	struct json_position where = { .line = 1, .column = 1 };
	if (offset > len)
		offset = len;
	const char *line = text, *end = text + offset, *newline;
	while ((newline = memchr(line, '\n', (size_t)(end - line)))) {
		where.line++;
		line = newline + 1;
	}
	bool utf8 = utf8_valid_prefix(line, (size_t)(end - line)) == (size_t)(end - line);
	for (; line < end; line++)
		if (!utf8 || (*line & 0xc0) != 0x80)
			where.column++;
	return where;
}

struct json_position json_position(const struct json_doc *doc, size_t offset)
{
	struct json_position where = json_text_position(doc->text, doc->len, offset);
	if (doc->first_line)
		where.line += doc->first_line - 1;
	return where;
}

void json_pointer_add(struct buf *out, const char *name, size_t len)
{
	buf_addch(out, '/');
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '~')
			buf_addstr(out, "~0");
		else if (name[i] == '/')
			buf_addstr(out, "~1");
		else
			buf_addch(out, name[i]);
	}
}

void json_pointer_of(const struct json_doc *doc, const struct json_value *value, struct buf *out)
{
	const struct json_value *at = json_root(doc);
	struct buf scratch = BUF_INIT;
	while (at != value) {
		const struct json_value *child = at + 1;
		size_t index = 0;
		while (value >= child + child->span) {
			child += child->span;
			index++;
		}
		if (at->type == JSON_OBJECT) {
			size_t len;
			const char *key = json_key_in(doc, child, &len, &scratch);
			json_pointer_add(out, key, len);
		} else {
			buf_addf(out, "/%zu", index);
		}
		at = child;
	}
	buf_release(&scratch);
}
