/*
 * The protocol between a client and a shared repository that applies requests: an object on one line
 * for each request, and one for each answer (docs/protocol.md, "Asking the shared repository").
 *
 *	{"version":1,"since":"<commit>","apply":true,"branch":"main","request":{...}}
 *	{"version":1,"id":"<uuid>","verdict":"done","commit":"<commit>","answer":{...}}
 */
#ifndef REQUEST_EXCHANGE_H
#define REQUEST_EXCHANGE_H

#include "git/repo.h"
#include "request/request.h"

/* The ref that announces the service. Its deletion carries requests, as push options. */
#define EXCHANGE_REF "refs/for/build"
/* The beginning of a line of standard error that has an answer. */
#define EXCHANGE_ANSWER "git-build-answer: "
/* The trailer that has the answer of the request named in the line before it. */
#define EXCHANGE_TRAILER "Answer: "

/* The maximum size of a push option in bytes. A longer request is not sent this way. */
enum { EXCHANGE_LIMIT = 65000 };

struct asked {
	char *id; /* of the request; NULL: it has none */
	struct request request;
	struct oid since; /* no earlier commit has the request; OID_NONE: unknown */
	bool apply;       /* false: only report whether it was applied */
	char *branch;     /* to change, short; NULL: the repository's */
};

/* Appends the line for `request`, without a newline. */
void asked_write(struct buf *out, const struct buf *request, const struct oid *since, bool apply,
	const char *branch);
/* Reads a line into `*out`, of which only `id` is valid after ERR_INVALID: the line is not valid, or
 * has a version that is not supported. Release it with asked_release() in each case. */
int asked_read(struct asked *out, const char *text, size_t len, struct error *err);
void asked_release(struct asked *asked);

enum verdict {
	VERDICT_NONE,        /* there is no answer */
	VERDICT_DONE,        /* applied, now or earlier; or nothing had to be changed */
	VERDICT_REFUSED,     /* by the operation; the reason is in the answer */
	VERDICT_REJECTED,    /* it is not valid, or the guard rejects the change; final */
	VERDICT_ABSENT,      /* it was not applied, and must not be */
	VERDICT_FAILED,      /* nothing was changed; the same request may succeed later */
	VERDICT_UNSUPPORTED, /* nothing was changed; the client must push the change itself */
};

struct answered {
	enum verdict verdict;
	struct oid commit; /* that applied it; OID_NONE: nothing was changed */
	struct buf answer; /* of the operation, without commit and attempts: see answer_add() */
	struct buf reason; /* if it was not done or refused: text for people */
};
#define ANSWERED_INIT                                                                              \
	{                                                                                          \
		VERDICT_NONE, OID_NONE, BUF_INIT, BUF_INIT                                         \
	}
void answered_release(struct answered *answered);

/* Appends the line for the answer to request `id`, without a newline. */
void answered_write(struct buf *out, const char *id, const struct answered *answered);
/* Reads a line. Returns the ID of the request, to be freed by the caller, and replaces `*out`; NULL
 * if the line is not a valid answer. */
char *answered_read(struct answered *out, const char *text, size_t len);

/* Appends the JSON text `text` on one line. It was written by json/write.h: a newline is never part
 * of a string. */
void exchange_add_line(struct buf *out, const struct buf *text);

#endif
