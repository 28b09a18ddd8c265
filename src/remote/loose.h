/*
 * Verifies loose objects. libgit2 1.5 cannot be used for that: reading a truncated object, it never
 * returns.
 */
#ifndef REMOTE_LOOSE_H
#define REMOTE_LOOSE_H

#include "base/buf.h"
#include "git/repo.h"

/* Is `file`, the content of the file of a loose object, a valid object with ID `oid`? That is a
 * zlib stream with its checksum, of "<type> <size>", a NUL, and as many bytes (gitformat-loose). */
bool loose_is_whole(const struct buf *file, const struct oid *oid);

#endif
