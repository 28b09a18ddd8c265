/* Requests about locks (fleet/lock.h). */
#include "base/timestamp.h"
#include "fleet/lock.h"
#include "fleet/files.h"
#include "fleet/names.h"
#include "request/document.h"
#include "request/request.h"

#include <string.h>

/* The lock that a request is about, in the open document. */
struct opened {
	struct document document;
	const struct json_value *locks;
	struct lock lock;
};

static int open_lock(struct opened *opened, struct request *request, struct error *err)
{
	const char *name = request_string(request, "name");
	int rc = fleet_check_lock_name(name ? name : "", err);
	if (!rc)
		rc = document_open_list(&opened->document, request->documents, FLEET_LOCKS_PATH,
			"locks", JSON_OBJECT, &opened->locks, err);
	if (!rc)
		opened->lock = lock_find(
			opened->document.doc, opened->locks, name, request->now, &request->arena);
	return rc;
}

static void write_lock(struct json_writer *w, const struct lock *lock)
{
	json_put_string_or_null(w, "locked_by", lock->holder);
	json_put_time(w, "locked_at", lock->locked_at);
	json_put_time(w, "expires_at", lock->expires_at);
	json_put_int(w, "fence", lock->fence);
}

/* Writes the lock. If it is an object already, its unknown members are not changed. */
static int save_lock(struct opened *opened, struct request *request, struct error *err)
{
	struct json_edit *edit = opened->document.edit;
	struct lock *lock = &opened->lock;
	const struct json_value *member =
		json_member(opened->document.doc, opened->locks, lock->name);
	char time[TIMESTAMP_SIZE];
	lock->state = !lock->holder                ? LOCK_FREE
		: lock->expires_at <= request->now ? LOCK_EXPIRED
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
	return document_save(&opened->document, 1, request->documents, err);
}

/* The end of the requested lease. */
static int64_t expiry(const struct request *request)
{
	int64_t ttl = request_int(request, "ttl", LOCK_TTL);
	return request->now + (ttl < 1 ? 1 : ttl > LOCK_TTL_MAX ? LOCK_TTL_MAX : ttl);
}

static int acquire(struct request *request, struct error *err)
{
	struct opened opened = { 0 };
	const char *before = NULL;
	int rc = open_lock(&opened, request, err);
	struct lock *lock = &opened.lock;
	if (!rc && lock->state == LOCK_CORRUPT) {
		rc = error_set(err, ERR_INVALID,
			"%s: lock %s is corrupt; an operator can clear it with 'git build lock "
			"break %s --reason TEXT'",
			FLEET_LOCKS_PATH, lock->name, lock->name);
	} else if (!rc && lock->state == LOCK_HELD) {
		rc = 1;
	} else if (!rc) {
		before = lock->holder;
		lock->holder = request->server;
		lock->locked_at = request->now;
		lock->expires_at = expiry(request);
		lock->fence++;
		buf_addf(&request->answer->subject, "Lock: %s acquires %s", request->server,
			lock->name);
		rc = save_lock(&opened, request, err);
	}
	if (rc >= 0) {
		json_put_bool(&request->answer->writer, "acquired", !rc);
		lock_put(&request->answer->writer, lock);
		json_put_string_or_null(&request->answer->writer, "expired_for", before);
	}
	document_close(&opened.document);
	return rc;
}

/* Does the requesting server still hold the lock, by the same acquisition? */
static bool is_mine(const struct request *request, const struct lock *lock)
{
	int64_t fence = request_int(request, "fence", lock->fence);
	return lock->state != LOCK_CORRUPT && lock->holder &&
		!strcmp(lock->holder, request->server) && fence == lock->fence;
}

static int release(struct request *request, struct error *err)
{
	struct opened opened = { 0 };
	int rc = open_lock(&opened, request, err);
	struct lock *lock = &opened.lock;
	if (!rc && !is_mine(request, lock)) {
		rc = 1;
	} else if (!rc) {
		lock->holder = NULL;
		lock->locked_at = lock->expires_at = 0;
		buf_addf(&request->answer->subject, "Lock: %s releases %s", request->server,
			lock->name);
		rc = save_lock(&opened, request, err);
	}
	if (rc >= 0) {
		json_put_bool(&request->answer->writer, "released", !rc);
		lock_put(&request->answer->writer, lock);
	}
	document_close(&opened.document);
	return rc;
}

/* An expired lock can be renewed if no other server has acquired it since. */
static int renew(struct request *request, struct error *err)
{
	struct opened opened = { 0 };
	int rc = open_lock(&opened, request, err);
	struct lock *lock = &opened.lock;
	if (!rc && !is_mine(request, lock)) {
		rc = 1;
	} else if (!rc) {
		lock->expires_at = expiry(request);
		buf_addf(&request->answer->subject, "Lock: %s renews %s", request->server,
			lock->name);
		rc = save_lock(&opened, request, err);
	}
	if (rc >= 0) {
		json_put_bool(&request->answer->writer, "renewed", !rc);
		lock_put(&request->answer->writer, lock);
	}
	document_close(&opened.document);
	return rc;
}

static int break_lock(struct request *request, struct error *err)
{
	struct opened opened = { 0 };
	const char *reason = request_string(request, "reason");
	int rc = open_lock(&opened, request, err);
	struct lock *lock = &opened.lock;
	const char *before = lock->holder;
	bool corrupt = lock->state == LOCK_CORRUPT;
	if (!rc && lock->state == LOCK_FREE) {
		rc = 1;
	} else if (!rc) {
		lock->holder = NULL;
		lock->locked_at = lock->expires_at = 0;
		/* If the old fence cannot be read, the current time is higher than any fence. */
		if (corrupt && !lock->fence)
			lock->fence = request->now;
		buf_addf(&request->answer->subject, "Lock: %s breaks %s%s%s: %s", request->server,
			lock->name, before ? " of " : "", before ? before : "",
			reason ? reason : "");
		rc = save_lock(&opened, request, err);
	}
	if (rc >= 0) {
		json_put_bool(&request->answer->writer, "broken", !rc);
		lock_put(&request->answer->writer, lock);
		json_put_string_or_null(&request->answer->writer, "held_by", before);
		json_put_bool(&request->answer->writer, "was_corrupt", corrupt);
	}
	document_close(&opened.document);
	return rc;
}

const struct operation lock_operations[] = {
	{ "lock acquire", false, acquire },
	{ "lock release", true, release },
	{ "lock renew", false, renew },
	/* Not kept in the outbox: by then, the lock may have another holder. */
	{ "lock break", false, break_lock },
	{ NULL, false, NULL },
};
