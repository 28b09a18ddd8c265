/*
 * Running a command on other servers of the fleet, over ssh(1).
 *
 * Where a server is reached: build.ssh.<server> in git config, a destination as ssh takes it
 * ("root@10.1.3.175", "ssh://root@host:2222"); else root at the address in its status.json. What
 * stands in a repository comes from others, so it must look like an address.
 */
#ifndef CLONE_ADDRESS_H
#define CLONE_ADDRESS_H

#include "clone/servers.h"

/* Replaces `out` by the destination of `server`. ERR_NOT_FOUND: nobody knows where it is;
 * ERR_INVALID: what is known is no destination. */
int reach_find(struct buf *out, struct repo *repo, const struct server *server, struct error *err);

struct reach {
	const char *server, *destination;
	/* What came of it: */
	int rc;     /* 0: it ran; ERR_TIMEOUT, ERR_FAILED: see err */
	int status; /* the command's exit code; 255 where ssh itself failed */
	struct buf output, errors;
	struct error err;
};
#define REACH_INIT                                                                                 \
	{                                                                                          \
		.output = BUF_INIT, .errors = BUF_INIT                                             \
	}
void reach_release(struct reach *reach);

/*
 * Runs `command` for each of `reaches`, all at once, and calls `each` as soon as one has ended,
 * from one thread at a time. `ssh` is the ssh command (GIT_SSH_COMMAND's syntax, a shell's);
 * `timeout_ms` 0: no limit.
 */
void reach_run(struct reach *reaches, size_t count, const char *ssh, const char *command,
	int64_t timeout_ms, void (*each)(struct reach *reach, void *data), void *data);

/*
 * Runs `command` at `destination` and gives its standard output to `heard` as struct child does
 * (base/child.h); its standard error is appended to `errors`. As child_run().
 */
int reach_stream(const char *destination, const char *ssh, const char *command,
	bool (*heard)(const char *bytes, size_t len, void *data), void *data, struct buf *errors,
	int *status, struct error *err);

/* Appends `words` as one command line for a shell: a single word as it is, several quoted. */
void reach_quote(struct buf *out, char *const *words, int count);

#endif
