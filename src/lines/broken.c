#include "lines/broken.h"

#include <string.h>

enum { LEAST_MARKS = 7 };

/* Is the line a conflict marker made of `mark`? In JSON, no other line starts like that. */
static bool is_marker(const char *line, size_t len, char mark)
{
	size_t marks = 0;
	while (marks < len && line[marks] == mark)
		marks++;
	return marks >= LEAST_MARKS &&
		(marks == len || line[marks] == ' ' || line[marks] == '\r' || line[marks] == '\n');
}

bool split_at_markers(const struct merge_text *text, struct buf *ours, struct buf *base,
	bool *has_base, struct buf *theirs)
{
	enum { BETWEEN, IN_OURS, IN_BASE, IN_THEIRS } state = BETWEEN;
	const char *line = text->bytes, *end = text->bytes + text->len;
	size_t conflicts = 0;
	*has_base = false;
	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t len = newline ? (size_t)(newline - line) + 1 : (size_t)(end - line);
		if (state == BETWEEN && is_marker(line, len, '<')) {
			state = IN_OURS;
			conflicts++;
		} else if (state == IN_OURS && is_marker(line, len, '|')) {
			state = IN_BASE;
			*has_base = true;
		} else if ((state == IN_OURS || state == IN_BASE) && is_marker(line, len, '=')) {
			state = IN_THEIRS;
		} else if (state == IN_THEIRS && is_marker(line, len, '>')) {
			state = BETWEEN;
		} else {
			if (state == BETWEEN || state == IN_OURS)
				buf_add(ours, line, len);
			if (state == BETWEEN || state == IN_BASE)
				buf_add(base, line, len);
			if (state == BETWEEN || state == IN_THEIRS)
				buf_add(theirs, line, len);
		}
		line += len;
	}
	return conflicts && state == BETWEEN;
}

void skip_byte_order_mark(struct merge_text *text)
{
	while (text->len >= 3 && !memcmp(text->bytes, "\xef\xbb\xbf", 3)) {
		text->bytes += 3;
		text->len -= 3;
	}
}

/* The length of the text without white space at its end. */
static size_t trimmed_length(const struct merge_text *text)
{
	size_t len = text->len;
	while (len && strchr(" \t\r\n", text->bytes[len - 1]) && text->bytes[len - 1])
		len--;
	return len;
}

/* The number of punctuation characters in a text that has only those and white space; else -1. */
static int count_punctuation(const char *text, size_t len)
{
	int count = 0;
	for (size_t i = 0; i < len && count >= 0; i++) {
		if (text[i] && strchr("{}[],:\"", text[i]))
			count++;
		else if (!text[i] || !strchr(" \t\r\n", text[i]))
			count = -1;
	}
	return count;
}

bool equals_apart_from_break(const struct merge_text *text, const struct merge_text *base)
{
	size_t len = trimmed_length(text), base_len = trimmed_length(base), start = 0, end = 0;
	size_t least = len < base_len ? len : base_len;
	if (!base_len)
		return false;
	while (start < least && text->bytes[start] == base->bytes[start])
		start++;
	if (start == len)
		return len > 0;
	while (end < least - start && text->bytes[len - end - 1] == base->bytes[base_len - end - 1])
		end++;
	int own = count_punctuation(text->bytes + start, len - start - end);
	int other = count_punctuation(base->bytes + start, base_len - start - end);
	return own >= 0 && other >= 0 && own <= 1 && other <= 1;
}
