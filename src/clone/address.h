/*
 * Runs commands on other servers of the fleet over ssh(1).
 *
 * The destination of a server is `build.ssh.<server>` in git config, in a form that ssh accepts
 * ("root@10.1.3.175", "ssh://root@host:2222"); without it, root at the address in its status.json.
 * Other servers write that file, so the address is checked.
 */
#ifndef CLONE_ADDRESS_H
#define CLONE_ADDRESS_H

#include "clone/servers.h"

/* Replaces `out` with the destination of `server`. ERR_NOT_FOUND: no address is known; ERR_INVALID:
 * the address is not valid. */
int reach_find(struct buf *out, struct repo *repo, const struct server *server, struct error *err);

struct reach {
	const char *server, *destination;
	/* The result: */
	int rc;     /* 0: ssh ran; ERR_TIMEOUT, ERR_FAILED: see `err` */
	int status; /* the exit code of the command; 255 if ssh itself failed */
	struct buf output, errors;
	struct error err;
};
#define REACH_INIT                                                                                 \
	{                                                                                          \
		.output = BUF_INIT, .errors = BUF_INIT                                             \
	}
void reach_release(struct reach *reach);

/*
 * Runs `command` on all of `reaches` in parallel, and calls `each` when one has ended, from one
 * thread at a time. `ssh` is the ssh command, in shell syntax as GIT_SSH_COMMAND; `timeout_ms` 0:
 * no limit. Release each with reach_release().
 */
void reach_run(struct reach *reaches, size_t count, const char *ssh, const char *command,
	int64_t timeout_ms, void (*each)(struct reach *reach, void *data), void *data);

/*
 * Runs `command` at `destination`, passes its standard output to `heard` as struct child does
 * (base/child.h), and appends its standard error to `errors`. Returns the same as child_run().
 */
int reach_stream(const char *destination, const char *ssh, const char *command,
	bool (*heard)(const char *bytes, size_t len, void *data), void *data, struct buf *errors,
	int *status, struct error *err);

/* Appends `words` as one shell command line: a single word unchanged, several words quoted. */
void reach_quote(struct buf *out, char *const *words, int count);

#endif
