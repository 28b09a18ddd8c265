/* URI references between schemas, and their resolution (RFC 3986, section 5). */
#ifndef FORMAT_URI_H
#define FORMAT_URI_H

#include "base/buf.h"

/*
 * Resolves reference `ref` (`len` bytes) with the base URI `base` (absolute, or "" for none), and
 * appends the result, without dot segments, to `out`. A fragment of `base` is ignored; one of `ref`
 * is kept.
 */
void uri_resolve(const char *base, const char *ref, size_t len, struct buf *out);

/* The start of the fragment of `uri`, after the '#'; NULL if it has none. */
const char *uri_fragment(const char *uri);

/* Appends `text` to `out`, with %XX decoded. */
void uri_decode(const char *text, size_t len, struct buf *out);

#endif
