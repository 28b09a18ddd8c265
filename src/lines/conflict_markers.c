#include "lines/conflict_markers.h"

#include "lines/text.h"

#include <stdbool.h>
#include <string.h>

enum merge_style merge_style_of(const char *name)
{
	return !strcmp(name, "diff3")     ? STYLE_DIFF3
		: !strcmp(name, "zdiff3") ? STYLE_ZDIFF3
					  : STYLE_MERGE;
}

/* Widens a span to whole lines. A span that starts after the last value of a line, with the comma
 * before a child for example, starts on the next line. */
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

/* The number of bytes of whole lines that both have in common at their start. */
static size_t common_start(const struct merge_text *a, const struct merge_text *b)
{
	size_t same = 0;
	while (same < a->len && same < b->len && a->bytes[same] == b->bytes[same])
		same++;
	if (same == a->len && same == b->len)
		return same;
	while (same && a->bytes[same - 1] != '\n')
		same--;
	return same;
}

/* The same at their end. */
static size_t common_end(const struct merge_text *a, const struct merge_text *b)
{
	size_t same = 0, least = a->len < b->len ? a->len : b->len;
	while (same < least && a->bytes[a->len - same - 1] == b->bytes[b->len - same - 1])
		same++;
	/* Both have to start a line where the common lines start. */
	while (same &&
		((same < a->len && a->bytes[a->len - same - 1] != '\n') ||
			(same < b->len && b->bytes[b->len - same - 1] != '\n')))
		same--;
	return same;
}

static void skip_start(struct merge_text *text, size_t len)
{
	text->bytes += len;
	text->len -= len;
}

/* The versions while they are written, from `at` on. */
struct marking {
	const struct merge_request *request;
	enum merge_style style;
	struct marked *versions;
	size_t at[MARKED_VERSIONS];
	struct buf *out;
	size_t conflicts;
};

static bool shows_base(const struct marking *m)
{
	return m->style != STYLE_MERGE;
}

static struct merge_text text_up_to(const struct marking *m, int version, size_t end)
{
	return (struct merge_text){ m->versions[version].text.data + m->at[version],
		end - m->at[version] };
}

/* Joins the spans from `first` on whose lines touch; returns the index after them. */
static size_t join_spans(const struct marking *m, size_t first, struct span joined[MARKED_VERSIONS])
{
	size_t next = first + 1, count = m->versions[MARKED_OURS].spans.count;
	for (int v = shows_base(m) ? MARKED_BASE : MARKED_OURS; v < MARKED_VERSIONS; v++)
		joined[v] = m->versions[v].spans.items[first];
	for (; next < count; next++) {
		bool touch = false;
		for (int v = MARKED_OURS; v < MARKED_VERSIONS; v++)
			touch = touch || m->versions[v].spans.items[next].start <= joined[v].end;
		if (shows_base(m))
			touch = touch ||
				m->versions[MARKED_BASE].spans.items[next].start <=
					joined[MARKED_BASE].end;
		if (!touch)
			break;
		for (int v = shows_base(m) ? MARKED_BASE : MARKED_OURS; v < MARKED_VERSIONS; v++)
			joined[v].end = m->versions[v].spans.items[next].end;
	}
	return next;
}

static struct merge_text text_after(const struct marking *m, int version, size_t start)
{
	const struct buf *text = &m->versions[version].text;
	return (struct merge_text){ text->data + start, text->len - start };
}

/* After the last span, the versions should have the same text. What differs is added to it. */
static void widen_last(const struct marking *m, struct span *spans)
{
	struct merge_text ours = text_after(m, MARKED_OURS, spans[MARKED_OURS].end);
	size_t same = ours.len;
	bool differ = false;
	for (int v = shows_base(m) ? MARKED_BASE : MARKED_THEIRS; v < MARKED_VERSIONS; v++) {
		struct merge_text other = text_after(m, v, spans[v].end);
		size_t common = common_end(&ours, &other);
		same = common < same ? common : same;
		differ = differ || common != other.len || common != ours.len;
	}
	for (int v = 0; differ && v < MARKED_VERSIONS; v++)
		spans[v].end = m->versions[v].text.len - same;
}

/* Lines that both sides have at the start and at the end of a conflict stay outside of the markers,
 * as git does except in style diff3. */
static void add_conflict(struct marking *m, struct merge_text texts[MARKED_VERSIONS])
{
	struct merge_text *ours = &texts[MARKED_OURS], *theirs = &texts[MARKED_THEIRS];
	size_t start = 0, end = 0;
	if (m->style != STYLE_DIFF3) {
		start = common_start(ours, theirs);
		buf_add(m->out, ours->bytes, start);
		skip_start(ours, start);
		skip_start(theirs, start);
		end = common_end(ours, theirs);
		ours->len -= end;
		theirs->len -= end;
	}
	if (ours->len != theirs->len || memcmp(ours->bytes, theirs->bytes, ours->len) != 0) {
		merge_text_conflict(m->request, ours, shows_base(m) ? &texts[MARKED_BASE] : NULL,
			theirs, m->out);
		m->conflicts++;
	} else {
		buf_add(m->out, ours->bytes, ours->len);
	}
	buf_add(m->out, ours->bytes + ours->len, end);
}

static size_t add_next(struct marking *m, size_t next)
{
	struct span spans[MARKED_VERSIONS] = { { 0, 0 } };
	struct merge_text texts[MARKED_VERSIONS] = { { NULL, 0 } };
	next = join_spans(m, next, spans);
	struct merge_text before = text_up_to(m, MARKED_OURS, spans[MARKED_OURS].start);
	size_t same = before.len;
	for (int v = shows_base(m) ? MARKED_BASE : MARKED_THEIRS; v < MARKED_VERSIONS; v++) {
		struct merge_text other = text_up_to(m, v, spans[v].start);
		size_t common = common_start(&before, &other);
		same = common < same ? common : same;
	}
	buf_add(m->out, before.bytes, same);
	if (next == m->versions[MARKED_OURS].spans.count)
		widen_last(m, spans);
	for (int v = shows_base(m) ? MARKED_BASE : MARKED_OURS; v < MARKED_VERSIONS; v++) {
		texts[v] = text_up_to(m, v, spans[v].end);
		skip_start(&texts[v], same);
		m->at[v] = spans[v].end;
	}
	add_conflict(m, texts);
	return next;
}

size_t mark_conflicts(const struct merge_request *request, enum merge_style style,
	struct marked versions[MARKED_VERSIONS], struct buf *out)
{
	struct marking m = { request, style, versions, { 0 }, out, 0 };
	const struct marked *ours = &versions[MARKED_OURS];
	for (int v = shows_base(&m) ? MARKED_BASE : MARKED_OURS; v < MARKED_VERSIONS; v++)
		for (size_t i = 0; i < versions[v].spans.count; i++)
			widen(&versions[v].text, &versions[v].spans.items[i]);
	for (size_t next = 0; next < ours->spans.count;)
		next = add_next(&m, next);
	struct merge_text rest = text_up_to(&m, MARKED_OURS, ours->text.len);
	buf_add(out, rest.bytes, rest.len);
	return m.conflicts;
}

size_t mark_texts(const struct merge_request *request, enum merge_style style,
	const struct merge_text texts[MARKED_VERSIONS], struct buf *out)
{
	struct marked versions[MARKED_VERSIONS];
	struct span whole[MARKED_VERSIONS];
	for (int v = 0; v < MARKED_VERSIONS; v++) {
		versions[v] = (struct marked){ BUF_INIT, { &whole[v], 1, 1 } };
		buf_add(&versions[v].text, texts[v].bytes, texts[v].len);
		whole[v] = (struct span){ 0, texts[v].len };
	}
	size_t conflicts = mark_conflicts(request, style, versions, out);
	for (int v = 0; v < MARKED_VERSIONS; v++)
		buf_release(&versions[v].text);
	return conflicts;
}
