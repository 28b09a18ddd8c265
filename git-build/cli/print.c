/* Standard output and standard error. */
#include "cli/print.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/utf8.h"

#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { COLUMN_GAP = 2, FIELD_COLUMN = 13, KEPT_LIMIT = 3000 };

/* The output since the last show_finish(), or its beginning. */
static struct buf kept = BUF_INIT;
static bool changed;
static int failure; /* errno of the first failure to write */

static bool is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

size_t show_width(const char *text, size_t len)
{
	/* Creating a locale takes longer than all else about a large table. */
	if (is_ascii(text, len))
		return len;
	/* glibc's wcwidth() knows the widths of Unicode characters, but only in a UTF-8 locale, and
	 * the user's locale may be another. */
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), before = (locale_t)0;
	if (utf8)
		before = uselocale(utf8);
	size_t width = 0;
	for (size_t i = 0; i < len;) {
		uint32_t point;
		size_t used = utf8_decode(text + i, len - i, &point);
		int columns = used && utf8 ? wcwidth((wchar_t)point) : 1;
		width += columns < 0 ? 1 : (size_t)columns;
		i += used ? used : 1;
	}
	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	return width;
}

void show_flush(void)
{
	errno = 0;
	if (fflush(stdout) && !failure)
		failure = errno;
}

static void say(const char *kind, const char *colon, const char *text)
{
	struct buf line = BUF_INIT;
	buf_addf(&line, "%s%s", kind, colon);
	escape_add(&line, text, strlen(text), true);
	buf_addch(&line, '\n');
	show_flush(); /* earlier output comes first */
	fwrite(line.data, 1, line.len, stderr);
	buf_release(&line);
}

void show_message(const char *kind, const char *text)
{
	say(kind, ": ", text);
}

void show_remark(const char *text)
{
	say("", "", text);
}

void show_remote(const struct buf *said, struct error *err)
{
	struct buf lines = BUF_INIT;
	char *again = said->len && err ? strstr(err->text, said->data) : NULL;
	if (again) {
		while (again > err->text && again[-1] == '\n')
			again--;
		*again = '\0';
	}
	for (const char *line = said->data, *end = line + said->len; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((stop ? stop : end) - line);
		buf_addstr(&lines, "remote: ");
		escape_add(&lines, line, len, false);
		buf_addch(&lines, '\n');
		line += len + 1;
	}
	show_flush();
	fwrite(lines.data, 1, lines.len, stderr);
	buf_release(&lines);
}

/* Everything for standard output passes through here. */
static void print(const char *text, size_t len)
{
	size_t room = KEPT_LIMIT - kept.len;
	errno = 0;
	if (fwrite(text, 1, len, stdout) < len && !failure)
		failure = errno;
	buf_add(&kept, text, len < room ? len : room);
}

void show_line(const char *format, ...)
{
	struct buf raw = BUF_INIT, line = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&raw, format, args);
	va_end(args);
	escape_add(&line, raw.data, raw.len, false);
	buf_addch(&line, '\n');
	print(line.data, line.len);
	buf_release(&raw);
	buf_release(&line);
}

void show_field(const char *what, const char *text)
{
	if (text)
		show_line("%-*s%s", FIELD_COLUMN, what, text);
}

void show_text(const struct buf *text)
{
	print(text->data, text->len);
}

int show_or_write(const char *path, const struct buf *text, struct error *err)
{
	if (path)
		return file_replace(path, text->data, text->len, 0644, err);
	show_text(text);
	return 0;
}

static bool json_shown;

bool show_has_json(void)
{
	return json_shown;
}

void show_json(const struct buf *json)
{
	json_shown = true;
	print(json->data, json->len);
	print("\n", 1);
}

void show_json_begin(struct json_writer *w)
{
	*w = (struct json_writer)JSON_WRITER_INIT(xmalloc(sizeof(struct buf)));
	*w->out = (struct buf)BUF_INIT;
	json_begin(w, '{');
}

void show_json_end(struct json_writer *w, bool shown)
{
	while (w->depth)
		json_end(w);
	if (shown)
		show_json(w->out);
	buf_release(w->out);
	free(w->out);
}

void show_changed(void)
{
	changed = true;
}

bool show_has_changed(void)
{
	return changed;
}

/* The text of an error that names the changes that could not be printed. */
static const char *report_change(struct buf *out)
{
	if (changed && kept.len)
		buf_addf(out, "; these changes were made:\n%s", kept.data);
	buf_trim(out);
	return out->data;
}

int show_finish(struct error *err)
{
	static const char failed[] = "cannot write to standard output";
	struct buf done = BUF_INIT;
	int rc = 0;
	show_flush();
	if (failure || ferror(stdout)) {
		const char *why = failure ? strerror(failure) : "";
		rc = error_set(err, ERR_FAILED, "%s%s%s%s", failed, *why ? ": " : "", why,
			report_change(&done));
	}
	buf_release(&done);
	buf_reset(&kept);
	changed = false;
	return rc;
}

/* ---- tables ---- */

static const char *const colours[] = { [SHOW_PLAIN] = "",
	[SHOW_GREEN] = "\033[32m",
	[SHOW_YELLOW] = "\033[33m",
	[SHOW_RED] = "\033[31m",
	[SHOW_FAINT] = "\033[2m" };

void table_init(struct table *table, const char *const *titles)
{
	*table = (struct table){ 0 };
	for (; titles[table->columns]; table->columns++)
		table_add(table, SHOW_FAINT, titles[table->columns]);
}

void table_add(struct table *table, enum show_colour colour, const char *text)
{
	struct buf shown = BUF_INIT;
	escape_add(&shown, text ? text : "-", text ? strlen(text) : 1, false);
	size_t width = show_width(shown.data, shown.len);
	GROW(table->cells, table->count, table->capacity);
	table->cells[table->count++] = (struct cell){ buf_detach(&shown), width, colour };
}

void table_addf(struct table *table, enum show_colour colour, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	table_add(table, colour, text.data);
	buf_release(&text);
}

bool table_has_rows(const struct table *table)
{
	return table->count > table->columns;
}

static void add_cell(struct buf *out, const struct cell *cell, size_t width, bool last, bool colour)
{
	bool coloured = colour && cell->colour != SHOW_PLAIN;
	if (coloured)
		buf_addstr(out, colours[cell->colour]);
	buf_addstr(out, cell->text);
	if (coloured)
		buf_addstr(out, "\033[m");
	if (!last)
		buf_addf(out, "%*s", (int)(width - cell->width + COLUMN_GAP), "");
}

static void print_cells(const struct table *table, bool colour)
{
	size_t *widths = xcalloc(table->columns, sizeof(*widths));
	for (size_t i = 0; i < table->count; i++)
		if (table->cells[i].width > widths[i % table->columns])
			widths[i % table->columns] = table->cells[i].width;
	struct buf out = BUF_INIT;
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % table->columns;
		bool last = column + 1 == table->columns;
		add_cell(&out, &table->cells[i], widths[column], last, colour);
		if (last)
			buf_addch(&out, '\n');
	}
	print(out.data, out.len);
	buf_release(&out);
	free(widths);
}

void table_end(struct table *table, bool shown, bool colour)
{
	if (shown)
		print_cells(table, colour);
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	*table = (struct table){ 0 };
}
