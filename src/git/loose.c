#include "git/loose.h"

#include "base/alloc.h"
#include "base/file.h"
#include "git/internal.h"

#include <git2/sys/odb_backend.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* An object's header: the longest type, a space, the digits of the size, and the NUL. */
enum { HEADER_SIZE = 32 };
/* zlib makes at most so many bytes of one (zlib.net, "Maximum Compression Factor"). */
enum { MOST_PER_BYTE = 1032 };

/* ---- reading one object ---- */

/* An object that is being read: its header is unpacked, with the bytes after it that fitted in. */
struct reading {
	z_stream stream;
	char start[HEADER_SIZE];
	size_t header, size; /* of the start, and of the content */
	git_object_t type;
};

/* Reads the header in the first `len` bytes of an object: its length with the NUL, or 0. */
static size_t parse_header(const char *text, size_t len, git_object_t *type, size_t *size)
{
	char name[8];
	const char *end = memchr(text, '\0', len);
	if (!end || sscanf(text, "%7[a-z] %zu", name, size) != 2)
		return 0;
	*type = git_object_string2type(name);
	return *type == GIT_OBJECT_INVALID ? 0 : (size_t)(end - text) + 1;
}

/* Begins to unpack `file`, which must outlive `r`. Returns true, and is to be stopped; or false, if
 * this is not the beginning of an object. */
static bool start_reading(struct reading *r, const struct buf *file)
{
	*r = (struct reading){ .stream = { .next_in = (Bytef *)file->data,
				       .avail_in = (uInt)file->len,
				       .next_out = (Bytef *)r->start,
				       .avail_out = HEADER_SIZE } };
	if (file->len > UINT_MAX || inflateInit(&r->stream) != Z_OK)
		return false;
	int rc = inflate(&r->stream, Z_SYNC_FLUSH);
	if (rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR)
		r->header = parse_header(
			r->start, HEADER_SIZE - r->stream.avail_out, &r->type, &r->size);
	if (r->size / MOST_PER_BYTE > file->len)
		r->header = 0;
	if (!r->header)
		inflateEnd(&r->stream);
	return r->header != 0;
}

static void stop_reading(struct reading *r)
{
	inflateEnd(&r->stream);
}

/* Unpacks the content into `data`, which has a byte more than its size. */
static bool read_content(struct reading *r, unsigned char *data)
{
	size_t got = HEADER_SIZE - r->stream.avail_out - r->header;
	if (got > r->size || r->size >= UINT_MAX)
		return false;
	memcpy(data, r->start + r->header, got);
	r->stream.next_out = data + got;
	/* With room for one more byte, zlib verifies the checksum after the last one. */
	r->stream.avail_out = (uInt)(r->size - got + 1);
	int rc = inflate(&r->stream, Z_FINISH);
	return rc == Z_STREAM_END && r->stream.total_out == r->header + r->size;
}

bool loose_is_whole(const struct buf *file, const struct oid *oid)
{
	struct reading r;
	struct buf text = BUF_INIT;
	git_oid found, expected = store_git_oid(oid);
	if (!start_reading(&r, file))
		return false;
	buf_grow(&text, r.size + 1);
	bool whole = read_content(&r, (unsigned char *)text.data) &&
		!git_odb_hash(&found, text.data, r.size, r.type) &&
		git_oid_equal(&found, &expected);
	stop_reading(&r);
	buf_release(&text);
	return whole;
}

/* ---- libgit2's view of them ---- */

/* The loose objects of one object directory. */
struct loose_backend {
	git_odb_backend parent;
	char *directory;
};

static int refuse(const git_oid *oid)
{
	char text[80], hex[41];
	git_oid_tostr(hex, sizeof(hex), oid);
	snprintf(text, sizeof(text), "loose object %s is corrupt", hex);
	git_error_set_str(GIT_ERROR_ODB, text);
	return GIT_ERROR;
}

/* Reads the file of the object. 0, GIT_ENOTFOUND, or GIT_ERROR with libgit2's message. */
static int read_file(struct buf *out, git_odb_backend *backend, const git_oid *oid)
{
	struct loose_backend *b = (struct loose_backend *)backend;
	struct error err = ERROR_INIT;
	struct buf path = BUF_INIT;
	char name[GIT_OID_HEXSZ + 2] = "";
	git_oid_pathfmt(name, oid);
	buf_addf(&path, "%s/%s", b->directory, name);
	int rc = file_read(out, path.data, UINT_MAX, &err);
	buf_release(&path);
	if (rc < 0)
		git_error_set_str(GIT_ERROR_ODB, err.text);
	return rc == ERR_NOT_FOUND ? GIT_ENOTFOUND : rc < 0 ? GIT_ERROR : 0;
}

static int read_object(
	void **data, size_t *size, git_object_t *type, git_odb_backend *backend, const git_oid *oid)
{
	struct reading r;
	struct buf file = BUF_INIT;
	int rc = read_file(&file, backend, oid);
	if (!rc && !start_reading(&r, &file))
		rc = refuse(oid);
	if (!rc) {
		*data = git_odb_backend_data_alloc(backend, r.size + 1);
		*size = r.size;
		*type = r.type;
		if (!*data || !read_content(&r, *data)) {
			git_odb_backend_data_free(backend, *data);
			rc = refuse(oid);
		} else {
			((char *)*data)[r.size] = '\0';
		}
		stop_reading(&r);
	}
	buf_release(&file);
	return rc;
}

static int read_header(
	size_t *size, git_object_t *type, git_odb_backend *backend, const git_oid *oid)
{
	struct reading r;
	struct buf file = BUF_INIT;
	int rc = read_file(&file, backend, oid);
	if (!rc && !start_reading(&r, &file))
		rc = refuse(oid);
	if (!rc) {
		*size = r.size;
		*type = r.type;
		stop_reading(&r);
	}
	buf_release(&file);
	return rc;
}

static void free_backend(git_odb_backend *backend)
{
	free(((struct loose_backend *)backend)->directory);
	free(backend);
}

static int attach(struct repo *repo, const char *directory, struct error *err)
{
	/* Before libgit2's own, which has 1; like that of packs. */
	enum { PRIORITY = 2 };
	struct loose_backend *b = xcalloc(1, sizeof(*b));
	git_odb_init_backend(&b->parent, GIT_ODB_BACKEND_VERSION);
	b->parent.read = read_object;
	b->parent.read_header = read_header;
	b->parent.free = free_backend;
	b->directory = xstrdup(directory);
	if (!git_odb_add_backend(repo->odb, &b->parent, PRIORITY))
		return 0;
	free_backend(&b->parent);
	return store_error(err, ERR_FAILED, "cannot read the loose objects of %s", directory);
}

/* Each of `directories`, which are separated by `separator`; relative ones begin at `top`. */
static int attach_list(struct repo *repo, const char *directories, const char *separator,
	const char *top, struct error *err)
{
	struct buf path = BUF_INIT;
	int rc = 0;
	for (const char *at = directories; !rc && *at;) {
		size_t len = strcspn(at, separator);
		buf_reset(&path);
		if (*at != '/')
			buf_addf(&path, "%s/", top);
		buf_add(&path, at, len);
		if (len && *at != '#')
			rc = attach(repo, path.data, err);
		at += len + (at[len] != '\0');
	}
	buf_release(&path);
	return rc;
}

int loose_attach(struct repo *repo, struct error *err)
{
	struct buf own = BUF_INIT, path = BUF_INIT, alternates = BUF_INIT;
	bool quarantined = getenv("GIT_QUARANTINE_PATH") != NULL;
	const char *object_dir = quarantined ? getenv("GIT_OBJECT_DIRECTORY") : NULL;
	const char *others = quarantined ? getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES") : NULL;
	buf_addf(&own, "%s/objects", repo->place.common_dir);
	buf_addf(&path, "%s/info/alternates", own.data);
	int rc = object_dir && *object_dir ? attach(repo, object_dir, err) : 0;
	/* The repository's own directory is an alternate of the quarantine. */
	if (!rc)
		rc = others && *others ? attach_list(repo, others, ":", ".", err)
				       : attach(repo, own.data, err);
	if (!rc)
		rc = file_read(&alternates, path.data, 1 << 20, err);
	if (!rc)
		rc = attach_list(repo, alternates.data, "\n", own.data, err);
	buf_release(&own);
	buf_release(&path);
	buf_release(&alternates);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}
