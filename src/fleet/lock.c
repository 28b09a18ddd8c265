#include "fleet/lock.h"

#include "base/timestamp.h"
#include "request/document.h"
#include "fleet/names.h"
#include "request/request.h"

#include <string.h>

static const char fresh[] = "{\n  \"locks\": {}\n}\n";

const char *lock_state_name(enum lock_state state)
{
	static const char *const names[] = { [LOCK_FREE] = "free",
		[LOCK_HELD] = "held",
		[LOCK_EXPIRED] = "expired",
		[LOCK_CORRUPT] = "corrupt" };
	return names[state];
}

int lock_check_name(const char *name, struct error *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:@+";
	size_t len = strlen(name);
	if (len && len <= LOCK_NAME_MAX && strspn(name, allowed) == len && !strchr(".-", *name))
		return 0;
	return error_set(err, ERR_INVALID,
		"'%.120s' cannot be a lock's name: it is made of letters, digits and ._-:@+, "
		"starts with "
		"none of . and -, and has at most %d characters",
		name, LOCK_NAME_MAX);
}

/* A timestamp or null; false if it is something else. */
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
	bool sound = (!fence || (json_int64(doc, fence, &lock.fence) && lock.fence >= 0)) &&
		read_time(doc, json_member(doc, member, "locked_at"), &lock.locked_at);
	sound = read_time(doc, json_member(doc, member, "expires_at"), &lock.expires_at) && sound;
	if (!sound || !holder || (!lock.holder && holder->type != JSON_NULL))
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

static void put_time(struct json_writer *w, const char *name, int64_t seconds)
{
	char text[TIMESTAMP_SIZE];
	json_put_string_or_null(w, name, seconds ? timestamp_format(seconds, text) : NULL);
}

void lock_put(struct json_writer *w, const struct lock *lock)
{
	json_put_string(w, "name", lock->name);
	json_put_string(w, "state", lock_state_name(lock->state));
	json_put_string_or_null(w, "locked_by", lock->holder);
	put_time(w, "locked_at", lock->locked_at);
	put_time(w, "expires_at", lock->expires_at);
	json_put_int(w, "fence", lock->fence);
}

/* ---- the operations ---- */

/* What all of them start from. */
struct opened {
	struct document document;
	const struct json_value *locks;
	struct lock lock;
};

static int open_lock(struct opened *opened, struct deed *deed, struct error *err)
{
	const char *name = deed_string(deed, "name");
	int rc = lock_check_name(name ? name : "", err);
	if (!rc)
		rc = document_open_with(&opened->document, deed->tx, FLEET_LOCKS_PATH, fresh,
			"locks", JSON_OBJECT, &opened->locks, err);
	if (!rc)
		opened->lock = lock_find(
			opened->document.doc, opened->locks, name, deed->now, &deed->arena);
	return rc;
}

static void write_lock(struct json_writer *w, const struct lock *lock)
{
	json_put_string_or_null(w, "locked_by", lock->holder);
	put_time(w, "locked_at", lock->locked_at);
	put_time(w, "expires_at", lock->expires_at);
	json_put_int(w, "fence", lock->fence);
}

/* Writes the lock as it is now; members that are others' stay, where it is an object. */
static int save_lock(struct opened *opened, struct deed *deed, struct error *err)
{
	struct json_edit *edit = opened->document.edit;
	struct lock *lock = &opened->lock;
	const struct json_value *member =
		json_member(opened->document.doc, opened->locks, lock->name);
	char time[TIMESTAMP_SIZE];
	lock->state = !lock->holder             ? LOCK_FREE
		: lock->expires_at <= deed->now ? LOCK_EXPIRED
						: LOCK_HELD;
	if (member && member->type == JSON_OBJECT) {
		json_edit_set_string(edit, member, "locked_by", lock->holder);
		json_edit_set_string(edit, member, "locked_at",
			lock->locked_at ? timestamp_format(lock->locked_at, time) : NULL);
		json_edit_set_string(edit, member, "expires_at",
			lock->expires_at ? timestamp_format(lock->expires_at, time) : NULL);
		json_edit_set_int(edit, member, "fence", lock->fence);
	} else {
		struct buf text = BUF_INIT;
		struct json_writer w = JSON_WRITER_INIT(&text);
		json_begin(&w, '{');
		write_lock(&w, lock);
		json_end(&w);
		json_edit_set(edit, opened->locks, lock->name, text.data, text.len);
		buf_release(&text);
	}
	return document_save(&opened->document, 1, deed->tx, err);
}

/* The time to live that was asked for, as the moment at which it ends. */
static int64_t expiry(const struct deed *deed)
{
	int64_t ttl = deed_int(deed, "ttl", LOCK_TTL);
	return deed->now + (ttl < 1 ? 1 : ttl > LOCK_TTL_MAX ? LOCK_TTL_MAX : ttl);
}

static int acquire(struct deed *deed, struct error *err)
{
	struct opened opened = { 0 };
	const char *before = NULL;
	int rc = open_lock(&opened, deed, err);
	struct lock *lock = &opened.lock;
	if (!rc && lock->state == LOCK_CORRUPT) {
		rc = error_set(err, ERR_INVALID,
			"%s: lock %s cannot be understood; an operator can clear it with 'git "
			"build lock "
			"break %s --reason TEXT'",
			FLEET_LOCKS_PATH, lock->name, lock->name);
	} else if (!rc && lock->state == LOCK_HELD) {
		rc = 1;
	} else if (!rc) {
		before = lock->holder;
		lock->holder = deed->server;
		lock->locked_at = deed->now;
		lock->expires_at = expiry(deed);
		lock->fence++;
		buf_addf(&deed->subject, "Lock: %s acquires %s", deed->server, lock->name);
		rc = save_lock(&opened, deed, err);
	}
	if (rc >= 0) {
		json_put_bool(&deed->answer, "acquired", !rc);
		lock_put(&deed->answer, lock);
		json_put_string_or_null(&deed->answer, "expired_for", before);
	}
	document_close(&opened.document);
	return rc;
}

/* Is the lock still that of whoever asks: this server's, by the same acquisition? */
static bool is_mine(const struct deed *deed, const struct lock *lock)
{
	int64_t fence = deed_int(deed, "fence", lock->fence);
	return lock->state != LOCK_CORRUPT && lock->holder && !strcmp(lock->holder, deed->server) &&
		fence == lock->fence;
}

static int release(struct deed *deed, struct error *err)
{
	struct opened opened = { 0 };
	int rc = open_lock(&opened, deed, err);
	struct lock *lock = &opened.lock;
	if (!rc && !is_mine(deed, lock)) {
		rc = 1;
	} else if (!rc) {
		lock->holder = NULL;
		lock->locked_at = lock->expires_at = 0;
		buf_addf(&deed->subject, "Lock: %s releases %s", deed->server, lock->name);
		rc = save_lock(&opened, deed, err);
	}
	if (rc >= 0) {
		json_put_bool(&deed->answer, "released", !rc);
		lock_put(&deed->answer, lock);
	}
	document_close(&opened.document);
	return rc;
}

/* An expired lock that nobody took meanwhile was nobody else's in between: it can be renewed. */
static int renew(struct deed *deed, struct error *err)
{
	struct opened opened = { 0 };
	int rc = open_lock(&opened, deed, err);
	struct lock *lock = &opened.lock;
	if (!rc && !is_mine(deed, lock)) {
		rc = 1;
	} else if (!rc) {
		lock->expires_at = expiry(deed);
		buf_addf(&deed->subject, "Lock: %s renews %s", deed->server, lock->name);
		rc = save_lock(&opened, deed, err);
	}
	if (rc >= 0) {
		json_put_bool(&deed->answer, "renewed", !rc);
		lock_put(&deed->answer, lock);
	}
	document_close(&opened.document);
	return rc;
}

static int break_lock(struct deed *deed, struct error *err)
{
	struct opened opened = { 0 };
	const char *reason = deed_string(deed, "reason");
	int rc = open_lock(&opened, deed, err);
	struct lock *lock = &opened.lock;
	const char *before = lock->holder;
	bool corrupt = lock->state == LOCK_CORRUPT;
	if (!rc && lock->state == LOCK_FREE) {
		rc = 1;
	} else if (!rc) {
		lock->holder = NULL;
		lock->locked_at = lock->expires_at = 0;
		/* Where it cannot be read how far the fence was, the clock is beyond any count. */
		if (corrupt && !lock->fence)
			lock->fence = deed->now;
		buf_addf(&deed->subject, "Lock: %s breaks %s%s%s: %s", deed->server, lock->name,
			before ? " of " : "", before ? before : "", reason ? reason : "");
		rc = save_lock(&opened, deed, err);
	}
	if (rc >= 0) {
		json_put_bool(&deed->answer, "broken", !rc);
		lock_put(&deed->answer, lock);
		json_put_string_or_null(&deed->answer, "held_by", before);
		json_put_bool(&deed->answer, "was_corrupt", corrupt);
	}
	document_close(&opened.document);
	return rc;
}

const struct operation lock_operations[] = {
	{ "lock acquire", false, acquire },
	{ "lock release", true, release },
	{ "lock renew", false, renew },
	/* Later it would be taken from somebody else. */
	{ "lock break", false, break_lock },
	{ NULL, false, NULL },
};
