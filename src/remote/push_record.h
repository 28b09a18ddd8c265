/*
 * What became of this clone's pushes, and how long they took: counted in <state dir>/pushes, for
 * whoever measures (remote_push() counts; nothing decides by it).
 */
#ifndef REMOTE_PUSH_RECORD_H
#define REMOTE_PUSH_RECORD_H

#include "git/repo.h"

enum push_result {
	PUSH_RESULT_DONE,
	PUSH_RESULT_LOST_RACE,
	PUSH_RESULT_REFUSED,     /* the remote said no */
	PUSH_RESULT_UNREACHABLE, /* it did not answer */
	PUSH_RESULT_OTHER,       /* the connection died, or git could not be run */
	PUSH_RESULTS,
};

enum { PUSH_BUCKETS = 10 };
/* The upper ends of the histogram's buckets, in milliseconds. */
extern const int64_t push_bucket_ms[PUSH_BUCKETS];

struct push_record {
	int64_t results[PUSH_RESULTS];
	/* Of those that were done: how many took at most push_bucket_ms, and all together. */
	int64_t buckets[PUSH_BUCKETS];
	int64_t total_ms;
};

/* A push took `ms` milliseconds and ended with `code` (0 or an enum error_code). That it cannot be
 * counted is no failure. */
void push_record_count(struct repo *repo, int code, int64_t ms);

/* All zero if nothing was counted. ERR_FAILED: what was cannot be read. */
int push_record_read(struct repo *repo, struct push_record *out, struct error *err);

/* "done", "lost_race", ... */
const char *push_result_name(enum push_result result);

#endif
