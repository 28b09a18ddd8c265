/*
 * Reads from the repository with git commands, for a program that has to start faster than libgit2
 * can be loaded and reads little. Each call starts a process of a few milliseconds in the current
 * directory.
 */
#ifndef GIT_RUN_H
#define GIT_RUN_H

#include "base/buf.h"
#include "base/error.h"

/* Each stores its result in `out` and returns 1; 0 if it does not exist; or a negative code. */

/* The value of a setting (git-config(1)). */
int plumbing_config(const char *key, struct buf *out, struct error *err);
/* The value of attribute `name` of `path`, if it is a string (git-check-attr(1)). */
int plumbing_attribute(const char *path, const char *name, struct buf *out, struct error *err);
/* The ID of the commit `revision` (git-rev-parse(1)). */
int plumbing_commit(const char *revision, struct buf *out, struct error *err);
/* The path of file `name` in the git directory of the worktree. */
int plumbing_path(const char *name, struct buf *out, struct error *err);
/* The file `path` of the branch or tag `ref` (its full name). */
int plumbing_file(const char *ref, const char *path, struct buf *out, struct error *err);

#endif
