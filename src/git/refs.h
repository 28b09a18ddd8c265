/* The names of refs, and the trailer of commits. Each function appends to `out`. */
#ifndef GIT_REFS_H
#define GIT_REFS_H

#include "base/buf.h"

#define REF_HEADS "refs/heads/"
/* Identifies the commits of git-build: a UUID follows. */
#define OPERATION_TRAILER "Operation-Id: "

static inline void ref_branch(struct buf *out, const char *branch)
{
	buf_addf(out, REF_HEADS "%s", branch);
}

/* The remote-tracking ref of `branch`; with "", the prefix of all of them. */
static inline void ref_tracking(struct buf *out, const char *remote, const char *branch)
{
	buf_addf(out, "refs/remotes/%s/%s", remote, branch);
}

/* The refspec that fetches `branch` (which may end with an asterisk) to its remote-tracking ref. */
static inline void ref_fetching(struct buf *out, const char *remote, const char *branch)
{
	buf_addf(out, "+" REF_HEADS "%s:refs/remotes/%s/%s", branch, remote, branch);
}

#endif
