/* Printing violations that the guard found, as text and as JSON. */
#ifndef CLI_VIOLATIONS_H
#define CLI_VIOLATIONS_H

#include "guard/guard.h"
#include "json/write.h"

/* Prints it as one line, after `indent` and the commit that it is about. */
void violation_show(const struct violation *violation, const char *indent);

/* Writes it as an object: kind, commit, file, line, column, pointer, error; null if unknown. The
 * caller may add members before json_end(). */
void violation_begin_json(const struct violation *violation, struct json_writer *w);

#endif
