/*
 * Output for people: text from any source, tables, colors, and the messages of other programs. JSON
 * is written by json/write.h; show_json_begin() is the usual start. Lists are printed by listing.h.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "base/buf.h"
#include "base/error.h"
#include "base/escape.h"
#include "json/write.h"

#include <stdbool.h>
#include <stdint.h>

/* The number of terminal columns that `text` takes. */
size_t show_width(const char *text, size_t len);

/* Print to standard error: "fatal: ", "error: " or "warning: ", and the text, escaped. */
void show_message(const char *kind, const char *text);
/* The same without a prefix, for a note. */
void show_remark(const char *text);
/*
 * Prints the output of the remote's hooks to standard error, with "remote: " before each line. The
 * text of a rejection ends with the same output: it is cut off `err` (may be NULL), so that it is
 * printed once.
 */
void show_remote(const struct buf *said, struct error *err);

/* Prints to standard output, escaped. */
void show_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints text from git-build itself, as it is. */
void show_text(const struct buf *text);
/* The same, or replaces the file `path` if that is not NULL: as file_replace(). */
int show_or_write(const char *path, const struct buf *text, struct error *err);
/* Prints one line of a description: what it is, and the text in a column. NULL prints nothing. */
void show_field(const char *what, const char *text);
/* Prints JSON text and a line feed. */
void show_json(const struct buf *json);
/*
 * Begins a JSON object, whose members are then put into `w`; show_json_end() closes all containers
 * that are open, prints the object if `shown`, and releases it. To write it on one line, set
 * w->compact.
 */
void show_json_begin(struct json_writer *w);
void show_json_end(struct json_writer *w, bool shown);
/* Has show_json() printed anything? */
bool show_has_json(void);
/* Something was changed, and the output reports it: if writing standard output fails, the output
 * since the last show_finish() becomes part of the error, if there is room. */
void show_changed(void);
/* Has show_changed() reported a change whose text may not have been written yet? */
bool show_has_changed(void);
/* Flushes standard output; show_finish() reports a failure. */
void show_flush(void);
/* Flushes standard output. ERR_FAILED if any write failed since the start. */
int show_finish(struct error *err);

enum show_colour { SHOW_PLAIN, SHOW_GREEN, SHOW_YELLOW, SHOW_RED, SHOW_FAINT };

/*
 * A table of text: cells are added row by row, each column is as wide as its widest cell.
 *
 *	struct table table;
 *	table_init(&table, TITLES("SERVER", "JOBS"));
 *	table_add(&table, SHOW_PLAIN, "build1");
 *	table_addf(&table, SHOW_PLAIN, "%d", jobs);
 *	...
 *	table_end(&table, true, inv->colour);
 */
struct table {
	size_t columns;
	struct cell {
		char *text;
		size_t width;
		enum show_colour colour;
	} * cells;
	size_t count, capacity;
};
/* The titles of the columns, for table_init() and listing_begin(). */
#define TITLES(...) ((const char *const[]){ __VA_ARGS__, NULL })
void table_init(struct table *table, const char *const *titles);
/* Adds a cell; NULL is shown as "-". The text is copied. */
void table_add(struct table *table, enum show_colour colour, const char *text);
/* The same, formatted. */
void table_addf(struct table *table, enum show_colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Are there cells below the titles? */
bool table_has_rows(const struct table *table);
/* Prints the table if `shown`, and releases it. */
void table_end(struct table *table, bool shown, bool colour);

#endif
