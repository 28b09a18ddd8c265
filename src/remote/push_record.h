/*
 * The number of pushes of this clone, by result and duration, in <state dir>/pushes. remote_push()
 * counts them, for metrics; no decision depends on them.
 */
#ifndef REMOTE_PUSH_RECORD_H
#define REMOTE_PUSH_RECORD_H

#include "git/repo.h"

enum push_result {
	PUSH_RESULT_DONE,
	PUSH_RESULT_LOST_RACE,
	PUSH_RESULT_REFUSED,     /* the remote rejected the push */
	PUSH_RESULT_UNREACHABLE, /* the remote did not answer */
	PUSH_RESULT_OTHER,       /* the connection broke, or git could not be run */
	PUSH_RESULTS,
};

enum { PUSH_BUCKETS = 10 };
/* The upper ends of the histogram's buckets, in milliseconds. */
extern const int64_t push_bucket_ms[PUSH_BUCKETS];

struct push_record {
	int64_t results[PUSH_RESULTS];
	/* Of successful pushes: the number of those that took at most push_bucket_ms, and their
	 * total time. */
	int64_t buckets[PUSH_BUCKETS];
	int64_t total_ms;
};

/* Counts a push that took `ms` milliseconds and ended with `code` (0 or an enum error_code). Errors
 * are ignored. */
void push_record_count(struct repo *repo, int code, int64_t ms);

/* Reads the numbers; all are zero if nothing was counted yet. Returns ERR_FAILED if the file cannot
 * be read. */
int push_record_read(struct repo *repo, struct push_record *out, struct error *err);

/* "done", "lost_race", ... */
const char *push_result_name(enum push_result result);

#endif
