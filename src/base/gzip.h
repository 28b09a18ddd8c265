/*
 * Compression in the gzip format (RFC 1952), by zlib.
 */
#ifndef BASE_GZIP_H
#define BASE_GZIP_H

#include "base/buf.h"
#include "base/error.h"

/* Compresses `len` bytes at `text` at the highest level, and appends the result to `out`. The same
 * input always has the same result, since the header has no name and no time. Returns 0 or
 * ERR_FAILED. */
int gzip_compress(const char *text, size_t len, struct buf *out, struct error *err);

/* Decompresses `packed`, which may have several gzip members and is called `name` in errors, and
 * appends the text to `out`. Returns 0, or ERR_INVALID, with `out` unchanged, if the data is damaged
 * or truncated, or if the text has more than `limit` bytes. */
int gzip_decompress(const struct buf *packed, const char *name, size_t limit, struct buf *out,
	struct error *err);

#endif
