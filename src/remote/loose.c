#include "remote/loose.h"

#include "git/internal.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

/* Unpacks the whole `file`; false if it is incomplete or damaged. */
static bool inflate_all(const struct buf *file, struct buf *out)
{
	z_stream stream = { .next_in = (Bytef *)file->data, .avail_in = (uInt)file->len };
	int rc = file->len > UINT_MAX ? Z_DATA_ERROR : inflateInit(&stream);
	bool started = !rc;
	while (!rc) {
		buf_grow(out, 65537);
		stream.next_out = (Bytef *)out->data + out->len;
		stream.avail_out = 65536;
		rc = inflate(&stream, Z_NO_FLUSH);
		buf_truncate(out, out->len + 65536 - stream.avail_out);
	}
	if (started)
		inflateEnd(&stream);
	return rc == Z_STREAM_END;
}

bool loose_is_whole(const struct buf *file, const struct oid *oid)
{
	struct buf text = BUF_INIT;
	char type[8];
	size_t size, header;
	git_oid found, wanted = store_git_oid(oid);
	bool whole = inflate_all(file, &text) &&
		sscanf(text.data, "%7[a-z] %zu", type, &size) == 2 &&
		(header = strlen(text.data) + 1) <= text.len && text.len - header == size &&
		!git_odb_hash(&found, text.data + header, size, git_object_string2type(type)) &&
		git_oid_equal(&found, &wanted);
	buf_release(&text);
	return whole;
}
