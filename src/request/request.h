/*
 * Requests to change the shared documents, as data.
 *
 * A request is a small JSON object: which operation, under which id, for which server, made when,
 * and the operation's own members. It can be applied at once, wait in a file for the process that
 * pushes for this clone (deliver/write_queue.h), or wait for the remote to answer again
 * (deliver/outbox.h). Its time and its ids are those of the moment when it was made, so that it
 * means the same whenever it is applied.
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
#include "base/env.h"
#include "json/document.h"
#include "json/write.h"
#include "request/documents.h"

struct request;

/* What comes of a request. */
struct answer {
	struct buf text;           /* an object */
	struct json_writer writer; /* into `text`, which is open until answer_finish() */
	struct buf subject;        /* the commit's first line */
};
#define ANSWER_INIT                                                                                \
	{                                                                                          \
		.text = BUF_INIT, .subject = BUF_INIT                                              \
	}
void answer_release(struct answer *answer);
/* Appends the answer as it is before it is finished: an object without commit and attempts. */
void answer_add(const struct answer *answer, struct buf *out);
/* Continues an answer that answer_add() gave; it is open again. ERR_INVALID if it cannot be read;
 * the answer is empty then. */
int answer_resume(struct answer *answer, const struct buf *text, struct error *err);
/* Closes the answer, with the commit (NULL: nothing was changed) and how many pushes it took. */
void answer_finish(struct answer *answer, const char *commit, int attempts);

/*
 * A file that is recorded with a request, such as the log of a job with the job's end. The request
 * only names it, in its member "files":
 *
 *	"files": [ { "name": "20251029T120000Z.log", "file": "log" } ]
 *
 * records the file "log" that the caller has read as <server>/logs/20251029T120000Z.log.
 */
struct request_file {
	const char *name, *file; /* without directories; borrowed from the arena */
	struct buf text;         /* for the caller to fill */
	bool is_read;            /* false: there is no such file any more, and it is left out */
};

/* One request. */
struct request {
	const struct operation *operation;
	struct json_doc *doc;
	const char *id, *server; /* borrowed from the arena */
	int64_t now;             /* when it was made, seconds since 1970 */
	struct arena arena;      /* for what the operation needs; dies with the request */
	struct request_file *files;
	size_t file_count;

	/* Set by request_apply(), for the operation: */
	struct documents *documents;
	struct answer *answer;
};

struct operation {
	const char *name; /* "lock acquire" */
	/* Does it still make sense if no one waits for its answer any more? Then it is kept in the
	 * outbox while the remote does not answer. */
	bool later;
	/*
	 * Reads and writes request->documents, and writes if and only if it returns 0; adds members
	 * to request->answer; may run several times. Returns 0 (done, or nothing had to be
	 * changed), 1 (refused, and the answer says why), or a negative code (cannot be done).
	 */
	int (*apply)(struct request *request, struct error *err);
};

/* Each a table that ends with a row without a name. */
extern const struct operation archive_operations[], dashboard_operations[], heartbeat_operations[],
	job_operations[], layout_operations[], lock_operations[], message_operations[],
	status_operations[];

/* Begins a request of `server` in `*w`, which writes into `out`, with a fresh id and the current
 * time: the caller adds the operation's members, and closes it with json_end(). */
void request_begin(struct json_writer *w, struct buf *out, const char *operation,
	const char *server, const struct env *env);

/* Reads a request. ERR_INVALID if `text` is not one. Release with request_release(). */
int request_read(struct request *request, const char *text, size_t len, struct error *err);
void request_release(struct request *request);

/*
 * Applies the request to `documents` and replaces `answer`: a function of the two, that sees no
 * repository, clock, disk, process or network. It may run several times, each time on newer
 * documents, on this machine or another. Returns as operation->apply does; the changes in
 * `documents` count only if it returns 0.
 */
int request_apply(struct request *request, struct documents *documents, struct answer *answer,
	struct error *err);

/* ---- for operations ---- */

/* A member of the request that is a string without NUL; NULL if there is none. Borrowed. */
const char *request_string(struct request *request, const char *name);
/* A member that is a whole number; `fallback` if there is none. */
int64_t request_int(const struct request *request, const char *name, int64_t fallback);
bool request_flag(const struct request *request, const char *name);
/* Writes the request's files into <server>/logs/. */
void request_write_files(struct request *request);

/* Adds a file to a request that is being made, whose array "files" is open. */
void request_put_file(struct json_writer *w, const char *name, const char *file);

#endif
