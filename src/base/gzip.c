#include "base/gzip.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <zlib.h>

/* Added to the window size, these select the gzip header (zlib.h, deflateInit2). */
enum { WINDOW_BITS = 15, GZIP_HEADER = 16, MEMORY_LEVEL = 9, STEP = 64 << 10 };

/* zlib counts in unsigned int, so it gets the input in pieces. */
static void feed(z_stream *stream, const char **at, size_t *left)
{
	size_t piece = *left < UINT_MAX ? *left : UINT_MAX;
	if (stream->avail_in || !piece)
		return;
	/* zlib reads the input only, but its type is not const. */
	stream->next_in = (Bytef *)(uintptr_t)*at;
	stream->avail_in = (uInt)piece;
	*at += piece;
	*left -= piece;
}

/* Makes space for the next piece of output. */
static void make_room(z_stream *stream, struct buf *out)
{
	buf_grow(out, STEP);
	stream->next_out = (Bytef *)out->data + out->len;
	stream->avail_out = STEP;
}

static void take_output(const z_stream *stream, struct buf *out)
{
	out->len += STEP - stream->avail_out;
	out->data[out->len] = '\0';
}

int gzip_compress(const char *text, size_t len, struct buf *out, struct error *err)
{
	z_stream stream = { 0 };
	const size_t before = out->len;
	int rc = deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, WINDOW_BITS + GZIP_HEADER,
		MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
	while (rc == Z_OK) {
		feed(&stream, &text, &len);
		make_room(&stream, out);
		rc = deflate(&stream, len ? Z_NO_FLUSH : Z_FINISH);
		take_output(&stream, out);
	}
	deflateEnd(&stream);
	if (rc == Z_STREAM_END)
		return 0;
	buf_truncate(out, before);
	return error_set(err, ERR_FAILED, "cannot compress: zlib error %d", rc);
}

int gzip_decompress(const struct buf *packed, const char *name, size_t limit, struct buf *out,
	struct error *err)
{
	z_stream stream = { 0 };
	const char *data = packed->data;
	size_t len = packed->len;
	const size_t before = out->len;
	int rc = inflateInit2(&stream, WINDOW_BITS + GZIP_HEADER);
	while (rc == Z_OK && out->len - before <= limit) {
		feed(&stream, &data, &len);
		make_room(&stream, out);
		rc = inflate(&stream, Z_NO_FLUSH);
		take_output(&stream, out);
		/* Another member follows. */
		if (rc == Z_STREAM_END && (stream.avail_in || len))
			rc = inflateReset(&stream);
	}
	inflateEnd(&stream);
	bool too_long = out->len - before > limit;
	if (rc == Z_STREAM_END && !too_long)
		return 0;
	buf_truncate(out, before);
	return too_long ? error_set(err, ERR_INVALID, "%s has more than %zu MiB when decompressed",
				  name, limit >> 20)
			: error_set(err, ERR_INVALID,
				  "cannot decompress %s: not a complete gzip file", name);
}
