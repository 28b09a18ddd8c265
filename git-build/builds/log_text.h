/* A log on its way to standard output: on a terminal only what can be read. */
#ifndef BUILDS_LOG_TEXT_H
#define BUILDS_LOG_TEXT_H

#include "base/buf.h"

#include <stdbool.h>

struct log_text {
	bool raw;        /* as it is */
	struct buf held; /* the line that is not whole yet */
};
#define LOG_TEXT_INIT                                                                              \
	{                                                                                          \
		false, BUF_INIT                                                                    \
	}

/*
 * Appends to `out` what can be shown of the log once `text` has come. Colours and whatever else
 * terminals obey (escape sequences, ECMA-48) are left out, what overwrites itself in one line (a
 * bar that grows) becomes lines, and the rest is escaped as by show_escape(). A line is shown
 * when it is whole.
 */
void log_text_add(struct log_text *log, const char *text, size_t len, struct buf *out);
/* Appends what was held, and forgets it. */
void log_text_end(struct log_text *log, struct buf *out);

#endif
