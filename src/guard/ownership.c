/*
 * What one server must not take from another: locks, jobs, its word. A schema cannot say these,
 * since they depend on the clock and on who pushes.
 *
 * Where nobody knows who pushes, what only its owner may do cannot be told from what others do, and
 * passes; what nobody may do is refused all the same.
 */
#include "guard/change.h"

#include "base/text.h"
#include "base/timestamp.h"
#include "json/number.h"

#include <stdlib.h>
#include <string.h>

/* How far another server's clock may be ahead of this one's, in seconds. */
enum { CLOCK_SLACK = 300 };

/* ---- what documents say ---- */

/* A string member; bytes NULL: it is not there, or not a string. */
static struct text say(
	const struct json_doc *doc, const struct json_value *object, const char *name)
{
	struct text said;
	said.bytes = json_string(doc, json_member(doc, object, name), &said.len);
	return said;
}

static bool says(struct text said, const char *text)
{
	return said.bytes && said.len == strlen(text) && !memcmp(said.bytes, text, said.len);
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

/* Is the time that `said` says more than a clock can be off in the future? */
static void check_clock(struct step *step, struct text said, const char *what)
{
	int64_t seconds, now = step->judging->update->now;
	if (said.bytes && timestamp_parse(said.bytes, said.len, &seconds) &&
		seconds > now + CLOCK_SLACK)
		step_violate(step, VIOLATION_CLOCK,
			"%s is dated " TEXT_FMT
			", %lld s ahead of this server's clock; set the clock of "
			"the machine that wrote it",
			what, TEXT_ARG(said), (long long)(seconds - now));
}

/* ---- locks ---- */

/* Does nobody hold the lock any more? A lock without an expiry that can be read never ends. */
static bool has_expired(const struct step *step, struct text expires)
{
	int64_t seconds;
	return expires.bytes && timestamp_parse(expires.bytes, expires.len, &seconds) &&
		seconds <= step->judging->update->now;
}

/* Each acquisition has a fence number above the one before, for locks that count them: so that what
 * a holder writes who does not know that it has lost the lock can be told. */
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
			"has a new holder, and its fence is %.*s as before; each acquisition adds "
			"one",
			(int)is_len, after);
}

/* `is` (none: nobody) would take the lock from `was`, who holds it. */
static void refuse_taking(struct step *step, struct text was, struct text is, struct text expires)
{
	struct buf until = BUF_INIT, what = BUF_INIT;
	if (expires.bytes)
		buf_add(&until, expires.bytes, expires.len);
	else
		buf_addstr(&until, "it lets go");
	if (is.bytes)
		buf_addf(&what, TEXT_FMT " cannot take it", TEXT_ARG(is));
	else
		buf_addstr(&what, "it cannot go");
	step_violate(step, VIOLATION_CLAIM, "is held by " TEXT_FMT " until %s; %s before",
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
			"has been taken out; a lock stays in the file once it is there: git build "
			"lock release or break frees it");
	else if (held && guard_is_server(guard))
		step_violate(step, VIOLATION_OWNER,
			"is held by " TEXT_FMT ", and not %s's to change", TEXT_ARG(was),
			guard->identity);
	else if (is_other(step, is))
		step_violate(step, VIOLATION_OWNER,
			"is locked for " TEXT_FMT "; %s can lock only in its own name",
			TEXT_ARG(is), guard->identity);
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
			"was taken by " TEXT_FMT
			"; it must be put back in the queue, by a push that "
			"lands, "
			"before another may take or finish it",
			TEXT_ARG(had));
	else if (taken && kept && is_over(is) && !is_over(was) && is_other(step, had))
		step_violate(step, VIOLATION_OWNER, "is " TEXT_FMT "'s to finish, and not %s's",
			TEXT_ARG(had), who);
	else if (works && !(taken && kept) && is_other(step, has))
		step_violate(step, VIOLATION_OWNER,
			"is claimed for " TEXT_FMT "; %s can claim only in its own name",
			TEXT_ARG(has), who);
	step_up(step, mark);
}

/* ---- messages ---- */

static void check_reader(
	const struct json_value *old, const struct json_value *now, const char *name, void *data)
{
	struct step *step = data;
	struct text reader = { name, strlen(name) };
	if ((!old || !now) && is_other(step, reader))
		step_violate(step, VIOLATION_OWNER,
			"%s is not %s's to put among the readers, or to take out", name,
			step->judging->guard->identity);
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
			"is from " TEXT_FMT "; %s can send only as itself", TEXT_ARG(from), who);
	if (old && is && (!was || was->type != is->type) && !says(to, "all") && is_other(step, to))
		step_violate(step, VIOLATION_OWNER,
			"was sent to " TEXT_FMT ", and is not %s's to mark as read", TEXT_ARG(to),
			who);
	pairs_of_elements(&readers, NULL, 0, check_reader, step);
	step_up(step, mark);
}

/* ---- */

/* Is the file one that elements of `list` move into when they are over? */
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
		[KIND_JOBS] = { "jobs", "coordination/jobs.json", check_job },
		[KIND_MESSAGES] = { "messages", "coordination/messages.json", check_message },
	};
	static const struct pair_key id = { "id", 2 };
	enum kind kind = step->rule->kind;
	const struct json_value *old = step->old_doc ? json_root(step->old_doc) : NULL;
	if (kind == KIND_HEARTBEAT && step->new_doc)
		check_clock(step, say(step->new_doc, step->place, "timestamp"), "the beat");
	if (kind < KIND_LOCKS)
		return;
	const char *list = lists[kind].list;
	struct pairing pairing = { step->old_doc, step->new_doc,
		json_member(step->old_doc, old, list),
		json_member(step->new_doc, step->place, list) };
	struct step_mark mark = step_down(step, list, pairing.now);
	/* Whoever archives moves what is others', too. */
	if (pairing.now && guard_is_server(step->judging->guard) && is_archive_of(step, list))
		step->moved = step_find_moved(step, lists[kind].path, list, pairing.now);
	if (kind == KIND_LOCKS)
		pairs_of_members(&pairing, lists[kind].check, step);
	else
		pairs_of_changed_elements(&pairing, &id, 1, lists[kind].check, step);
	free(step->moved.is_marked);
	step_up(step, mark);
}
