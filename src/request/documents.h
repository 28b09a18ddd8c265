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

/* A valid version of a file. */
struct documents_version {
	char commit[41]; /* the commit that has it */
	struct buf text;
	struct buf base; /* the version from which this one and the first one come; or empty */
};

/* The last valid versions of a file that is not valid, or was deleted: more than one if a merge has
 * broken it. Initialized with zeros; release with documents_history_release(). */
struct documents_history {
	struct documents_version *versions;
	size_t count, capacity;
	char broken_by[41]; /* the commit that made the file invalid, or deleted it; or "" */
	/* Why the search ended, for example "the clone is shallow"; NULL: it is complete. */
	const char *end;
};
void documents_history_release(struct documents_history *history);

/* A source of files. */
struct documents_source {
	/* Appends the file `path` to `out`. Returns 0, ERR_NOT_FOUND if and only if the source
	 * was read and has no such file, or another negative code. */
	int (*read)(void *data, const char *path, struct buf *out, struct error *err);
	/* Calls `each` for every entry of `directory` ("" for the root) until it returns non-zero;
	 * that value is returned. ERR_NOT_FOUND as for `read`. */
	int (*list)(void *data, const char *directory, documents_each *each, void *each_data,
		struct error *err);
	/* Finds the last valid versions of the file `path`, which is not valid. Returns 0 or a
	 * negative code. NULL: the source has no history. */
	int (*history)(
		void *data, const char *path, struct documents_history *out, struct error *err);
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
/* Appends the file `path` of the documents `data` to `out`; a server_read (fleet/server_directory.h). */
int documents_append(void *data, const char *path, struct buf *out, struct error *err);
/* Calls `each` for every entry of `directory` ("" for the root), with the changes made so far, in
 * no particular order, until it returns non-zero; that value is returned. ERR_NOT_FOUND if the
 * directory does not exist. `each` must not change documents. */
int documents_list(struct documents *documents, const char *directory, documents_each *each,
	void *data, struct error *err);
/* Finds the last valid versions of the file `path`, before the changes made so far. */
int documents_history(struct documents *documents, const char *path, struct documents_history *out,
	struct error *err);
/* Keeps `text` as long as the text of a file that was read; it is empty afterwards. Returns it. */
const char *documents_keep(struct documents *documents, struct buf *text);
/* Adds a warning for the user: a line without a line feed at the end, which is added once. */
void documents_warn(struct documents *documents, const char *line);
/* Removes the warnings that begin with `start`. */
void documents_unwarn(struct documents *documents, const char *start);
/* The warnings, each with a line feed. Borrowed. */
const struct buf *documents_warnings(const struct documents *documents);
/* Adds lines, each with a line feed, about the changes: they belong into the commit message. */
void documents_note(struct documents *documents, const struct buf *lines);
/* These lines. Borrowed. */
const struct buf *documents_notes(const struct documents *documents);
/* Removes all warnings and notes, of an earlier request. */
void documents_forget(struct documents *documents);
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
