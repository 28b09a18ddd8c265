/*
 * What git knows, asked of git itself: for a program that has to start sooner than libgit2 can be
 * loaded, and seldom has a question. Each question is a process of a few milliseconds, in the
 * current folder.
 */
#ifndef STORE_PLUMBING_H
#define STORE_PLUMBING_H

#include "base/buf.h"

#include <stdbool.h>

/* Each replaces `out`, and returns false where git has no answer. */

/* The value of a setting (git-config(1)). */
bool plumbing_config(const char *key, struct buf *out);
/* The value of attribute `name` of `path`, where it is a string (git-check-attr(1)). */
bool plumbing_attribute(const char *path, const char *name, struct buf *out);
/* The file `path` of `revision`. */
bool plumbing_file(const char *revision, const char *path, struct buf *out);

#endif
