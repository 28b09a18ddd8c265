/*
 * Sends requests to a shared repository that applies them itself (serve/serve.h).
 *
 * The same request may be sent any number of times: it is applied once. So there is one way to find
 * out whether a request was applied after a connection broke: to send it again.
 */
#ifndef DELIVER_SERVICE_H
#define DELIVER_SERVICE_H

#include "base/env.h"
#include "clone/settings.h"
#include "request/exchange.h"

/*
 * Does the shared repository apply requests? Returns 1, 0, or a negative code, as remote_ref(), which
 * it calls at most once a day: the result is kept in <state dir>/service. Always 0 if
 * settings->requests is false.
 */
int service_find(struct repo *repo, const struct settings *settings, const struct env *env,
	struct error *err);

/* The last commit that an answer named, or the tip as last fetched, or OID_NONE: a request that is
 * created now is not in its history. */
struct oid service_mark(struct repo *repo, const struct settings *settings);

struct service_call {
	const char *id;            /* of the request */
	const struct buf *request; /* borrowed */
	struct oid since;          /* no earlier commit has it; OID_NONE: unknown */
	bool apply;                /* false: only find out whether it was applied */
	struct answered answered;  /* the answer; its verdict is VERDICT_NONE if there is none */
};
/* Can a request of `len` bytes be sent? */
bool service_takes(size_t len);

/*
 * Sends `calls`, and sends those without a final answer again, up to settings->attempts times, with
 * a random pause in between. The lines of the remote's hooks are appended to `said`. Returns 0 if
 * each call has a final answer; ERR_NOT_FOUND if the shared repository does not apply requests (any
 * more), and has not applied those without an answer; ERR_UNREACHABLE if those were not applied
 * either; ERR_UNKNOWN if they may have been; or another negative code.
 */
int service_send(struct repo *repo, const struct settings *settings, const struct env *env,
	struct service_call *calls, size_t count, struct buf *said, struct error *err);

#endif
