/* Checks the change of each file from the old tip to the new one against the annotations of its
 * schema (docs/schemas.md). */
#include "guard/change.h"

#include "base/timestamp.h"
#include "schema/validate.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_VALUE = 60, OLD_LIMIT = 256 << 20 };

/* ---- violations ---- */

static struct place place_of(const struct step *step)
{
	struct place place = { &step->judging->update->new, step->path, { 0 }, step->where.data };
	if (step->new_doc)
		place.at = json_position(step->new_doc, step->place->start);
	return place;
}

void step_violate(struct step *step, enum violation_kind kind, const char *format, ...)
{
	struct place place = place_of(step);
	struct buf text = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	guard_violate(step->judging->report, kind, &place, "%s", text.data);
	buf_release(&text);
}

struct step_mark step_down(struct step *step, const char *name, const struct json_value *now)
{
	struct step_mark mark = { step->where.len, step->place };
	json_pointer_add(&step->where, name, strlen(name));
	if (now)
		step->place = now;
	return mark;
}

void step_up(struct step *step, struct step_mark mark)
{
	buf_truncate(&step->where, mark.len);
	step->place = mark.place;
}

/* A value as messages show it, shortened to one line. */
static void show(struct buf *out, const struct json_doc *doc, const struct json_value *value)
{
	size_t len;
	const char *text = json_raw(doc, value, &len);
	buf_add(out, text, len > SHOWN_VALUE ? SHOWN_VALUE : len);
	if (len > SHOWN_VALUE)
		buf_addstr(out, "...");
}

static void refuse_change(struct step *step, const struct json_value *old,
	const struct json_value *now, const char *why)
{
	struct buf text = BUF_INIT;
	buf_addstr(&text, now ? "changed from " : "was removed (old value: ");
	show(&text, step->old_doc, old);
	buf_addstr(&text, now ? " to " : ")");
	if (now)
		show(&text, step->new_doc, now);
	step_violate(step, VIOLATION_CHANGED, "%s; %s", text.data, why);
	buf_release(&text);
}

/* ---- annotations ---- */

static void check_transition(struct step *step, const struct annotations *annotations,
	const struct json_value *old, const struct json_value *now)
{
	size_t old_len, new_len;
	const char *from = json_string(step->old_doc, old, &old_len);
	const char *to = json_string(step->new_doc, now, &new_len);
	const struct transition *row = from ? annotations_row(annotations, from, old_len) : NULL;
	if (!row || (to && old_len == new_len && !memcmp(from, to, old_len)) ||
		(to && annotations_lead_to(annotations, row, to, new_len)))
		return;
	struct buf why = BUF_INIT;
	buf_addf(&why, "\"" TEXT_FMT "\" %s", TEXT_ARG(row->from),
		row->count ? "may only change to " : "is final");
	for (size_t i = 0; i < row->count; i++)
		buf_addf(&why, "%s\"" TEXT_FMT "\"", i ? " or " : "", TEXT_ARG(row->to[i]));
	refuse_change(step, old, now, why.data);
	buf_release(&why);
}

/* The value at `pointer`, relative to `value`; NULL if there is none. */
static const struct json_value *value_at(
	const struct json_doc *doc, const struct json_value *value, const struct text *pointer)
{
	struct buf whole = BUF_INIT;
	json_pointer_of(doc, value, &whole);
	buf_add(&whole, pointer->bytes, pointer->len);
	const struct json_value *found = json_at(doc, whole.data);
	buf_release(&whole);
	return found;
}

/* A value that belongs to a server may be changed, or added, only by that server. */
static void check_owner(struct step *step, const struct annotations *annotations,
	const struct json_value *old, const struct json_value *now)
{
	const struct guard *guard = step->judging->guard;
	const struct json_doc *doc = step->old_doc;
	const struct json_value *owner = old ? value_at(doc, old, &annotations->owner) : NULL;
	if ((!owner || owner->type != JSON_STRING) && now) {
		doc = step->new_doc;
		owner = value_at(doc, now, &annotations->owner);
	}
	char *name = json_strdup(doc, owner);
	if (name && strcmp(name, guard->identity))
		step_violate(step, VIOLATION_OWNER, "belongs to %s; %s may not change it", name,
			guard->identity);
	free(name);
}

/* The time of a tombstone may only become later: an earlier one would let it be removed too soon. */
static void check_tombstone(struct step *step, const struct annotations *annotations,
	const struct json_value *old, const struct json_value *now)
{
	int64_t before, after;
	if (!annotations_is_tombstone(annotations, step->old_doc, old) ||
		!annotations_is_tombstone(annotations, step->new_doc, now) ||
		!annotations_removal_time(annotations, step->old_doc, old, &before))
		return;
	if (!annotations_removal_time(annotations, step->new_doc, now, &after) || after < before)
		step_violate(step, VIOLATION_CHANGED,
			"its \"" TEXT_FMT
			"\" was removed or set to an earlier time; x-remove-after in the schema "
			"allows only a later one",
			TEXT_ARG(annotations->remove_after));
}

static void check_annotations(struct step *step, const struct annotations *annotations,
	const struct json_value *old, const struct json_value *now)
{
	bool was_set = old && old->type != JSON_NULL;
	/* If a whole file is removed, the elements of its lists are checked as removed. */
	if (was_set && !step->new_doc && !step->judging->guard->is_operator &&
		(annotations->immutable || annotations->increasing))
		step_violate(step, VIOLATION_REMOVED,
			"was removed with its file, but it %s; only an operator may remove the file "
			"(build.operators)",
			annotations->immutable ? "may not change once it is set"
					       : "may only increase");
	if (was_set && step->new_doc) {
		if (annotations->immutable &&
			(!now || !json_equal(step->old_doc, old, step->new_doc, now)))
			refuse_change(step, old, now, "it may not change once it is set");
		if (annotations->increasing &&
			(!now || now->type == JSON_NULL ||
				annotations_is_less(step->old_doc, old, step->new_doc, now)))
			refuse_change(step, old, now, "it may only increase");
		if (annotations->transitions_count)
			check_transition(step, annotations, old, now);
	}
	if (old && now && annotations->remove_after.bytes)
		check_tombstone(step, annotations, old, now);
	/* The owner of a lock depends on the clock: see claims.c. */
	if (annotations->owner.bytes && guard_is_server(step->judging->guard) &&
		step->rule->kind != KIND_LOCKS)
		check_owner(step, annotations, old, now);
}

/* ---- walking both versions along the schema ---- */

static void walk(struct step *step, const struct schema_place *place, const struct json_value *old,
	const struct json_value *now);

/* Is tombstone `old`, which was removed, old enough? The host's clock decides, since those of the
 * servers may be wrong. */
static bool check_age(
	struct step *step, const struct annotations *rules, const struct json_value *old)
{
	char time[TIMESTAMP_SIZE];
	int64_t from;
	if (!rules->remove_after.bytes)
		return true;
	if (!annotations_removal_time(rules, step->old_doc, old, &from))
		step_violate(step, VIOLATION_REMOVED,
			"was removed, but its \"" TEXT_FMT
			"\" is not a time; set it first, then wait for %lld s",
			TEXT_ARG(rules->remove_after), (long long)rules->remove_after_seconds);
	else if (from > step->judging->update->now)
		step_violate(step, VIOLATION_REMOVED,
			"was removed, but it may only be removed from %s on, %lld s after its "
			"\"" TEXT_FMT "\"",
			timestamp_format(from, time), (long long)rules->remove_after_seconds,
			TEXT_ARG(rules->remove_after));
	else
		return true;
	return false;
}

/* May `old`, which was removed, be removed? */
static bool check_removal(
	struct step *step, const struct annotations *rules, const struct json_value *old)
{
	const struct schema *removal = rules->remove_when;
	if (schema_validate_value(removal, step->old_doc, old, NULL, NULL))
		return check_age(step, rules, old);
	size_t len = 0;
	const struct json_doc *doc = removal->resource->doc;
	const char *why = json_string(doc, json_member(doc, removal->source, "description"), &len);
	if (why)
		step_violate(step, VIOLATION_REMOVED, "was removed. %.*s", (int)len, why);
	else
		step_violate(step, VIOLATION_REMOVED,
			"was removed, but x-remove-when in its schema does not allow that yet");
	return false;
}

struct walking {
	struct step *step;
	const struct schema_place *place; /* of the object, or of each element */
	/* If the value is a list, its old version: */
	const struct json_value *list;
	const struct pair_key *keys;
	size_t keys_count;
	struct marks archived; /* found when they are first needed */
};

static void walk_member(
	const struct json_value *old, const struct json_value *now, const char *name, void *data)
{
	struct walking *w = data;
	struct step_mark mark = step_down(w->step, name, now);
	struct schema_place member;
	schema_place_member(&member, w->place, name, strlen(name));
	if (old && !now && member.rules.remove_when)
		check_removal(w->step, &member.rules, old);
	else
		walk(w->step, &member, old, now);
	step_up(w->step, mark);
}

/* `old` may be removed from the list only if an archive has it: otherwise, a program that cannot
 * read the list, and writes a new one, would delete all elements. Nothing may be removed from an
 * archive. */
static void check_archived(struct walking *w, const struct json_value *old)
{
	struct step *step = w->step;
	const struct text *archive = &w->place->rules.archive;
	if (step_is_archive(step, archive)) {
		step_violate(step, VIOLATION_REMOVED,
			"was removed from an archive; archived elements may not be removed");
		return;
	}
	if (!w->archived.is_marked)
		w->archived = step_find_archived(step, archive, w->list, w->keys, w->keys_count);
	if (!marks_have(&w->archived, old))
		step_violate(step, VIOLATION_REMOVED,
			"was removed, but not archived unchanged in " TEXT_FMT
			"*.%s; use 'git build archive' to move finished elements",
			TEXT_ARG(*archive), json_is_lines(step->old_doc) ? "jsonl" : "json");
}

static void walk_element(
	const struct json_value *old, const struct json_value *now, const char *name, void *data)
{
	struct walking *w = data;
	struct step *step = w->step;
	const struct annotations *rules = &w->place->rules;
	struct step_mark mark = step_down(step, name, now);
	if (now && old && step_is_archive(step, &rules->archive)) {
		if (!json_equal(step->old_doc, old, step->new_doc, now))
			refuse_change(step, old, now, "archived elements may not change");
	} else if (now) {
		walk(step, w->place, old, now);
	} else if (rules->remove_when && check_removal(step, rules, old) && rules->archive.bytes) {
		check_archived(w, old);
	}
	step_up(step, mark);
}

static void walk_list(
	struct step *step, const struct schema_place *list, const struct pairing *pairing)
{
	struct schema_place element;
	struct pair_key keys[MOST_MAP_KEYS];
	size_t count = list->keys_count;
	struct walking walking = { step, &element, pairing->old, keys, count, { NULL, NULL } };
	schema_place_items(&element, list);
	if (list->rules.append_only)
		change_check_appended(step, pairing->old, pairing->now);
	/* In other lists, the elements of both versions cannot be matched. */
	if (!element.count ||
		(!count && list->rules.list_type != LIST_SET && !element.rules.remove_when))
		return;
	for (size_t i = 0; i < count; i++)
		keys[i] = (struct pair_key){ list->keys[i].bytes, list->keys[i].len };
	pairs_of_changed_elements(pairing, keys, count, walk_element, &walking);
	free(walking.archived.is_marked);
}

static void walk(struct step *step, const struct schema_place *place, const struct json_value *old,
	const struct json_value *now)
{
	struct pairing pairing = { step->old_doc, step->new_doc, old, now };
	struct walking walking = { .step = step, .place = place };
	if (!place->count || (old && now && json_same_text(step->old_doc, old, step->new_doc, now)))
		return;
	check_annotations(step, &place->rules, old, now);
	pairs_of_members(&pairing, walk_member, &walking);
	walk_list(step, place, &pairing);
}

/* ---- file by file ---- */

static int check_document(struct judging *j, const struct changed_file *file,
	const struct rule *rule, const struct version *old, const struct version *now)
{
	struct step step = { .judging = j,
		.rule = rule,
		.path = file->path,
		.old_doc = old->doc,
		.new_doc = now->doc,
		.where = BUF_INIT,
		.place = now->doc ? json_root(now->doc) : NULL };
	struct schema_place root;
	schema_place_init(&root, rule->schema);
	walk(&step, &root, old->doc ? json_root(old->doc) : NULL, step.place);
	change_check_claims(&step);
	buf_release(&step.where);
	return step.rc;
}

/* Checks the lines that were added to a list of lines that only grows, and nothing else: 1; 0 if the
 * whole file has to be checked; or a negative code. */
static int check_appended(
	struct judging *j, const struct changed_file *file, const struct rule *rule)
{
	struct version none = VERSION_INIT, added;
	struct json_limits limits = { .lines = true };
	struct guard *guard = j->guard;
	int rc = 0;
	for (unsigned i = 0; i < guard->width && !rc; i++)
		rc = recent_take_added(&guard->recent[i], file, &added);
	if (!rc)
		rc = version_read_appended(&added, guard->repo, (size_t)guard->max_file_size, file,
			rule->schema, j->err);
	if (rc <= 0)
		return rc;
	rc = json_parse(&none.doc, "", 0, file->path, &limits, j->err);
	if (!rc)
		rc = check_document(j, file, rule, &none, &added);
	version_release(&none);
	version_release(&added);
	return rc < 0 ? rc : 1;
}

static int check_file(const struct changed_file *file, void *data)
{
	struct judging *j = data;
	struct guard *guard = j->guard;
	size_t limit = (size_t)guard->max_file_size;
	const struct rule *rule = NULL;
	enum json_format format = FORMAT_NONE;
	struct version old = VERSION_INIT, now = VERSION_INIT;
	/* A merge may bring content from another branch that was never checked. */
	int rc = guard->history ? 0 : check_changed_file(j, &j->update->new, file);
	if (!rc)
		rc = rules_find(&guard->rules, &j->update->new, file->path, &rule, &format, j->err);
	if (rc < 0 || !rule)
		return rc;
	if (rule_appends_lines(rule, format) && (rc = check_appended(j, file, rule)))
		return rc < 0 ? rc : 0;
	bool is_read = false;
	for (unsigned i = 0; i < guard->width && !is_read; i++)
		is_read = recent_take(&guard->recent[i], file->path, &file->blob, &now);
	if (!is_read)
		rc = version_read(&now, guard->repo, limit, &file->blob, file->path, format, NULL,
			NULL, j->err);
	/* A file that became too large earlier still has elements that may not be removed. */
	if (!rc)
		rc = version_read(&old, guard->repo, OLD_LIMIT, &file->before, file->path, format,
			now.doc, NULL, j->err);
	/* Content that is not JSON was rejected already. */
	if (!rc && (now.doc || !file->mode) && (old.doc || now.doc))
		rc = check_document(j, file, rule, &old, &now);
	version_release(&old);
	version_release(&now);
	return rc;
}

int check_change(struct judging *j)
{
	return history_each_file(j->changed, check_file, j);
}
