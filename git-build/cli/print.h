/*
 * Putting things before people: text that may come from anywhere, tables, colour, and the words of
 * other programs. JSON is written by json/write.h and goes out through show_json().
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* As escape_add() (base/escape.h). */
void show_escape(struct buf *out, const char *text, size_t len, bool lines);

/* How many columns of a terminal `text` takes. */
size_t show_width(const char *text, size_t len);

/* Print to standard error: "fatal: ", "error: " or "warning: ", and the text, escaped. */
void show_message(const char *kind, const char *text);
/* The same of a remark, which is neither. */
void show_remark(const char *text);
/*
 * The words of the remote's hooks, on standard error: "remote: " before each line. The text of a
 * refusal ends with the same words: they are cut off `err` (may be NULL), to be said once.
 */
void show_remote(const struct buf *said, struct error *err);

/* Prints to standard output, escaped. */
void show_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints text of our own as it is. */
void show_text(const struct buf *text);
/* The same, or into the file `path` in its place, where that is not NULL: as file_replace(). */
int show_or_write(const char *path, const struct buf *text, struct error *err);
/* Prints JSON text and a line feed. */
void show_json(const struct buf *json);
/* Has show_json() printed anything? */
bool show_has_json(void);
/* Something was changed, and what is printed reports it: if standard output fails, what was printed
 * since the last show_finish() becomes part of the error, as far as there is room. */
void show_changed(void);
/* Has a change been reported by show_changed() whose text may not have been written yet? */
bool show_has_changed(void);
/* Flushes standard output; show_finish() reports a failure. */
void show_flush(void);
/* Flushes standard output. ERR_FAILED if anything could not be written, at any time before. */
int show_finish(struct error *err);

enum show_colour { SHOW_PLAIN, SHOW_GREEN, SHOW_YELLOW, SHOW_RED, SHOW_FAINT };

/*
 * A table of text: cells are added row by row, each column is as wide as its widest cell.
 *
 *	struct table table;
 *	table_init(&table, titles, 3);
 *	table_add(&table, SHOW_PLAIN, "build1");
 *	...
 *	table_print(&table, inv->colour);
 *	table_release(&table);
 */
struct table {
	const char *const *titles; /* borrowed */
	size_t columns;
	struct cell {
		char *text;
		size_t width;
		enum show_colour colour;
	} * cells;
	size_t count, capacity;
};
void table_init(struct table *table, const char *const *titles, size_t columns);
void table_release(struct table *table);
/* Adds a cell; NULL is shown as "-". The text is copied. */
void table_add(struct table *table, enum show_colour colour, const char *text);
void table_print(const struct table *table, bool colour);

#endif
