#include "merge/broken.h"

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
