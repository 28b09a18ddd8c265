#include "merge/conflict_markers.h"

#include "merge/text.h"

#include <stdbool.h>
#include <string.h>

/* Widens a span to whole lines. What begins after the last word of a line, with the comma in front
 * of a child, say, begins on the next. */
static void widen(const struct buf *text, struct span *span)
{
	size_t blank = span->start + strspn(text->data + span->start, ", \t\r");
	if (text->data[blank] == '\n') {
		span->start = blank + 1;
	} else {
		while (span->start && text->data[span->start - 1] != '\n')
			span->start--;
	}
	if (span->end < span->start)
		span->end = span->start;
	while (span->end > span->start && span->end < text->len &&
		text->data[span->end - 1] != '\n')
		span->end++;
}

/* How many bytes of whole lines the two have in common at their start. */
static size_t common_lines(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t same = 0;
	while (same < a_len && same < b_len && a[same] == b[same])
		same++;
	if (same == a_len && same == b_len)
		return same;
	while (same && a[same - 1] != '\n')
		same--;
	return same;
}

static bool same_rest(const struct buf *a, size_t a_at, const struct buf *b, size_t b_at)
{
	return a->len - a_at == b->len - b_at &&
		!memcmp(a->data + a_at, b->data + b_at, a->len - a_at);
}

/* Takes the spans from `first` on together whose lines touch; returns the number after them. */
static size_t take_together(const struct marked *a, const struct marked *b, size_t first,
	struct span *x, struct span *y)
{
	size_t next = first + 1;
	*x = a->spans.items[first];
	*y = b->spans.items[first];
	while (next < a->spans.count &&
		(a->spans.items[next].start <= x->end || b->spans.items[next].start <= y->end)) {
		x->end = a->spans.items[next].end;
		y->end = b->spans.items[next].end;
		next++;
	}
	return next;
}

void mark_conflicts(const struct merge_request *request, struct marked *ours, struct marked *theirs,
	struct buf *out)
{
	const struct buf *a = &ours->text, *b = &theirs->text;
	size_t a_at = 0, b_at = 0, next = 0;
	for (size_t i = 0; i < ours->spans.count; i++) {
		widen(a, &ours->spans.items[i]);
		widen(b, &theirs->spans.items[i]);
	}
	while (next < ours->spans.count) {
		struct span x, y;
		next = take_together(ours, theirs, next, &x, &y);
		size_t same = common_lines(
			a->data + a_at, x.start - a_at, b->data + b_at, y.start - b_at);
		buf_add(out, a->data + a_at, same);
		if (next == ours->spans.count && !same_rest(a, x.end, b, y.end)) {
			x.end = a->len;
			y.end = b->len;
		}
		struct merge_text here = { a->data + a_at + same, x.end - a_at - same };
		struct merge_text there = { b->data + b_at + same, y.end - b_at - same };
		merge_text_conflict(request, &here, &there, out);
		a_at = x.end;
		b_at = y.end;
	}
	buf_add(out, a->data + a_at, a->len - a_at);
}
