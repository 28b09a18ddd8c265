/*
 * The shared repository applies requests itself, one push after another, instead of receiving
 * commits that race each other.
 *
 * The process that holds the repository's lock reads the tip, applies the requests of its push in
 * the order in which they were sent, lets the guard check the result with the identity of the
 * sender, and moves the branch from that tip to one new commit. Everything is on disk before the
 * answer. The commit names each request with its answer, so that a request that is sent again gets
 * the same answer, and changes nothing. If the process is killed, the branch has moved or not; in
 * both cases, the client sends its requests again.
 */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include "base/env.h"
#include "git/repo.h"

struct serve_plan {
	/* Returns the value of an environment variable, which identifies the sender; see struct
	 * guard_plan. */
	char *(*variable)(const char *name);
	int64_t wait_ms; /* after this time, nothing is tried any more: other processes hold the
			    repository's lock, or the branch */
	const struct env *env;
};

/*
 * Applies `count` requests, each a line as in request/exchange.h, to the shared branch of the bare
 * repository `repo` (guard_branch()).
 * Calls `answer` with the line of each answer, in this order. A request that fails is answered as
 * well: the caller needs no other result.
 */
void serve(struct repo *repo, const struct serve_plan *plan, const struct buf *lines, size_t count,
	void (*answer)(const struct buf *line, void *data), void *data);

#endif
