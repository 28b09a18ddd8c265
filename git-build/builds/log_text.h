/* Printing a log: on a terminal only printable text. */
#ifndef BUILDS_LOG_TEXT_H
#define BUILDS_LOG_TEXT_H

#include "base/buf.h"

#include <stdbool.h>

struct log_text {
	bool raw;        /* unchanged */
	struct buf held; /* the incomplete last line */
};
#define LOG_TEXT_INIT                                                                              \
	{                                                                                          \
		false, BUF_INIT                                                                    \
	}

/*
 * Appends to `out` the printable form of `text`, the next part of the log. Colors and all other
 * terminal control sequences (ECMA-48) are removed, text that overwrites its own line (such as a
 * progress bar) becomes lines, and the rest is escaped as by escape_add(). A line is printed when
 * it is complete.
 */
void log_text_add(struct log_text *log, const char *text, size_t len, struct buf *out);
/* Appends the held text, and clears it. */
void log_text_end(struct log_text *log, struct buf *out);

#endif
