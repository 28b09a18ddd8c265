/*
 * The list of discarded values, from the merge driver to the message of the merge commit.
 *
 * The driver runs before there is a merge commit, once for each file; prepare-commit-msg runs when
 * git creates the commit. In between, the list is kept in <git dir>/git-build/discarded. Its first
 * line has the two commits that are merged, so that the list of another merge, for example an
 * aborted one, is not used.
 */
#ifndef DISCARDED_H
#define DISCARDED_H

#include "base/buf.h"
#include "base/error.h"

/* Adds lines to the list if git is running a merge that creates a merge commit. Uses the repository
 * of the current directory. */
int discarded_record(const struct buf *lines, struct error *err);

/* Adds the list to the commit message in file `path`, if it is the message of the merge that the
 * list belongs to, and does not have the list yet. */
int discarded_add_to_message(const char *path, struct error *err);

#endif
