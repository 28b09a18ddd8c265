/*
 * Is a loose object whole? libgit2 1.5 cannot be asked: reading one that was cut off, it never
 * returns.
 */
#ifndef REMOTE_LOOSE_H
#define REMOTE_LOOSE_H

#include "base/buf.h"
#include "git/repo.h"

/* Is `file`, the content of a loose object's file, object `oid`: zlib's stream with its checksum,
 * of
 * "<type> <size>", a NUL, and as many bytes (gitformat-loose)? */
bool loose_is_whole(const struct buf *file, const struct oid *oid);

#endif
