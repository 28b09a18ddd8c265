/*
 * Rules for what belongs to one server: locks, jobs, messages. A schema cannot express them, since
 * they depend on the clock and on who pushes.
 *
 * If the pusher is unknown, changes that only the owner may make are accepted, because they cannot
 * be recognized; changes that no server may make are rejected anyway.
 */
#include "guard/change.h"
#include "fleet/files.h"
#include "fleet/limits.h"

#include "base/text.h"
#include "base/timestamp.h"
#include "json/number.h"

#include <stdlib.h>
#include <string.h>

/* ---- members ---- */

/* The value of a string member; `bytes` is NULL if it does not exist or is not a string. */
static struct text say(
	const struct json_doc *doc, const struct json_value *object, const char *name)
{
	struct text value;
	value.bytes = json_string(doc, json_member(doc, object, name), &value.len);
	return value;
}

static bool says(struct text value, const char *text)
{
	return value.bytes && value.len == strlen(text) && !memcmp(value.bytes, text, value.len);
}

static bool agree(struct text a, struct text b)
{
	return a.bytes && b.bytes && a.len == b.len && !memcmp(a.bytes, b.bytes, a.len);
}

static bool is_me(const struct step *step, struct text name)
{
	return step->judging->guard->identity && says(name, step->judging->guard->identity);
}

static bool is_other(const struct step *step, struct text name)
{
	return name.bytes && guard_is_server(step->judging->guard) && !is_me(step, name);
}

/* Rejects a timestamp that is too far in the future. */
static void check_clock(struct step *step, struct text value, const char *what)
{
	int64_t seconds, now = step->judging->update->now;
	if (value.bytes && timestamp_parse(value.bytes, value.len, &seconds) &&
		seconds > now + FLEET_CLOCK_REFUSED)
		step_violate(step, VIOLATION_CLOCK,
			"%s is dated " TEXT_FMT
			", %lld s ahead of this host's clock; set the clock of the host that wrote "
			"it",
			what, TEXT_ARG(value), (long long)(seconds - now));
}

/* ---- locks ---- */

/* Has the lock expired? A lock without a valid expiry never expires. */
static bool has_expired(const struct step *step, struct text expires)
{
	int64_t seconds;
	return expires.bytes && timestamp_parse(expires.bytes, expires.len, &seconds) &&
		seconds <= step->judging->update->now;
}

/* Each acquisition must increase the fence, if the lock has one, so that the writes of a server
 * that has lost the lock without noticing can be recognized. */
static void check_fence(
	struct step *step, const struct json_value *old, const struct json_value *now)
{
	const struct json_value *was = json_member(step->old_doc, old, "fence");
	const struct json_value *is = json_member(step->new_doc, now, "fence");
	size_t was_len, is_len;
	if (!was || !is || was->type != JSON_NUMBER || is->type != JSON_NUMBER)
		return;
	const char *before = json_raw(step->old_doc, was, &was_len);
	const char *after = json_raw(step->new_doc, is, &is_len);
	if (json_number_compare(after, is_len, before, was_len) <= 0)
		step_violate(step, VIOLATION_CLAIM,
			"has a new holder with fence %.*s, but already had fence %.*s; each "
			"acquisition must increase it",
			(int)is_len, after, (int)was_len, before);
}

/* The push gives the lock that `was` holds to `is`, or removes it if `is` has no text. */
static void refuse_taking(struct step *step, struct text was, struct text is, struct text expires)
{
	struct buf until = BUF_INIT, what = BUF_INIT;
	if (expires.bytes)
		buf_add(&until, expires.bytes, expires.len);
	else
		buf_addstr(&until, "it is released");
	if (is.bytes)
		buf_addf(&what, TEXT_FMT " may not acquire it", TEXT_ARG(is));
	else
		buf_addstr(&what, "it may not be removed");
	step_violate(step, VIOLATION_CLAIM, "is held by " TEXT_FMT " until %s; %s before then",
		TEXT_ARG(was), until.data, what.data);
	buf_release(&until);
	buf_release(&what);
}

static void check_lock(
	const struct json_value *old, const struct json_value *now, const char *name, void *data)
{
	struct step *step = data;
	const struct guard *guard = step->judging->guard;
	if (old && now && json_equal(step->old_doc, old, step->new_doc, now))
		return;
	struct text was = say(step->old_doc, old, "locked_by");
	struct text is = say(step->new_doc, now, "locked_by");
	struct text expires = say(step->old_doc, old, "expires_at");
	bool held = was.bytes && !has_expired(step, expires) && !is_me(step, was) &&
		!guard->is_operator;
	struct step_mark mark = step_down(step, name, now);
	if (held && (!now || (is.bytes && !agree(was, is))))
		refuse_taking(step, was, is, expires);
	else if (old && !now)
		step_violate(step, VIOLATION_REMOVED,
			"was removed; a lock must stay in the file: use 'git build lock release' "
			"or 'git build lock break'");
	else if (held && guard_is_server(guard))
		step_violate(step, VIOLATION_OWNER, "is held by " TEXT_FMT "; %s may not change it",
			TEXT_ARG(was), guard->identity);
	else if (is_other(step, is))
		step_violate(step, VIOLATION_OWNER,
			"is locked for " TEXT_FMT "; %s may lock only for itself", TEXT_ARG(is),
			guard->identity);
	if (is.bytes && !agree(was, is))
		check_fence(step, old, now);
	check_clock(step, say(step->new_doc, now, "locked_at"), "the lock");
	step_up(step, mark);
}

/* ---- jobs ---- */

static bool is_over(struct text status)
{
	return says(status, "completed") || says(status, "failed");
}

static void check_job(
	const struct json_value *old, const struct json_value *now, const char *name, void *data)
{
	struct step *step = data;
	const char *who = step->judging->guard->identity;
	if (!now || marks_have(&step->moved, now) ||
		(old && json_equal(step->old_doc, old, step->new_doc, now)))
		return;
	struct text had = say(step->old_doc, old, "assigned_to");
	struct text has = say(step->new_doc, now, "assigned_to");
	struct text was = say(step->old_doc, old, "status"), is = say(step->new_doc, now, "status");
	bool taken = had.bytes && !says(was, "queued");
	bool kept = agree(had, has);
	bool works = says(is, "running") || is_over(is);
	struct step_mark mark = step_down(step, name, now);
	if (taken && !kept && works)
		step_violate(step, VIOLATION_CLAIM,
			"is claimed by " TEXT_FMT
			"; it must be requeued, in an earlier push, before another server claims "
			"or finishes it",
			TEXT_ARG(had));
	else if (taken && kept && is_over(is) && !is_over(was) && is_other(step, had))
		step_violate(step, VIOLATION_OWNER,
			"is claimed by " TEXT_FMT "; %s may not finish it", TEXT_ARG(had), who);
	else if (works && !(taken && kept) && is_other(step, has))
		step_violate(step, VIOLATION_OWNER,
			"is claimed for " TEXT_FMT "; %s may claim only for itself", TEXT_ARG(has),
			who);
	step_up(step, mark);
}

/* ---- messages ---- */

static void check_reader(
	const struct json_value *old, const struct json_value *now, const char *name, void *data)
{
	struct step *step = data;
	struct text reader = { name, strlen(name) };
	if ((!old || !now) && is_other(step, reader))
		step_violate(step, VIOLATION_OWNER, "%s may not add or remove %s as a reader",
			step->judging->guard->identity, name);
}

static void check_message(
	const struct json_value *old, const struct json_value *now, const char *name, void *data)
{
	struct step *step = data;
	const char *who = step->judging->guard->identity;
	if (!now || marks_have(&step->moved, now) || !guard_is_server(step->judging->guard))
		return;
	if (old && json_equal(step->old_doc, old, step->new_doc, now))
		return;
	struct step_mark mark = step_down(step, name, now);
	struct text from = say(step->new_doc, now, "from"), to = say(step->new_doc, now, "to");
	const struct json_value *was = json_member(step->old_doc, old, "read");
	const struct json_value *is = json_member(step->new_doc, now, "read");
	struct pairing readers = { step->old_doc, step->new_doc,
		json_member(step->old_doc, old, "read_by"),
		json_member(step->new_doc, now, "read_by") };
	if (!old && is_other(step, from))
		step_violate(step, VIOLATION_OWNER,
			"is from " TEXT_FMT "; %s may send only as itself", TEXT_ARG(from), who);
	if (old && is && (!was || was->type != is->type) && !says(to, "all") && is_other(step, to))
		step_violate(step, VIOLATION_OWNER,
			"was sent to " TEXT_FMT "; %s may not mark it as read", TEXT_ARG(to), who);
	pairs_of_elements(&readers, NULL, 0, check_reader, step);
	step_up(step, mark);
}

/* ---- */

/* Is the file an archive of the elements of `list`? */
static bool is_archive_of(const struct step *step, const char *list)
{
	struct schema_place root, place, element;
	schema_place_init(&root, step->rule->schema);
	schema_place_member(&place, &root, list, strlen(list));
	schema_place_items(&element, &place);
	return step_is_archive(step, &element.rules.archive);
}

void change_check_claims(struct step *step)
{
	static const struct {
		const char *list, *path;
		pair_fn *check;
	} lists[] = {
		[KIND_LOCKS] = { "locks", NULL, check_lock },
		[KIND_JOBS] = { "jobs", FLEET_JOBS_PATH, check_job },
		[KIND_MESSAGES] = { "messages", FLEET_MESSAGES_PATH, check_message },
	};
	static const struct pair_key id = { "id", 2 };
	enum kind kind = step->rule->kind;
	const struct json_value *old = step->old_doc ? json_root(step->old_doc) : NULL;
	if (kind == KIND_HEARTBEAT && step->new_doc)
		check_clock(step, say(step->new_doc, step->place, "timestamp"), "the heartbeat");
	if (kind < KIND_LOCKS)
		return;
	const char *list = lists[kind].list;
	struct pairing pairing = { step->old_doc, step->new_doc,
		json_member(step->old_doc, old, list),
		json_member(step->new_doc, step->place, list) };
	struct step_mark mark = step_down(step, list, pairing.now);
	/* A server may archive elements that belong to other servers. */
	if (pairing.now && guard_is_server(step->judging->guard) && is_archive_of(step, list))
		step->moved = step_find_moved(step, lists[kind].path, list, pairing.now);
	if (kind == KIND_LOCKS)
		pairs_of_members(&pairing, lists[kind].check, step);
	else
		pairs_of_changed_elements(&pairing, &id, 1, lists[kind].check, step);
	free(step->moved.is_marked);
	step_up(step, mark);
}
