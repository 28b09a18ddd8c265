/*
 * Regular expressions of ECMA-262, as required by "pattern", matched by PCRE2, in UTF-8.
 *
 * The differences are translated before compiling: \d and \w are ASCII, \s is Unicode whitespace;
 * \uXXXX, \u{…}, \cX and \/ are supported; \p{Letter} and \p{Script=Greek} may have their longer
 * names; a dot does not match the end of a line; ^ and $ match only the start and the end of the
 * text. Features of PCRE2 that ECMA-262 does not have are refused: \A, \Z, \h, (?i), (?>…),
 * (*VERB), possessive quantifiers. So is lookbehind of unbounded length, which PCRE2 does not
 * support.
 */
#ifndef FORMAT_PATTERN_H
#define FORMAT_PATTERN_H

#include "base/error.h"

#include <stddef.h>

struct pattern;

/* Compiles `len` bytes of `text`. Returns 0 or ERR_INVALID. Release `*out` with pattern_free(). */
int pattern_compile(struct pattern **out, const char *text, size_t len, struct error *err);
void pattern_free(struct pattern *pattern);

/*
 * Does the pattern match anywhere in `text`, which is valid UTF-8? Returns 1, 0, or ERR_FAILED if
 * matching exceeds PCRE2's limits of steps or memory, for example (a+)+b with many a's. Several
 * threads may call it at the same time.
 */
int pattern_matches(const struct pattern *pattern, const char *text, size_t len, struct error *err);

#endif
