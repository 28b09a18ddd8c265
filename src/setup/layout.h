/*
 * The files that a fleet lives by, as they are when new: what `git build init` writes where nothing
 * stands yet.
 */
#ifndef SETUP_LAYOUT_H
#define SETUP_LAYOUT_H

#include "clone/settings.h"

/*
 * Calls `each` for every file of the layout for settings->server, with what a new one holds, until
 * it returns non-zero, which is then returned.
 */
int layout_each_file(const struct settings *settings, int64_t now,
	int (*each)(const char *path, const struct buf *content, void *data), void *data);

/*
 * Brings the marked block of git-build in `path` (".gitattributes" or ".gitignore", whose text is
 * `text`) up to date: appends the whole file to `out` with the block put in, changed, or as it was.
 * Everything outside the block stays byte for byte.
 */
void layout_update_block(const char *path, const char *text, size_t len, struct buf *out);

/* The files that layout_update_block() is for; ends with NULL. */
extern const char *const layout_block_files[];

#endif
