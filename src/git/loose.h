/*
 * Loose objects, read by zlib: one file per object, a zlib stream with its checksum, of
 * "<type> <size>", a NUL, and as many bytes (gitformat-loose in git's documentation).
 *
 * libgit2 1.5 never returns from reading a loose object that was cut off, as by a power cut. So
 * repositories read loose objects by this module, and such an object is an error.
 */
#ifndef GIT_LOOSE_H
#define GIT_LOOSE_H

#include "base/buf.h"
#include "base/error.h"
#include "git/repo.h"

/* Is `file`, the content of the file of a loose object, a valid object with ID `oid`? */
bool loose_is_whole(const struct buf *file, const struct oid *oid);

/*
 * Makes libgit2 read the loose objects of `repo` by this module: those of its object directory, of
 * the quarantine that it may be opened in (git-receive-pack(1)), and of the alternates of either.
 * To be called once, after repo->odb is set. ERR_FAILED if libgit2 does not allow it.
 */
int loose_attach(struct repo *repo, struct error *err);

#endif
