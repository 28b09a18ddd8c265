/*
 * Requests to change the coordination files, as data.
 *
 * A request is a small JSON object with the name of an operation, an ID, the server, the time, and
 * the members of the operation. It is applied at once, or waits in a file for the process that
 * pushes for this clone (deliver/write_queue.h), or for the remote (deliver/outbox.h). Its time and
 * its IDs are set when it is created, so that it means the same whenever it is applied.
 *
 *	{ "operation": "lock renew", "id": "<uuid>", "server": "build1",
 *	  "time": "2025-10-29T12:00:00Z", "name": "deploy", "ttl": 600 }
 *
 * docs/protocol.md lists the operations with their members, the files that they read and write, and
 * their answers.
 */
#ifndef REQUEST_REQUEST_H
#define REQUEST_REQUEST_H

#include "base/arena.h"
#include "base/env.h"
#include "json/document.h"
#include "json/write.h"
#include "request/documents.h"

struct request;

/* The answer of a request. */
struct answer {
	struct buf text;           /* an object */
	struct json_writer writer; /* writes to `text`, which is open until answer_finish() */
	struct buf subject;        /* the first line of the commit message */
	struct buf notes;          /* more lines of the message, each with a line feed */
};
#define ANSWER_INIT                                                                                \
	{                                                                                          \
		.text = BUF_INIT, .subject = BUF_INIT, .notes = BUF_INIT                           \
	}
void answer_release(struct answer *answer);
/* Appends the unfinished answer: an object without commit and attempts. */
void answer_add(const struct answer *answer, struct buf *out);
/* Continues an answer from answer_add(), which is open again. ERR_INVALID if it cannot be read; the
 * answer is empty then. */
int answer_resume(struct answer *answer, const struct buf *text, struct error *err);
/* Closes the answer, with the commit (NULL: nothing was changed) and the number of pushes. */
void answer_finish(struct answer *answer, const char *commit, int attempts);

/*
 * A file that is recorded with a request, such as the log of a job with its result. The request has
 * only its name, in the member "files":
 *
 *	"files": [ { "name": "20251029T120000Z.log", "file": "log" } ]
 *
 * records the file "log", which the caller has read, as <server>/logs/20251029T120000Z.log.
 */
struct request_file {
	const char *name, *file; /* without directories; in the arena */
	struct buf text;         /* set by the caller */
	bool is_read;            /* false: the file does not exist any more, and is omitted */
};

/* One request. */
struct request {
	const struct operation *operation;
	struct json_doc *doc;
	const char *id, *server; /* in the arena */
	int64_t now;             /* when it was created, seconds since 1970 */
	struct arena arena;      /* memory for the operation; released with the request */
	struct request_file *files;
	size_t file_count;

	/* Set by request_apply(), for the operation: */
	struct documents *documents;
	struct answer *answer;
};

struct operation {
	const char *name; /* "lock acquire" */
	/* Is it still useful if no process waits for its answer? Then it is kept in the outbox while
	 * the remote cannot be reached. */
	bool later;
	/*
	 * Reads and writes request->documents, and writes if and only if it returns 0; adds members
	 * to request->answer; may run several times. Returns 0 (done, or nothing had to be
	 * changed), 1 (refused, with the reason in the answer), or a negative code (failed).
	 */
	int (*apply)(struct request *request, struct error *err);
};

/* Tables of operations; each ends with a row without a name. */
extern const struct operation archive_operations[], dashboard_operations[], heartbeat_operations[],
	job_operations[], layout_operations[], lock_operations[], message_operations[],
	repair_operations[], status_operations[];

/* Begins a request of `server` in `*w`, which writes to `out`, with a new ID and the current time.
 * The caller adds the members of the operation, and closes it with json_end(). */
void request_begin(struct json_writer *w, struct buf *out, const char *operation,
	const char *server, const struct env *env);

/* Reads a request. ERR_INVALID if `text` is not a valid request. Release with request_release(). */
int request_read(struct request *request, const char *text, size_t len, struct error *err);
void request_release(struct request *request);

/*
 * Applies the request to `documents` and replaces `answer`. It depends only on the request and the
 * documents, and uses no repository, clock, disk, process or network. It may run several times,
 * each time on newer documents, on this host or another. Returns the result of operation->apply;
 * the changes in `documents` are valid only if it returns 0. The warnings of the documents are the
 * member "warnings" of the answer, if there are any.
 */
int request_apply(struct request *request, struct documents *documents, struct answer *answer,
	struct error *err);

/* ---- for operations ---- */

/* A member of the request that is a string without NUL; NULL if there is none. The string is in the
 * arena. */
const char *request_string(struct request *request, const char *name);
/* A member that is a whole number; `fallback` if there is none. */
int64_t request_int(const struct request *request, const char *name, int64_t fallback);
/* A member that is true or false; false if there is none. */
bool request_flag(const struct request *request, const char *name);
/* Writes the files of the request to <server>/logs/. */
void request_write_files(struct request *request);

/* Adds a file to the open array "files" of a request that is being created. */
void request_put_file(struct json_writer *w, const char *name, const char *file);

#endif
