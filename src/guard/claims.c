/*
 * What one server must not take from another: locks, jobs, its word. A schema cannot say these,
 * since they depend on the clock and on who pushes.
 *
 * Where nobody knows who pushes, what only its owner may do cannot be told from what others do, and
 * passes; what nobody may do is refused all the same.
 */
#include "guard/step.h"

#include "base/timestamp.h"
#include "json/number.h"

#include <stdlib.h>
#include <string.h>

/* How far another server's clock may be ahead of this one's, in seconds. */
enum { CLOCK_SLACK = 300 };

/* ---- what documents say ---- */

struct said {
	const char *text; /* NULL: it is not there, or no string */
	size_t len;
};

static struct said say(
	const struct json_doc *doc, const struct json_value *object, const char *name)
{
	struct said said;
	said.text = json_string(doc, json_member(doc, object, name), &said.len);
	return said;
}

static bool says(struct said said, const char *text)
{
	return said.text && said.len == strlen(text) && !memcmp(said.text, text, said.len);
}

static bool agree(struct said a, struct said b)
{
	return a.text && b.text && a.len == b.len && !memcmp(a.text, b.text, a.len);
}

#define SHOW(said) (int)(said).len, (said).text

static bool is_me(const struct step *step, struct said name)
{
	return step->judging->guard->identity && says(name, step->judging->guard->identity);
}

static bool is_other(const struct step *step, struct said name)
{
	return name.text && guard_is_server(step->judging->guard) && !is_me(step, name);
}

/* Is the time that `said` says more than a clock can be off in the future? */
static void judge_clock(struct step *step, struct said said, const char *what)
{
	int64_t seconds, now = step->judging->update->now;
	if (said.text && timestamp_parse(said.text, said.len, &seconds) &&
		seconds > now + CLOCK_SLACK)
		step_violate(step, VIOLATION_CLOCK,
			"%s is dated %.*s, %lld s ahead of this server's clock; set the clock of "
			"the machine that wrote it",
			what, SHOW(said), (long long)(seconds - now));
}

/* ---- locks ---- */

/* Does nobody hold the lock any more? A lock without an expiry that can be read never ends. */
static bool has_expired(const struct step *step, struct said expires)
{
	int64_t seconds;
	return expires.text && timestamp_parse(expires.text, expires.len, &seconds) &&
		seconds <= step->judging->update->now;
}

/* Each acquisition has a fence number above the one before, for locks that count them: so that what
 * a holder writes who does not know that it has lost the lock can be told. */
static void judge_fence(
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

static void judge_lock(
	const struct json_value *old, const struct json_value *now, const char *name, void *data)
{
	struct step *step = data;
	const struct guard *guard = step->judging->guard;
	if (old && now && json_equal(step->old_doc, old, step->new_doc, now))
		return;
	struct said was = say(step->old_doc, old, "locked_by");
	struct said is = say(step->new_doc, now, "locked_by");
	struct said expires = say(step->old_doc, old, "expires_at");
	bool held =
		was.text && !has_expired(step, expires) && !is_me(step, was) && !guard->is_operator;
	struct step_mark mark = step_down(step, name, now);
	if (held && (!now || (is.text && !agree(was, is))))
		step_violate(step, VIOLATION_CLAIM, "is held by %.*s until %.*s; %.*s%s before",
			SHOW(was), expires.text ? (int)expires.len : 11,
			expires.text ? expires.text : "it lets go", is.text ? (int)is.len : 2,
			is.text ? is.text : "it", is.text ? " cannot take it" : " cannot go");
	else if (held && guard_is_server(guard))
		step_violate(step, VIOLATION_OWNER, "is held by %.*s, and not %s's to change",
			SHOW(was), guard->identity);
	else if (is_other(step, is))
		step_violate(step, VIOLATION_OWNER,
			"is locked for %.*s; %s can lock only in its own name", SHOW(is),
			guard->identity);
	if (is.text && !agree(was, is))
		judge_fence(step, old, now);
	judge_clock(step, say(step->new_doc, now, "locked_at"), "the lock");
	step_up(step, mark);
}

/* ---- jobs ---- */

static bool is_over(struct said status)
{
	return says(status, "completed") || says(status, "failed");
}

static void judge_job(
	const struct json_value *old, const struct json_value *now, const char *name, void *data)
{
	struct step *step = data;
	const char *who = step->judging->guard->identity;
	if (!now || marks_have(&step->moved, now) ||
		(old && json_equal(step->old_doc, old, step->new_doc, now)))
		return;
	struct said had = say(step->old_doc, old, "assigned_to");
	struct said has = say(step->new_doc, now, "assigned_to");
	struct said was = say(step->old_doc, old, "status"), is = say(step->new_doc, now, "status");
	bool taken = had.text && !says(was, "queued");
	bool kept = agree(had, has);
	bool works = says(is, "running") || is_over(is);
	struct step_mark mark = step_down(step, name, now);
	if (taken && !kept && works)
		step_violate(step, VIOLATION_CLAIM,
			"was taken by %.*s; it must be put back in the queue, by a push that "
			"lands, "
			"before another may take or finish it",
			SHOW(had));
	else if (taken && kept && is_over(is) && !is_over(was) && is_other(step, had))
		step_violate(
			step, VIOLATION_OWNER, "is %.*s's to finish, and not %s's", SHOW(had), who);
	else if (works && !(taken && kept) && is_other(step, has))
		step_violate(step, VIOLATION_OWNER,
			"is claimed for %.*s; %s can claim only in its own name", SHOW(has), who);
	step_up(step, mark);
}

/* ---- messages ---- */

static void judge_reader(
	const struct json_value *old, const struct json_value *now, const char *name, void *data)
{
	struct step *step = data;
	struct said reader = { name, strlen(name) };
	if ((!old || !now) && is_other(step, reader))
		step_violate(step, VIOLATION_OWNER,
			"%s is not %s's to put among the readers, or to take out", name,
			step->judging->guard->identity);
}

static void judge_message(
	const struct json_value *old, const struct json_value *now, const char *name, void *data)
{
	struct step *step = data;
	const char *who = step->judging->guard->identity;
	if (!now || marks_have(&step->moved, now) || !guard_is_server(step->judging->guard))
		return;
	if (old && json_equal(step->old_doc, old, step->new_doc, now))
		return;
	struct step_mark mark = step_down(step, name, now);
	struct said from = say(step->new_doc, now, "from"), to = say(step->new_doc, now, "to");
	const struct json_value *was = json_member(step->old_doc, old, "read");
	const struct json_value *is = json_member(step->new_doc, now, "read");
	struct pairing readers = { step->old_doc, step->new_doc,
		json_member(step->old_doc, old, "read_by"),
		json_member(step->new_doc, now, "read_by") };
	if (!old && is_other(step, from))
		step_violate(step, VIOLATION_OWNER, "is from %.*s; %s can send only as itself",
			SHOW(from), who);
	if (old && is && (!was || was->type != is->type) && !says(to, "all") && is_other(step, to))
		step_violate(step, VIOLATION_OWNER,
			"was sent to %.*s, and is not %s's to mark as read", SHOW(to), who);
	pairs_of_elements(&readers, NULL, 0, judge_reader, step);
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

void step_judge_claims(struct step *step)
{
	static const struct {
		const char *list, *path;
		pair_fn *judge;
	} lists[] = {
		[KIND_LOCKS] = { "locks", NULL, judge_lock },
		[KIND_JOBS] = { "jobs", "coordination/jobs.json", judge_job },
		[KIND_MESSAGES] = { "messages", "coordination/messages.json", judge_message },
	};
	static const struct pair_key id = { "id", 2 };
	enum kind kind = step->rule->kind;
	const struct json_value *old = step->old_doc ? json_root(step->old_doc) : NULL;
	if (kind == KIND_HEARTBEAT && step->new_doc)
		judge_clock(step, say(step->new_doc, step->place, "timestamp"), "the beat");
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
		pairs_of_members(&pairing, lists[kind].judge, step);
	else
		pairs_of_changed_elements(&pairing, &id, 1, lists[kind].judge, step);
	free(step->moved.is_marked);
	step_up(step, mark);
}
