/*
 * Compression in the gzip format (RFC 1952), by zlib.
 */
#ifndef BASE_GZIP_H
#define BASE_GZIP_H

#include "base/buf.h"
#include "base/error.h"

/* Appends `len` bytes at `text`, compressed as well as zlib can, to `out`. The same bytes always
 * give the same result: the header has no name and no time. Returns 0 or ERR_FAILED. */
int gzip_compress(const char *text, size_t len, struct buf *out, struct error *err);

/* Appends the text of `len` gzip-compressed bytes at `data` to `out`: of all its members, if there
 * are several. ERR_INVALID if the data is damaged or cut short, or if the text has more than
 * `limit` bytes (0: no limit); `out` is then unchanged. */
int gzip_decompress(const char *data, size_t len, size_t limit, struct buf *out, struct error *err);

#endif
