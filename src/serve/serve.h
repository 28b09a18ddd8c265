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
	/* Asks the hooks of the repository whether its shared branch `ref` may move. Returns 0; 1 if
	 * not, with the reason appended to `why`; or a negative code. */
	int (*may_move)(const char *ref, const struct oid *from, const struct oid *to,
		struct buf *why, void *data);
	/* Called with the line of each answer, in the order of the requests. */
	void (*answer)(const struct buf *line, void *data);
	/* Called each time when it has moved, before the answers. */
	void (*moved)(const char *ref, const struct oid *from, const struct oid *to, void *data);
	void *data;
};

/*
 * Applies `count` requests, each a line as in request/exchange.h, to the shared branch of the bare
 * repository `repo` (guard_branch()). A request that fails is answered as well: the caller needs no
 * other result.
 */
void serve(struct repo *repo, const struct serve_plan *plan, const struct buf *lines, size_t count);

#endif
