/* Functions shared by lock, job, message and status: common options, submitting a request and
 * reporting its result, and reading the shared branch with a warning if the state is old. */
#ifndef CLI_COORDINATION_H
#define CLI_COORDINATION_H

#include "cli/command.h"
#include "cli/print.h"

#include "base/arena.h"
#include "clone/reading.h"
#include "deliver/write_queue.h"
#include "json/document.h"
#include "json/write.h"

/* "--offline", for commands that read the shared branch; `type` has the member `offline`. */
#define OPT_OFFLINE(type)                                                                          \
	OPT_FLAG(0, "offline", type, offline, "do not fetch; use the last fetched state")

/* "--server": the ID of this server. A table of settings has it among others, or it is the table. */
#define OPT_SERVER OPT_STRING(0, "server", "ID", struct overrides, server, "the ID of this server")
extern const struct option coordination_server[];

/* The answer to a request. */
struct parsed_answer {
	struct json_doc *doc; /* NULL: there is no answer */
	struct arena arena;
};
#define PARSED_ANSWER_INIT                                                                         \
	{                                                                                          \
		NULL, ARENA_INIT                                                                   \
	}
void parsed_answer_release(struct parsed_answer *answer);
/* A member as a string (NULL if it is not one), a number (0 if it is not one) or a truth value.
 * Borrowed. */
const char *answer_string(struct parsed_answer *answer, const char *name);
int64_t answer_int(const struct parsed_answer *answer, const char *name);
bool answer_flag(const struct parsed_answer *answer, const char *name);

/*
 * Submits `request` (deliver/submit.h), prints the remote's messages, reports lost locks of this
 * clone, and with --json prints the answer. Returns 0, 1, or a negative code. Release `answer`
 * (PARSED_ANSWER_INIT) in each case.
 */
int coordination_submit(struct invocation *inv, const struct buf *request,
	struct parsed_answer *answer, struct error *err);

/* Does the same, but changes nothing: the answer is what the request would do to the shared branch,
 * which is read with coordination_read(). */
int coordination_preview(struct invocation *inv, const struct buf *request,
	struct parsed_answer *answer, struct error *err);

/* Brings the clone up to date in a round of a loop, if requests do not do this (build.requests).
 * Prints why the worktree cannot be updated, once; other failures are those of the round itself. */
void coordination_keep_up(struct invocation *inv);

/* Reads the shared branch. If the remote does not answer, prints a warning with the age of the
 * state that is shown. */
int coordination_read(
	struct invocation *inv, bool offline, struct reading *reading, struct error *err);
/* Prints warnings about files that are not valid, while documents are read from `reading`. */
void coordination_warn_of_files(struct reading *reading);
/* Prints that warning: `offline` is why the remote did not answer. If it has no code, the remote has
 * answered, and nothing is printed. `fetched_at` is the time of the state, 0 if unknown. */
void coordination_warn(const struct error *offline, int64_t fetched_at, int64_t now);

/* Parses the value of --since: a timestamp, a day (2025-10-29), or an age (90s, 30m, 12h, 7d, 4w);
 * `*since` is in seconds since 1970. NULL leaves it at 0. ERR_INVALID if it is none of these. */
int coordination_since(const char *text, int64_t now, int64_t *since, struct error *err);

/* Writes "timestamp", "fetched_at" and "offline" into an open object. */
void coordination_put_reading(struct json_writer *w, const struct reading *reading);

/* "4 min ago", "in 4 min", or "-" if `then` is 0. */
void coordination_age(int64_t then, int64_t now, struct buf *out);
/* Adds the same to `table` as a cell. */
void coordination_add_age(struct table *table, enum show_colour colour, int64_t then, int64_t now);

#endif
