/*
 * The parser, which uses yajl's SAX interface; no other file uses yajl.
 *
 * yajl gets the whole text at once, and provides the end of each token (yajl_get_bytes_consumed()
 * inside a callback).
 *
 * yajl accepts some texts that we do not: some kinds of invalid UTF-8, unpaired surrogates,
 * duplicate names, form feeds between tokens, the start of a string after the document. These are
 * detected here.
 */
#include "json/internal.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "json/parse_error.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

/* In objects up to this size, all names are compared to find duplicates; larger ones are sorted. */
enum { SMALL_OBJECT = 12 };

struct parser {
	struct json_doc *doc;
	size_t capacity; /* of doc->values */
	yajl_handle yajl;
	int max_depth;
	int depth;
	uint32_t open[JSON_MAX_DEPTH]; /* the open containers, as indexes of values */
	size_t offset;                 /* the start in the text of the bytes for yajl */
	bool is_open;                  /* the next bracket for yajl is not in the text */
	bool duplicates;               /* duplicate names are accepted */
	/* The end of the text, if yajl has all of it: only a number may still be missing; 0: more follows. */
	size_t finished;
	size_t end; /* the end of the last token */
	uint32_t key_start, key_end;
	bool key_escaped;
	/* The reason to stop, if it is not an error of yajl. */
	size_t error_at;
	const char *error;
};

static int stop(struct parser *p, size_t at, const char *why)
{
	p->error_at = at;
	p->error = why;
	return 0;
}

/* The start of the token of `len` bytes that yajl has read last. */
static size_t token_start(struct parser *p, size_t len)
{
	p->end = p->finished ? p->finished : p->offset + yajl_get_bytes_consumed(p->yajl);
	return p->end - len;
}

/* Adds a value to the index; a member gets the name that was read last. */
static struct json_value *add_value(struct parser *p, enum json_type type, size_t start)
{
	struct json_doc *doc = p->doc;
	GROW(doc->values, doc->count, p->capacity);
	struct json_value *value = &doc->values[doc->count++];
	*value = (struct json_value){
		.start = (uint32_t)start,
		.end = (uint32_t)p->end,
		.key_start = p->key_start,
		.key_end = p->key_end,
		.span = 1,
		.type = (uint8_t)type,
		.key_escaped = p->key_escaped,
	};
	p->key_start = p->key_end = 0;
	p->key_escaped = false;
	if (p->depth)
		doc->values[p->open[p->depth - 1]].count++;
	return value;
}

static int on_scalar(struct parser *p, enum json_type type, size_t len)
{
	add_value(p, type, token_start(p, len));
	return 1;
}

static int on_null(void *context)
{
	return on_scalar(context, JSON_NULL, strlen("null"));
}

static int on_boolean(void *context, int value)
{
	return value ? on_scalar(context, JSON_TRUE, strlen("true"))
		     : on_scalar(context, JSON_FALSE, strlen("false"));
}

static int on_number(void *context, const char *text, size_t len)
{
	(void)text;
	return on_scalar(context, JSON_NUMBER, len);
}

/* Searches the string from `start` to p->end for an escape of an unpaired surrogate; yajl has
 * checked the syntax of the escapes. */
static bool surrogates_are_paired(struct parser *p, size_t start)
{
	const char *s = p->doc->text + start, *end = p->doc->text + p->end;
	while ((s = memchr(s, '\\', (size_t)(end - s)))) {
		if (s[1] != 'u') {
			s += 2;
			continue;
		}
		unsigned unit = json_hex4(s + 2);
		if (unit >= 0xd800 && unit <= 0xdbff && end - s >= 12 && s[6] == '\\' &&
			s[7] == 'u') {
			unsigned low = json_hex4(s + 8);
			if (low >= 0xdc00 && low <= 0xdfff) {
				s += 12;
				continue;
			}
		}
		if (unit >= 0xd800 && unit <= 0xdfff)
			return stop(p, (size_t)(s - p->doc->text),
				"is half of a surrogate pair; characters above U+FFFF need both "
				"halves, as in \\ud83d\\ude00");
		s += 6;
	}
	return true;
}

/*
 * The start of the string that yajl passes, and whether it has escapes: without escapes, yajl
 * passes a pointer to the text; with escapes, it passes a decoded copy.
 */
static size_t string_start(struct parser *p, const unsigned char *said, size_t len, bool *escaped)
{
	const char *text = p->doc->text;
	size_t at = p->end;
	size_t start = token_start(p, len + 2);
	*escaped = (const char *)said != text + start + 1;
	if (*escaped) {
		while (text[at] != '"')
			at++;
		start = at;
		/* yajl also passes a copy of the first string after it got new bytes. */
		*escaped = memchr(text + start, '\\', p->end - start) != NULL;
	}
	return start;
}

static int on_string(void *context, const unsigned char *said, size_t len)
{
	struct parser *p = context;
	bool escaped;
	size_t start = string_start(p, said, len, &escaped);
	add_value(p, JSON_STRING, start)->escaped = escaped;
	return !escaped || surrogates_are_paired(p, start);
}

static int on_key(void *context, const unsigned char *said, size_t len)
{
	struct parser *p = context;
	p->key_start = (uint32_t)string_start(p, said, len, &p->key_escaped);
	p->key_end = (uint32_t)p->end;
	return !p->key_escaped || surrogates_are_paired(p, p->key_start);
}

static int on_start(struct parser *p, enum json_type type)
{
	if (p->is_open) {
		p->is_open = false;
		return 1;
	}
	size_t start = token_start(p, 1);
	if (p->depth == p->max_depth)
		return stop(p, start, "is nested too deeply");
	struct json_value *value = add_value(p, type, start);
	p->open[p->depth++] = (uint32_t)(value - p->doc->values);
	return 1;
}

static int on_start_array(void *context)
{
	return on_start(context, JSON_ARRAY);
}

static int on_start_object(void *context)
{
	return on_start(context, JSON_OBJECT);
}

static struct json_value *on_end(struct parser *p)
{
	struct json_value *value = &p->doc->values[p->open[--p->depth]];
	token_start(p, 1);
	value->end = (uint32_t)p->end;
	value->span = (uint32_t)(&p->doc->values[p->doc->count] - value);
	return value;
}

static int on_end_array(void *context)
{
	on_end(context);
	return 1;
}

static bool same_key(
	const struct json_doc *doc, const struct json_value *a, const struct json_value *b)
{
	size_t a_len = a->key_end - a->key_start, b_len = b->key_end - b->key_start;
	if (a_len != b_len && !a->key_escaped && !b->key_escaped)
		return false;
	return json_same_string(doc->text + a->key_start, a_len, a->key_escaped,
		doc->text + b->key_start, b_len, b->key_escaped);
}

/* The first member of a large object with a duplicate name; NULL if all names are different. */
static const struct json_value *find_duplicate_by_sorting(
	const struct json_doc *doc, const struct json_value *object)
{
	struct json_names names;
	json_names_init(&names, doc, object);
	const struct json_value *duplicate = NULL;
	for (size_t i = 1; i < names.count; i++)
		if (json_name_is(&names.sorted[i - 1], &names.sorted[i]) &&
			(!duplicate || names.sorted[i].member < duplicate))
			duplicate = names.sorted[i].member;
	json_names_release(&names);
	return duplicate;
}

/* A bit derived from the length and both ends of a name: equal names without escapes have the same
 * bit. */
static uint64_t mark_of(const struct json_doc *doc, const struct json_value *member)
{
	const unsigned char *name = (const unsigned char *)doc->text + member->key_start;
	size_t len = member->key_end - member->key_start;
	return UINT64_C(1) << ((7 * len + 3 * name[1] + name[len - 2]) & 63);
}

static const struct json_value *find_duplicate(
	const struct json_doc *doc, const struct json_value *object)
{
	uint64_t seen = 0;
	bool escaped = false;
	if (object->count > SMALL_OBJECT)
		return find_duplicate_by_sorting(doc, object);
	JSON_EACH (member, object) {
		uint64_t mark = mark_of(doc, member);
		escaped |= member->key_escaped;
		if (escaped || (seen & mark))
			JSON_EACH (before, object) {
				if (before == member)
					break;
				if (same_key(doc, before, member))
					return member;
			}
		seen |= mark;
	}
	return NULL;
}

static int on_end_object(void *context)
{
	struct parser *p = context;
	struct json_value *object = on_end(p);
	const struct json_value *duplicate = p->duplicates ? NULL : find_duplicate(p->doc, object);
	if (duplicate)
		return stop(p, duplicate->key_start, "is a duplicate member name in this object");
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end_object,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end_array,
};

/* yajl does not check for failed allocations, so it gets an allocator that cannot fail. */
static void *yajl_malloc(void *context, size_t size)
{
	(void)context;
	return xmalloc(size);
}

static void *yajl_realloc(void *context, void *memory, size_t size)
{
	(void)context;
	return xrealloc(memory, size);
}

static void yajl_release(void *context, void *memory)
{
	(void)context;
	free(memory);
}

/* Does anything follow the root? yajl does not detect an unterminated string. */
static bool has_more(const struct parser *p)
{
	size_t at = p->end;
	while (at < p->doc->len && json_is_space(p->doc->text[at]))
		at++;
	return at < p->doc->len;
}

static int explain(const struct parser *p, struct error *err)
{
	struct json_stop stop = {
		.end = p->end, .after_name = p->key_end, .open = p->open, .depth = p->depth
	};
	return json_explain(p->doc, &stop, err);
}

static void start_yajl(struct parser *p)
{
	yajl_alloc_funcs memory = {
		.malloc = yajl_malloc, .realloc = yajl_realloc, .free = yajl_release
	};
	p->yajl = yajl_alloc(&callbacks, &memory, p);
	yajl_config(p->yajl, yajl_dont_validate_strings, 1); /* was checked before, more strictly */
}

bool json_has_duplicate(const struct json_doc *doc, const struct json_value *object)
{
	return find_duplicate(doc, object) != NULL;
}

bool json_parse_child(struct json_doc *doc, size_t *capacity, uint32_t container, int depth,
	size_t from, size_t to)
{
	struct parser p = { .doc = doc,
		.capacity = *capacity,
		.max_depth = JSON_MAX_DEPTH,
		.depth = depth + 1,
		.offset = from,
		.end = from,
		.is_open = true };
	const char *bracket = doc->values[container].type == JSON_OBJECT ? "{" : "[";
	uint32_t before = doc->values[container].count;
	p.open[depth] = container;
	start_yajl(&p);
	yajl_status status = yajl_parse(p.yajl, (const unsigned char *)bracket, 1);
	if (status == yajl_status_ok)
		status = yajl_parse(p.yajl, (const unsigned char *)doc->text + from, to - from);
	/* A number ends with the next byte only. */
	p.finished = to;
	if (status == yajl_status_ok)
		status = yajl_parse(p.yajl, (const unsigned char *)" ", 1);
	yajl_free(p.yajl);
	*capacity = p.capacity;
	return status == yajl_status_ok && p.end == to && p.depth == depth + 1 &&
		doc->values[container].count == before + 1;
}

/* ---- JSON Lines ---- */

static bool is_blank(const char *text, size_t len)
{
	size_t at = 0;
	while (at < len && json_is_space(text[at]))
		at++;
	return at == len;
}

/* Starts to parse children of the root of a list of lines, from byte `at` on. */
static void start_lines(struct parser *p, size_t at)
{
	p->depth = 1;
	p->end = at;
	p->is_open = true;
	start_yajl(p);
	yajl_parse(p->yajl, (const unsigned char *)"[", 1);
}

/* Parses the line of bytes [from, to), with its line feed if it has one. yajl gets the lines as
 * elements of one array, with commas of ours in between. */
static bool parse_line(struct parser *p, size_t from, size_t to, bool first)
{
	struct json_doc *doc = p->doc;
	uint32_t before = doc->values->count;
	bool last = doc->text[to - 1] != '\n';
	yajl_status status = yajl_status_ok;
	if (!first)
		status = yajl_parse(p->yajl, (const unsigned char *)",", 1);
	p->offset = from;
	if (status == yajl_status_ok)
		status = yajl_parse(p->yajl, (const unsigned char *)doc->text + from, to - from);
	/* A number ends with the next byte only. */
	if (last)
		p->finished = to;
	if (status == yajl_status_ok && last)
		status = yajl_parse(p->yajl, (const unsigned char *)"\n", 1);
	return status == yajl_status_ok && p->depth == 1 && !p->error &&
		doc->values->count == before + 1 && is_blank(doc->text + p->end, to - p->end);
}

/* Parses bytes [from, to). Returns the start of the first line that is not valid, or `to`. */
static size_t parse_lines(struct parser *p, size_t from, size_t to)
{
	const char *text = p->doc->text;
	bool first = true;
	start_lines(p, from);
	for (size_t at = from, end; at < to; at = end) {
		const char *newline = memchr(text + at, '\n', to - at);
		end = newline ? (size_t)(newline - text) + 1 : to;
		if (is_blank(text + at, end - at))
			continue;
		if (!parse_line(p, at, end, first))
			return at;
		first = false;
	}
	return to;
}

static int parse_text(struct json_doc *doc, int max_depth, bool duplicates, struct error *err);

/* Explains why the line at byte `at` is not valid: as a separate document, it is not either. */
static int explain_line(
	const struct json_doc *doc, size_t at, int max_depth, bool duplicates, struct error *err)
{
	size_t end = at, number = json_position(doc, at).line;
	while (end < doc->len && doc->text[end] != '\n')
		end++;
	if (end > at && doc->text[end - 1] == '\r')
		end--;
	struct json_doc line = { .text = doc->text + at,
		.len = end - at,
		.name = doc->name,
		.is_line = true,
		.first_line = number };
	int rc = parse_text(&line, max_depth - 1, duplicates, err);
	free(line.values);
	arena_release(&line.arena);
	return rc < 0 ? rc : json_refuse(doc, at, "does not start a JSON value", err);
}

/* Does each child of the root have a separate line? */
static bool has_values_as_lines(const struct json_doc *doc)
{
	size_t end = 0;
	JSON_EACH (line, doc->values) {
		if (end && !memchr(doc->text + end, '\n', line->start - end))
			return false;
		if (memchr(doc->text + line->start, '\n', line->end - line->start))
			return false;
		end = line->end;
	}
	return true;
}

/* Parses a text of lines as values one after the other, which is faster than line by line. False if
 * it is not valid. */
static bool parse_values(struct parser *p)
{
	struct json_doc *doc = p->doc;
	p->depth = 1;
	start_yajl(p);
	yajl_config(p->yajl, yajl_allow_multiple_values, 1);
	yajl_status status = yajl_parse(p->yajl, (const unsigned char *)doc->text, doc->len);
	p->finished = doc->len;
	/* A number ends with the next byte only. */
	if (status == yajl_status_ok)
		status = yajl_parse(p->yajl, (const unsigned char *)"\n", 1);
	yajl_free(p->yajl);
	doc->values->span = (uint32_t)doc->count;
	return status == yajl_status_ok && p->depth == 1 && !p->key_end &&
		is_blank(doc->text + p->end, doc->len - p->end) && has_values_as_lines(doc);
}

static void start_list(struct parser *p, struct json_doc *doc, int max_depth, bool duplicates)
{
	*p = (struct parser){ .doc = doc,
		.capacity = doc->len / 16 + 1,
		.max_depth = max_depth,
		.duplicates = duplicates };
	doc->values = xreallocarray(doc->values, p->capacity, sizeof(*doc->values));
	doc->values[0] =
		(struct json_value){ .end = (uint32_t)doc->len, .span = 1, .type = JSON_ARRAY };
	doc->count = 1;
}

static int parse_all_lines(struct json_doc *doc, int max_depth, bool duplicates, struct error *err)
{
	struct parser p;
	start_list(&p, doc, max_depth, duplicates);
	if (!parse_values(&p)) {
		start_list(&p, doc, max_depth, duplicates);
		size_t end = parse_lines(&p, 0, doc->len);
		yajl_free(p.yajl);
		if (end < doc->len)
			return explain_line(doc, end, max_depth, duplicates, err);
	}
	doc->values->span = (uint32_t)doc->count;
	doc->values = xreallocarray(doc->values, doc->count, sizeof(*doc->values));
	return 0;
}

/* ---- */

static int parse_text(struct json_doc *doc, int max_depth, bool duplicates, struct error *err)
{
	struct parser p = { .doc = doc, .max_depth = max_depth, .duplicates = duplicates };
	size_t valid = utf8_valid_prefix(doc->text, doc->len);
	int rc = json_check_start(doc, valid, err);
	if (rc < 0)
		return rc;
	if (doc->lines)
		return parse_all_lines(doc, max_depth, duplicates, err);

	/* More than most documents need. Unused memory costs nothing. */
	p.capacity = doc->len / 16 + 1;
	doc->values = xreallocarray(NULL, p.capacity, sizeof(*doc->values));
	start_yajl(&p);
	yajl_status status = yajl_parse(p.yajl, (const unsigned char *)doc->text, doc->len);
	p.finished = doc->len;
	if (status == yajl_status_ok)
		status = yajl_complete_parse(p.yajl);
	if (p.error)
		rc = json_refuse(doc, p.error_at, p.error, err);
	else if (status != yajl_status_ok || !doc->count || has_more(&p))
		rc = explain(&p, err);
	yajl_free(p.yajl);
	if (!rc)
		doc->values = xreallocarray(doc->values, doc->count, sizeof(*doc->values));
	return rc;
}

/* After a failure, the caller still owns the text. */
static int parse_into(struct json_doc **out, const char *text, size_t len, const char *name,
	const struct json_limits *limits, struct error *err)
{
	size_t size = limits && limits->size ? limits->size : JSON_DEFAULT_LIMIT;
	int depth = limits && limits->depth ? limits->depth : JSON_MAX_DEPTH;
	if (size > UINT32_MAX)
		size = UINT32_MAX;
	if (len > size)
		return error_set(err, ERR_INVALID, "%s: has %zu bytes; the limit is %zu bytes",
			name, len, size);
	struct json_doc *doc = xcalloc(1, sizeof(*doc));
	doc->text = text;
	doc->len = len;
	doc->owned = (struct buf)BUF_INIT;
	doc->name = xstrdup(name);
	doc->lines = limits && limits->lines;
	doc->first_line = limits ? limits->first_line : 0;
	int rc = parse_text(doc, depth > JSON_MAX_DEPTH ? JSON_MAX_DEPTH : depth,
		limits && limits->duplicates, err);
	if (rc < 0)
		json_doc_free(doc);
	else
		*out = doc;
	return rc;
}

int json_parse(struct json_doc **out, const char *text, size_t len, const char *name,
	const struct json_limits *limits, struct error *err)
{
	return parse_into(out, text, len, name, limits, err);
}

int json_parse_buf(struct json_doc **out, struct buf *text, const char *name,
	const struct json_limits *limits, struct error *err)
{
	struct buf taken = *text;
	*text = (struct buf)BUF_INIT;
	int rc = parse_into(out, taken.data, taken.len, name, limits, err);
	if (rc < 0)
		buf_release(&taken);
	else
		(*out)->owned = taken;
	return rc;
}

void json_doc_free(struct json_doc *doc)
{
	if (!doc)
		return;
	free(doc->values);
	arena_release(&doc->arena);
	buf_release(&doc->owned);
	free(doc->name);
	free(doc);
}
