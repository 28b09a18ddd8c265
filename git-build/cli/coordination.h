/* What lock, job, message and status have in common: verbs, asking for an operation and telling
 * what came of it, and reading the shared branch with a word on how old it is. */
#ifndef CLI_COORDINATION_H
#define CLI_COORDINATION_H

#include "cli/command.h"

#include "base/arena.h"
#include "clone/reading.h"
#include "deliver/write_queue.h"
#include "json/document.h"
#include "json/write.h"

/* "--offline", for commands that read the shared branch; `type` has the member `offline`. */
#define OPT_OFFLINE(type)                                                                          \
	OPT_FLAG(0, "offline", type, offline, "do not ask the remote: show what was fetched last")

/* "--server": which server this is. */
extern const struct option coordination_server[];

/* What an operation answered. */
struct parsed_answer {
	struct json_doc *doc; /* NULL: it did not come to an answer */
	struct arena arena;
};
#define PARSED_ANSWER_INIT                                                                         \
	{                                                                                          \
		NULL, ARENA_INIT                                                                   \
	}
void parsed_answer_release(struct parsed_answer *answer);
/* A member as a string (NULL: it is none), a number (0: it is none) or a truth value. Borrowed. */
const char *answer_string(struct parsed_answer *answer, const char *name);
int64_t answer_int(const struct parsed_answer *answer, const char *name);
bool answer_flag(const struct parsed_answer *answer, const char *name);

/*
 * Gets `request` done (deliver/submit.h), shows the remote's words, tells what became of locks that
 * this clone held, and with --json shows the answer. Returns 0, 1, or a negative code; `answer`
 * (PARSED_ANSWER_INIT) is to be released either way.
 */
int coordination_submit(struct invocation *inv, const struct buf *request,
	struct parsed_answer *answer, struct error *err);

/* Reads the shared branch; where the remote does not answer that is a warning, with how old what is
 * shown is. */
int coordination_read(
	struct invocation *inv, bool offline, struct reading *reading, struct error *err);

/* Reads what --since was given: a timestamp, a day (2025-10-29), or how long ago (90s, 30m, 12h,
 * 7d, 4w); `*since` is in seconds since 1970. NULL leaves it at 0. ERR_INVALID if it is none. */
int coordination_since(const char *text, int64_t now, int64_t *since, struct error *err);

/* Puts "timestamp", "fetched_at" and "offline" into an object that is open. */
void coordination_put_reading(struct json_writer *w, const struct reading *reading);
/* Puts seconds since 1970 as a timestamp; 0 as null. */
void coordination_put_time(struct json_writer *w, const char *name, int64_t seconds);

/* "4 min ago", "in 4 min", or "-" where `then` is 0. */
void coordination_age(int64_t then, int64_t now, struct buf *out);

#endif
