#include "lines/line_merge.h"

#include "base/alloc.h"
#include "json/document.h"
#include "lines/text.h"

#include <stdbool.h>
#include <stdlib.h>

/* Members and elements are searched one by one: larger containers with conflicts do not agree. */
enum { MOST_MEMBERS = 5000, MOST_ELEMENTS = 5000 };

/* The result of the line merge, and both choices; NULL where one has no value. */
struct compared {
	const struct json_doc *docs[3];
	const struct json_value *values[3];
};

enum { RESULT, ONE, OTHER };

static bool agree(const struct compared *c);

static bool same(const struct compared *c, int x, const struct json_value *x_value, int y,
	const struct json_value *y_value)
{
	return json_equal(c->docs[x], x_value, c->docs[y], y_value);
}

/* The members of the result must be in a choice; members of both choices must be in the result. */
static bool members_agree(const struct compared *c, int of)
{
	bool agreed = true;
	JSON_EACH (member, c->values[of]) {
		size_t len;
		const char *name = json_key(c->docs[of], member, &len);
		struct compared inner = *c;
		for (int i = RESULT; i <= OTHER; i++)
			inner.values[i] = json_member_n(c->docs[i], c->values[i], name, len);
		if (inner.values[ONE] && inner.values[OTHER])
			agreed = agreed && inner.values[RESULT] && agree(&inner);
		else
			agreed = agreed && (inner.values[ONE] || inner.values[OTHER]);
		if (!agreed)
			break;
	}
	return agreed;
}

static bool objects_agree(const struct compared *c)
{
	for (int i = RESULT; i <= OTHER; i++)
		if (c->values[i]->count > MOST_MEMBERS)
			return false;
	return members_agree(c, RESULT) && members_agree(c, ONE);
}

static const struct json_value **elements_of(const struct json_value *array)
{
	const struct json_value **elements = xcalloc(array->count + 1u, sizeof(*elements));
	size_t i = 0;
	JSON_EACH (element, array)
		elements[i++] = element;
	return elements;
}

/* The elements of one choice that the other has too, in this order, must be in the result. */
static bool middle_agrees(const struct compared *c, const struct json_value **elements[3],
	size_t start, const size_t ends[3])
{
	size_t next = start, other = start;
	for (size_t i = start; i < ends[ONE]; i++) {
		size_t k = other;
		while (k < ends[OTHER] &&
			!same(c, ONE, elements[ONE][i], OTHER, elements[OTHER][k]))
			k++;
		if (k == ends[OTHER])
			continue;
		other = k + 1;
		while (next < ends[RESULT] &&
			!same(c, ONE, elements[ONE][i], RESULT, elements[RESULT][next]))
			next++;
		if (next == ends[RESULT])
			return false;
		next++;
	}
	return true;
}

static bool all_agree(const struct compared *c, const struct json_value **elements[3])
{
	struct compared inner = *c;
	for (size_t i = 0; i < c->values[RESULT]->count; i++) {
		for (int k = RESULT; k <= OTHER; k++)
			inner.values[k] = elements[k][i];
		if (!agree(&inner))
			return false;
	}
	return true;
}

static bool elements_agree(const struct compared *c, const struct json_value **elements[3])
{
	size_t start = 0, ends[3], least = SIZE_MAX;
	for (int i = RESULT; i <= OTHER; i++) {
		ends[i] = c->values[i]->count;
		least = ends[i] < least ? ends[i] : least;
	}
	if (ends[RESULT] == ends[ONE] && ends[ONE] == ends[OTHER] && all_agree(c, elements))
		return true;
	while (start < least && same(c, ONE, elements[ONE][start], OTHER, elements[OTHER][start])) {
		if (!same(c, ONE, elements[ONE][start], RESULT, elements[RESULT][start]))
			return false;
		start++;
	}
	for (; start < least; least--) {
		const struct json_value *one = elements[ONE][ends[ONE] - 1];
		if (!same(c, ONE, one, OTHER, elements[OTHER][ends[OTHER] - 1]))
			break;
		if (!same(c, ONE, one, RESULT, elements[RESULT][ends[RESULT] - 1]))
			return false;
		for (int i = RESULT; i <= OTHER; i++)
			ends[i]--;
	}
	return ends[ONE] - start <= MOST_ELEMENTS && ends[OTHER] - start <= MOST_ELEMENTS &&
		middle_agrees(c, elements, start, ends);
}

static bool arrays_agree(const struct compared *c)
{
	const struct json_value **elements[3];
	for (int i = RESULT; i <= OTHER; i++)
		elements[i] = elements_of(c->values[i]);
	bool agreed = elements_agree(c, elements);
	for (int i = RESULT; i <= OTHER; i++)
		free(elements[i]);
	return agreed;
}

/* Does the result have the value of the choices where these are the same? */
static bool agree(const struct compared *c)
{
	const struct json_value *const *values = c->values;
	if (same(c, ONE, values[ONE], OTHER, values[OTHER]))
		return same(c, ONE, values[ONE], RESULT, values[RESULT]);
	bool same_types = values[ONE]->type == values[OTHER]->type &&
		values[ONE]->type == values[RESULT]->type;
	if (same_types && values[ONE]->type == JSON_OBJECT)
		return objects_agree(c);
	if (same_types && values[ONE]->type == JSON_ARRAY)
		return arrays_agree(c);
	return true; /* in the conflict */
}

static bool is_accepted(const struct merge_request *request, const struct buf *merged,
	const struct merge_text choices[2])
{
	const struct json_limits limits = { .size = UINT32_MAX, .lines = request->lines };
	struct merge_text texts[] = { { merged->data, merged->len }, { NULL, 0 }, { NULL, 0 } };
	struct json_doc *docs[3] = { NULL };
	struct compared c = { { NULL }, { NULL } };
	bool accepted = true;
	for (int i = RESULT; i <= (choices ? OTHER : RESULT) && accepted; i++) {
		if (i > RESULT)
			texts[i] = choices[i - 1];
		accepted = json_parse(&docs[i], texts[i].bytes, texts[i].len, "line merge", &limits,
				   NULL) >= 0;
		c.docs[i] = docs[i];
		c.values[i] = accepted ? json_root(docs[i]) : NULL;
	}
	accepted = accepted && (!choices || agree(&c));
	for (int i = RESULT; i <= OTHER; i++)
		json_doc_free(docs[i]);
	return accepted;
}

/* The number of bytes of whole lines that all versions have at their start. */
static size_t common_start(const struct merge_text *const texts[3])
{
	size_t same = 0, line = 0;
	while (same < texts[0]->len && same < texts[1]->len && same < texts[2]->len &&
		texts[0]->bytes[same] == texts[1]->bytes[same] &&
		texts[0]->bytes[same] == texts[2]->bytes[same]) {
		same++;
		if (texts[0]->bytes[same - 1] == '\n')
			line = same;
	}
	return line;
}

/* The same at their end, after `start`. */
static size_t common_end(const struct merge_text *const texts[3], size_t start)
{
	size_t same = 0, line = 0, least = SIZE_MAX;
	for (int i = 0; i < 3; i++)
		least = texts[i]->len - start < least ? texts[i]->len - start : least;
	while (same < least) {
		char byte = texts[0]->bytes[texts[0]->len - same - 1];
		if (byte != texts[1]->bytes[texts[1]->len - same - 1] ||
			byte != texts[2]->bytes[texts[2]->len - same - 1])
			break;
		if (byte == '\n')
			line = same;
		same++;
	}
	return line;
}

/* Merges the lines that are not the same in all versions at the start and at the end. */
static bool merge_lines(const struct merge_request *request, struct buf *out)
{
	struct merge_request middle = *request;
	struct merge_text *const texts[] = { &middle.base, &middle.ours, &middle.theirs };
	const struct merge_text *const whole[] = { &request->base, &request->ours,
		&request->theirs };
	size_t start = common_start(whole), end = common_end(whole, start);
	for (int i = 0; i < 3; i++) {
		texts[i]->bytes += start;
		texts[i]->len -= start + end;
	}
	buf_add(out, request->ours.bytes, start);
	int rc = merge_text(&middle, out, NULL);
	buf_add(out, request->ours.bytes + request->ours.len - end, end);
	return !rc;
}

int line_merge(
	const struct merge_request *request, const struct merge_text choices[2], struct buf *out)
{
	struct buf merged = BUF_INIT;
	int rc = 1;
	if (!request->no_line_merge && merge_lines(request, &merged) &&
		is_accepted(request, &merged, choices)) {
		buf_add(out, merged.data, merged.len);
		rc = 0;
	}
	buf_release(&merged);
	return rc;
}
