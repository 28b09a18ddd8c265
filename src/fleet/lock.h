/*
 * Locks: who holds what, and until when, in coordination/locks.json.
 *
 * A lock is held by a server from the push that acquired it until it is released or its time is
 * over, counted from its last renewal. An expired lock is free to take. Every acquisition has a
 * fence number, one above that of the one before: whatever a holder writes that does not know that
 * it has lost the lock can be told by it.
 *
 * The operations (request/request.h) are "lock acquire", "lock release", "lock renew" and "lock
 * break"; docs/protocol.md has their members.
 */
#ifndef FLEET_LOCK_H
#define FLEET_LOCK_H

#include "base/arena.h"
#include "base/error.h"
#include "json/document.h"
#include "json/write.h"

enum { LOCK_NAME_MAX = 100, LOCK_TTL = 600, LOCK_TTL_MAX = 30 * 86400 };

enum lock_state {
	LOCK_FREE,
	LOCK_HELD,
	LOCK_EXPIRED, /* somebody's whose time is over */
	LOCK_CORRUPT, /* cannot be understood; it counts as held until it is broken */
};

struct lock {
	const char *name;
	enum lock_state state;
	const char *holder; /* NULL: nobody, or it cannot be read */
	int64_t locked_at;  /* seconds since 1970; 0: it does not say */
	int64_t expires_at;
	int64_t fence; /* of the last acquisition; 0: there was none that counts */
};

/* Reads `member` of "locks" as it is at time `now`. The strings are the arena's. */
struct lock lock_read(const struct json_doc *doc, const struct json_value *member, int64_t now,
	struct arena *arena);
/* The lock `name` of `locks`; one that is not there is free. */
struct lock lock_find(const struct json_doc *doc, const struct json_value *locks, const char *name,
	int64_t now, struct arena *arena);

/* "free", "held", ... */
const char *lock_state_name(enum lock_state state);

/* Puts the lock's members into an object that is open. */
void lock_put(struct json_writer *w, const struct lock *lock);

/* May a lock be called `name`? Letters, digits and ".-_:@+", at most 100, not starting with '.' or
 * '-'. */
int lock_check_name(const char *name, struct error *err);

#endif
