/*
 * Regular expressions with the meaning of ECMA-262 (as "pattern" asks for), through PCRE2, in
 * UTF-8.
 *
 * The two differ in a few places, which are translated before compiling: \d, \w and \s are ASCII,
 * ASCII and Unicode's white space; \uXXXX, \u{…}, \cX and \/ are known; \p{Letter} and
 * \p{Script=Greek} have longer names there; a dot is no end of a line; $ is the end of the text and
 * nothing else; ^ is its start. What PCRE2 knows beyond ECMA-262 is refused: \A, \Z, \h, (?i),
 * (?>…),
 * (*VERB), possessive quantifiers. What it knows less of is refused too: looking behind without a
 * bound.
 */
#ifndef FORMAT_PATTERN_H
#define FORMAT_PATTERN_H

#include "base/error.h"

#include <stddef.h>

struct pattern;

/* Compiles `len` bytes of `text`. `*out` is yours, to be given to pattern_free(). ERR_INVALID says
 * what is wrong. */
int pattern_compile(struct pattern **out, const char *text, size_t len, struct error *err);
void pattern_free(struct pattern *pattern);

/*
 * Does the pattern match anywhere in `text`, which is valid UTF-8? 1, 0, or ERR_FAILED where
 * finding out would take too long (PCRE2's limits of steps and memory), as for (a+)+b against many
 * a's. May be called by several threads at once.
 */
int pattern_matches(const struct pattern *pattern, const char *text, size_t len, struct error *err);

#endif
