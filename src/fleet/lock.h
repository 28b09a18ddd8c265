/*
 * The locks in coordination/locks.json: the holder and lease of each.
 *
 * A server holds a lock from the push that acquired it until it is released or its lease expires,
 * counted from the last renewal. Any server can acquire an expired lock. Each acquisition has a
 * fence, one higher than the previous one, by which writes of a holder that has lost the lock can
 * be recognized.
 *
 * The requests (request/request.h) are "lock acquire", "lock release", "lock renew" and "lock
 * break"; docs/protocol.md has their members.
 */
#ifndef FLEET_LOCK_H
#define FLEET_LOCK_H

#include "base/arena.h"
#include "base/error.h"
#include "json/document.h"
#include "json/write.h"

enum { LOCK_TTL = 600, LOCK_TTL_MAX = 30 * 86400 };

enum lock_state {
	LOCK_FREE,
	LOCK_HELD,
	LOCK_EXPIRED, /* has a holder, but its lease has expired */
	LOCK_CORRUPT, /* not valid; it counts as held until it is broken */
};

struct lock {
	const char *name;
	enum lock_state state;
	const char *holder; /* NULL: none, or not valid */
	int64_t locked_at;  /* seconds since 1970; 0: unknown */
	int64_t expires_at;
	int64_t fence; /* of the last acquisition; 0: none, or not valid */
};

/* Reads `member` of "locks", with its state at time `now`. The strings are in the arena. */
struct lock lock_read(const struct json_doc *doc, const struct json_value *member, int64_t now,
	struct arena *arena);
/* The lock `name` of `locks`; a lock that does not exist is free. */
struct lock lock_find(const struct json_doc *doc, const struct json_value *locks, const char *name,
	int64_t now, struct arena *arena);

/* "free", "held", ... */
const char *lock_state_name(enum lock_state state);

/* Adds the members of the lock to an open object. */
void lock_put(struct json_writer *w, const struct lock *lock);

#endif
