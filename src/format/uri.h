/* References between schemas: URIs and their resolution (RFC 3986, section 5). */
#ifndef FORMAT_URI_H
#define FORMAT_URI_H

#include "base/buf.h"

/*
 * Appends reference `ref` (`len` bytes) resolved against `base` (absolute, or "" for none) to
 * `out`, dot segments removed. A fragment of `base` plays no part; one of `ref` is kept.
 */
void uri_resolve(const char *base, const char *ref, size_t len, struct buf *out);

/* Where the fragment of `uri` starts, behind the '#'; NULL if it has none. */
const char *uri_fragment(const char *uri);

/* Appends `text` with %XX decoded. */
void uri_decode(const char *text, size_t len, struct buf *out);

#endif
