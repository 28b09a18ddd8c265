/*
 * Host names (RFC 1123, section 2.1) and international ones: IDNA 2008 (RFC 5890 to 5893), by libidn2,
 * which checks the characters of a label, their context, and the direction of writing.
 */
#ifndef FORMAT_HOSTNAME_H
#define FORMAT_HOSTNAME_H

#include <stdbool.h>
#include <stddef.h>

/* Is `text` a host name in ASCII: letters, digits and hyphens, at most 63 in each label and 253 in
 * all? A label "xn--…" must be the encoded form of a valid label. */
bool hostname_is_ascii(const char *text, size_t len);

/* The same for `text` (valid UTF-8) with labels in any script, and any of the four full stops of RFC
 * 3490, section 3.1. The limits of length apply to the encoded form. */
bool hostname_is_international(const char *text, size_t len);

#endif
