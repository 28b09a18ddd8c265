/*
 * Operations on the shared documents, as data.
 *
 * What a server wants done is a request, a small JSON object: which operation, under which id, for
 * which server, asked when, and the operation's own members. A request can be applied at once, wait
 * in a file for the process that pushes for all of this host (deliver/write_queue.h), or wait for
 *the remote to come back (deliver/outbox.h); its time and its ids are those of the asking, so that
 *it means the same whenever it is applied.
 *
 *	{ "operation": "lock renew", "id": "<uuid>", "server": "build1",
 *	  "time": "2025-10-29T12:00:00Z", "name": "deploy", "ttl": 600 }
 *
 * docs/protocol.md lists the operations with their members, and what each of them reads, writes and
 * answers.
 */
#ifndef REQUEST_REQUEST_H
#define REQUEST_REQUEST_H

#include "base/arena.h"
#include "clone/settings.h"
#include "json/document.h"
#include "json/write.h"
#include "deliver/transaction.h"

/* One request while it is applied. */
struct deed {
	const struct operation *operation;
	struct json_doc *request;
	const char *id, *server; /* borrowed from the arena */
	int64_t now;             /* when it was asked, seconds since 1970 */
	struct arena arena;      /* for what the operation needs; dies with the deed */

	/* While it is applied: */
	struct transaction *tx;
	struct json_writer answer; /* into `text`; an object is open */
	struct buf text;
	struct buf subject; /* the commit's first line */
};

struct operation {
	const char *name; /* "lock acquire" */
	/* Does it still make sense when nobody waits for its answer any more? Then it is kept in
	 * the outbox where the remote does not answer. */
	bool later;
	/*
	 * Reads documents through deed->tx, and writes them if and only if it returns 0; adds
	 * members to deed->answer; may run several times. 0: done (also where nothing had to be
	 * changed). 1: no, and the answer says why. Below 0: it cannot be done.
	 */
	int (*apply)(struct deed *deed, struct error *err);
};

/* Each a table that ends with a row without a name. */
extern const struct operation archive_operations[], job_operations[], lock_operations[],
	message_operations[], status_operations[];

/* Begins a request in `*w`, which writes into `out`: the caller adds the operation's members, and
 * closes it with json_end(). settings->server must be set. */
void request_begin(struct json_writer *w, struct buf *out, const char *operation,
	const struct settings *settings, const struct env *env);

/* Reads a request; ERR_INVALID if it is none. `*deed` is to be given to deed_release(). */
int deed_read(struct deed *deed, const char *text, size_t len, struct error *err);
void deed_release(struct deed *deed);

/* Applies it on `tx`, from the beginning however often it was applied before. As `apply`. */
int deed_apply(struct deed *deed, struct transaction *tx, struct error *err);
/* Appends the answer as it is before it is finished: an object without commit and attempts. */
void deed_add_answer(const struct deed *deed, struct buf *out);
/* Takes up an answer that deed_add_answer() gave, in place of the deed's own; it is open again.
 * ERR_INVALID if it cannot be read; the answer is empty then. */
int deed_resume_answer(struct deed *deed, const struct buf *answer, struct error *err);
/* Closes the answer, with the commit (NULL: nothing was changed) and how many pushes it took; it is
 * in deed->text. */
void deed_finish(struct deed *deed, const struct oid *commit, int attempts);

/* ---- for operations ---- */

/* A member of the request that is a string without NUL; NULL if there is none. Borrowed. */
const char *deed_string(struct deed *deed, const char *name);
/* A member that is a whole number; `fallback` if there is none. */
int64_t deed_int(const struct deed *deed, const char *name, int64_t fallback);
bool deed_flag(const struct deed *deed, const char *name);

#endif
