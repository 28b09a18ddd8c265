/*
 * The files that a request reads and writes, independent of their source.
 *
 * Files are read from a source (a commit of the shared branch, or a map in a test). Writes are kept
 * in memory, and later reads and listings see them. At the end, the caller that created the
 * documents takes the changes from them, or discards them.
 *
 *	struct documents *documents = documents_new(&source);
 *	rc = request_apply(&request, documents, &answer, err);
 *	for (size_t i = 0; i < documents_count(documents); i++)
 *		commit(documents_change(documents, i));
 *	documents_free(documents);
 */
#ifndef REQUEST_DOCUMENTS_H
#define REQUEST_DOCUMENTS_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>

/* An entry of a directory. */
struct documents_entry {
	const char *name;           /* in its directory; valid during the call */
	bool is_directory, is_file; /* neither: a symbolic link or a submodule */
};
typedef int documents_each(const struct documents_entry *entry, void *data);

/* A source of files. */
struct documents_source {
	/* Appends the file `path` to `out`. Returns 0, ERR_NOT_FOUND if and only if the source
	 * was read and has no such file, or another negative code. */
	int (*read)(void *data, const char *path, struct buf *out, struct error *err);
	/* Calls `each` for every entry of `directory` ("" for the root) until it returns non-zero;
	 * that value is returned. ERR_NOT_FOUND as for `read`. */
	int (*list)(void *data, const char *directory, documents_each *each, void *each_data,
		struct error *err);
	void *data;
};

struct documents;

/* Never fails. `source` is copied; its data must outlive the documents. Free with
 * documents_free(), which takes NULL. */
struct documents *documents_new(const struct documents_source *source);
void documents_free(struct documents *documents);
/* Discards all changes, and all text that was read. */
void documents_reset(struct documents *documents);

/*
 * Reads the file `path`, with the changes made so far. `*text` (`*len` bytes and a NUL) is valid
 * until documents_reset() or documents_free(), even if the file is written in the meantime.
 * Returns 0, ERR_NOT_FOUND if the file does not exist, or another negative code.
 */
int documents_read(struct documents *documents, const char *path, const char **text, size_t *len,
	struct error *err);
/* Calls `each` for every entry of `directory` ("" for the root), with the changes made so far, in
 * no particular order, until it returns non-zero; that value is returned. ERR_NOT_FOUND if the
 * directory does not exist. `each` must not change documents. */
int documents_list(struct documents *documents, const char *directory, documents_each *each,
	void *data, struct error *err);
/* Writes a file. Takes the bytes from `content`, which is empty afterwards. */
void documents_write(struct documents *documents, const char *path, struct buf *content);
/* Removes a file, if it exists. */
void documents_remove(struct documents *documents, const char *path);

/* A file that was written or removed. */
struct documents_change {
	const char *path;
	const char *text; /* NULL: removed */
	size_t len;
};
/* The changes, in the order in which the files were first changed. The strings are valid until the
 * next change. `index` is less than documents_count(). */
size_t documents_count(const struct documents *documents);
struct documents_change documents_change(const struct documents *documents, size_t index);

#endif
