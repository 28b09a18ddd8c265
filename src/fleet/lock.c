#include "fleet/lock.h"

#include "base/timestamp.h"

#include <string.h>

const char *lock_state_name(enum lock_state state)
{
	static const char *const names[] = { [LOCK_FREE] = "free",
		[LOCK_HELD] = "held",
		[LOCK_EXPIRED] = "expired",
		[LOCK_CORRUPT] = "corrupt" };
	return names[state];
}

/* Reads a timestamp or null. Returns false if the value is something else. */
static bool read_time(const struct json_doc *doc, const struct json_value *value, int64_t *seconds)
{
	size_t len;
	const char *text = json_string(doc, value, &len);
	*seconds = 0;
	if (!value || value->type == JSON_NULL)
		return true;
	return text && timestamp_parse(text, len, seconds);
}

struct lock lock_read(const struct json_doc *doc, const struct json_value *member, int64_t now,
	struct arena *arena)
{
	struct lock lock = { .state = LOCK_CORRUPT };
	size_t len;
	const char *name = json_key(doc, member, &len);
	const struct json_value *holder = json_member(doc, member, "locked_by");
	const struct json_value *fence = json_member(doc, member, "fence");
	lock.name = arena_strndup(arena, name, len);
	lock.holder = json_strdup_in(doc, holder, arena);
	bool valid = (!fence || (json_int64(doc, fence, &lock.fence) && lock.fence >= 0)) &&
		read_time(doc, json_member(doc, member, "locked_at"), &lock.locked_at);
	valid = read_time(doc, json_member(doc, member, "expires_at"), &lock.expires_at) && valid;
	if (!valid || !holder || (!lock.holder && holder->type != JSON_NULL))
		return lock;
	if (!lock.holder)
		lock.state = LOCK_FREE;
	else if (lock.expires_at)
		lock.state = lock.expires_at <= now ? LOCK_EXPIRED : LOCK_HELD;
	return lock;
}

struct lock lock_find(const struct json_doc *doc, const struct json_value *locks, const char *name,
	int64_t now, struct arena *arena)
{
	const struct json_value *member = json_member(doc, locks, name);
	struct lock lock = { .state = LOCK_FREE };
	if (member)
		return lock_read(doc, member, now, arena);
	lock.name = arena_strndup(arena, name, strlen(name));
	return lock;
}

void lock_put(struct json_writer *w, const struct lock *lock)
{
	json_put_string(w, "name", lock->name);
	json_put_string(w, "state", lock_state_name(lock->state));
	json_put_string_or_null(w, "locked_by", lock->holder);
	json_put_time(w, "locked_at", lock->locked_at);
	json_put_time(w, "expires_at", lock->expires_at);
	json_put_int(w, "fence", lock->fence);
}
