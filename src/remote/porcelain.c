#include "remote/porcelain.h"

#include <string.h>

/* git's messages, its own or the server's, if the ref had moved. */
static bool means_lost_race(const struct buf *reason)
{
	static const char *const words[] = { "stale info", "fetch first", "non-fast-forward",
		"needs force", "failed to update ref", "cannot lock ref",
		"reference already exists", "already exists", "incorrect old value provided",
		"remote ref updated since checkout" };
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(reason->data, words[i]))
			return true;
	return false;
}

/* The line about `ref`; NULL if there is none. */
static const char *find_line(const char *output, const char *ref)
{
	size_t ref_len = strlen(ref);
	for (const char *line = output; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "\n");
		if (len < 3 || line[1] != '\t')
			continue;
		const char *to = memchr(line + 2, ':', len - 2);
		if (!to)
			continue;
		to++;
		size_t rest = len - (size_t)(to - line);
		if (rest > ref_len && !memcmp(to, ref, ref_len) && to[ref_len] == '\t')
			return line;
	}
	return NULL;
}

bool porcelain_verdict(
	const char *output, const char *ref, enum push_verdict *verdict, struct buf *reason)
{
	const char *line = find_line(output, ref);
	buf_reset(reason);
	if (!line)
		return false;
	size_t len = strcspn(line, "\n");
	/* The connection ended before the remote reported the result for this ref. */
	if (memmem(line, len, "\t[remote failure]", strlen("\t[remote failure]")))
		return false;
	const char *open = NULL;
	for (size_t i = 0; i < len; i++)
		if (line[i] == '(')
			open = line + i + 1;
	if (open && line[len - 1] == ')')
		buf_add(reason, open, (size_t)(line + len - 1 - open));
	if (*line == '=')
		*verdict = PUSH_UP_TO_DATE;
	else if (*line != '!')
		*verdict = PUSH_DONE;
	else
		*verdict = means_lost_race(reason) ? PUSH_LOST_RACE : PUSH_REFUSED;
	return true;
}

/* Appends a line without ECMA-48 control sequences, and without blanks at its end. */
static void add_plain(struct buf *out, const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (line[i] == '\033' && i + 1 < len && line[i + 1] == '[') {
			for (i += 2; i < len && !(line[i] >= '@' && line[i] <= '~'); i++)
				;
			continue;
		}
		if ((unsigned char)line[i] >= 0x20 || line[i] == '\t')
			buf_addch(out, line[i]);
	}
	while (out->len && (out->data[out->len - 1] == ' ' || out->data[out->len - 1] == '\t'))
		buf_truncate(out, out->len - 1);
	buf_addch(out, '\n');
}

void porcelain_sort_errors(const char *errors, struct buf *said, struct buf *own)
{
	for (const char *line = errors; *line;) {
		/* git overwrites progress lines by a carriage return: each part is a line. */
		size_t len = strcspn(line, "\r\n");
		bool remote = len >= 7 && !memcmp(line, "remote:", 7);
		size_t skip = remote ? (len > 7 && line[7] == ' ' ? 8 : 7) : 0;
		struct buf *to = remote ? said : own;
		if (to && len > skip)
			add_plain(to, line + skip, len - skip);
		line += len;
		line += *line != '\0';
	}
}
