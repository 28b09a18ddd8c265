/*
 * The list of discarded values, from the merge driver to the message of the merge commit.
 *
 * The driver runs before there is a merge commit, once for each file; prepare-commit-msg runs when
 * git makes the commit. In between, the list is kept in <git dir>/git-build/discarded, with the two
 * commits that are merged in its first line: a list of another merge, which was aborted for
 * example, is not used.
 */
#ifndef DISCARDED_H
#define DISCARDED_H

#include "base/buf.h"
#include "base/error.h"

/* Adds lines to the list, if git is running a merge that makes a merge commit. In the current
 * directory. */
int discarded_record(const struct buf *lines, struct error *err);

/* Adds the list to the commit message in file `path`, if that is the message of the merge to which
 * the list belongs and does not have it yet. */
int discarded_add_to_message(const char *path, struct error *err);

#endif
