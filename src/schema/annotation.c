#include "schema/annotation.h"

#include "base/timestamp.h"
#include "json/document.h"
#include "json/number.h"
#include "format/format.h"
#include "schema/validate.h"

#include <string.h>

/* Reads a keyword with one of a few words as its value; `*out` is the number of the word, from
 * 1. */
static int read_word(const struct json_doc *doc, const struct json_value *source, const char *name,
	const char *const *words, int *out, struct error *err)
{
	const struct json_value *value = json_member(doc, source, name);
	struct buf known = BUF_INIT;
	*out = 0;
	if (!value)
		return 0;
	for (int i = 0; words[i]; i++) {
		buf_addf(&known, "%s%s", i ? ", " : "", words[i]);
		if (json_string_is(doc, value, words[i]))
			*out = i + 1;
	}
	int rc = *out ? 0
		      : set_refuse(doc, value, err, "\"%s\" must be one of %s", name, known.data);
	buf_release(&known);
	return rc;
}

static int read_flag(const struct json_doc *doc, const struct json_value *source, const char *name,
	bool *out, struct error *err)
{
	const struct json_value *value = json_member(doc, source, name);
	if (value && value->type != JSON_TRUE && value->type != JSON_FALSE)
		return set_refuse(doc, value, err, "\"%s\" must be true or false", name);
	*out = value && value->type == JSON_TRUE;
	return 0;
}

static int read_string(const struct json_doc *doc, const struct json_value *source,
	const char *name, struct text *out, struct error *err)
{
	const struct json_value *value = json_member(doc, source, name);
	if (value && value->type != JSON_STRING)
		return set_refuse(doc, value, err, "\"%s\" must be a string", name);
	out->bytes = json_string(doc, value, &out->len);
	return 0;
}

/* Reads a list of strings into the arena. */
static int read_strings(const struct json_doc *doc, const struct json_value *value,
	const char *name, struct arena *arena, const struct text **out, size_t *count,
	struct error *err)
{
	if (value->type != JSON_ARRAY)
		return set_refuse(doc, value, err, "\"%s\" must be a list of strings", name);
	struct text *texts = arena_array(arena, value->count, sizeof(*texts));
	JSON_EACH (element, value) {
		if (element->type != JSON_STRING)
			return set_refuse(
				doc, element, err, "\"%s\" must be a list of strings", name);
		texts[*count].bytes = json_string(doc, element, &texts[*count].len);
		++*count;
	}
	*out = texts;
	return 0;
}

int annotations_map_keys(const struct json_doc *doc, const struct json_value *source,
	struct arena *arena, const struct text **keys, size_t *count, struct error *err)
{
	const struct json_value *value = json_member(doc, source, "x-list-map-keys");
	const struct json_value *type = json_member(doc, source, "x-list-type");
	bool is_map = json_string_is(doc, type, "map");
	if (is_map && (!value || value->type != JSON_ARRAY || !value->count))
		return set_refuse(doc, type, err,
			"\"x-list-type\": \"map\" requires \"x-list-map-keys\": the members that "
			"identify an element");
	if (!value)
		return 0;
	if (!is_map)
		return set_refuse(
			doc, value, err, "\"x-list-map-keys\" requires \"x-list-type\": \"map\"");
	if (value->count > MOST_MAP_KEYS)
		return set_refuse(doc, value, err, "\"x-list-map-keys\" has more than %d members",
			MOST_MAP_KEYS);
	return read_strings(doc, value, "x-list-map-keys", arena, keys, count, err);
}

int annotations_time(const struct json_doc *doc, const struct json_value *source, bool *is_time,
	struct error *err)
{
	return read_flag(doc, source, "x-time", is_time, err);
}

/* The beginning of the paths of archives: "archive/done-". */
static int read_archive(const struct json_doc *doc, const struct json_value *source,
	struct text *out, struct error *err)
{
	const struct json_value *value = json_member(doc, source, "x-archive");
	int rc = read_string(doc, source, "x-archive", out, err);
	if (rc < 0 || !value)
		return rc;
	if (!out->len || out->bytes[0] == '/' || memchr(out->bytes, '\0', out->len))
		return set_refuse(doc, value, err,
			"\"x-archive\" must be the beginning of the paths of the archives, such as "
			"\"archive/done-\"");
	if (!json_member(doc, source, "x-remove-when"))
		return set_refuse(doc, value, err, "\"x-archive\" requires \"x-remove-when\"");
	return 0;
}

/* { "member": NAME, "seconds": COUNT } */
static int read_remove_after(struct schema_set *set, const struct json_doc *doc,
	const struct json_value *source, struct annotations *a, struct error *err)
{
	const struct json_value *value = json_member(doc, source, "x-remove-after");
	const struct json_value *member = json_member(doc, value, "member");
	const struct json_value *seconds = json_member(doc, value, "seconds");
	if (!value)
		return 0;
	if (value->type != JSON_OBJECT || value->count != 2 || !member || !seconds)
		return set_refuse(doc, value, err,
			"\"x-remove-after\" must be an object with \"member\" and \"seconds\", such "
			"as {\"member\": \"deleted_at\", \"seconds\": 2592000}");
	a->remove_after.bytes = json_string(doc, member, &a->remove_after.len);
	if (!a->remove_after.bytes || !a->remove_after.len)
		return set_refuse(doc, member, err,
			"\"member\" must be the name of the member with the time at which the "
			"element was marked as removed");
	if (!json_int64(doc, seconds, &a->remove_after_seconds) || a->remove_after_seconds < 1 ||
		a->remove_after_seconds > MOST_REMOVE_AFTER)
		return set_refuse(doc, seconds, err,
			"\"seconds\" must be a whole number from 1 to %lld",
			(long long)MOST_REMOVE_AFTER);
	if (!json_member(doc, source, "x-remove-when"))
		return set_refuse(doc, value, err,
			"\"x-remove-after\" requires \"x-remove-when\", which defines the "
			"tombstones");
	set->has_remove_after = true;
	return 0;
}

static int read_transitions(struct schema_set *set, const struct json_doc *doc,
	const struct json_value *source, struct annotations *a, struct error *err)
{
	const struct json_value *value = json_member(doc, source, "x-transitions");
	if (!value)
		return 0;
	if (value->type != JSON_OBJECT)
		return set_refuse(doc, value, err,
			"\"x-transitions\" must be an object: for each value, the list of its next "
			"values");
	if (value->count > MOST_TRANSITIONS)
		return set_refuse(doc, value, err, "\"x-transitions\" has more than %d values",
			MOST_TRANSITIONS);
	struct transition *all = arena_zero(&set->arena, value->count, sizeof(*all));
	a->transitions = all;
	JSON_EACH (member, value) {
		struct transition *transition = &all[a->transitions_count++];
		transition->from.bytes = json_key(doc, member, &transition->from.len);
		int rc = read_strings(doc, member, "x-transitions", &set->arena, &transition->to,
			&transition->count, err);
		if (rc < 0)
			return rc;
	}
	/* A value without a list of next values would be final by mistake, for example after a
	 * typing error. */
	JSON_EACH (member, value)
		JSON_EACH (next, member) {
			size_t len;
			const char *name = json_string(doc, next, &len);
			if (!json_member_n(doc, value, name, len))
				return set_refuse(doc, next, err,
					"\"x-transitions\" leads to %.*s, which is not one of its "
					"members",
					(int)len, name);
		}
	return 0;
}

static bool is_empty(const struct annotations *a)
{
	return !a->merge && !a->list_type && !a->map_type && !a->merge_clock.bytes &&
		!a->transitions && !a->immutable && !a->increasing && !a->append_only &&
		!a->remove_when && !a->archive.bytes && !a->owner.bytes;
}

int annotations_compile(struct schema_set *set, const struct json_doc *doc,
	const struct json_value *source, struct schema *schema, struct error *err)
{
	static const char *const merges[] = { "max", "min", "or", "and", "sum", "latest",
		"published", "order", NULL };
	static const char *const lists[] = { "atomic", "set", "map", NULL };
	static const char *const maps[] = { "granular", "atomic", NULL };
	struct annotations a = { 0 };
	const struct json_value *remove_when = json_member(doc, source, "x-remove-when");
	int merge = 0, list = 0, map = 0;
	int rc = read_word(doc, source, "x-merge", merges, &merge, err);
	if (!rc)
		rc = read_word(doc, source, "x-list-type", lists, &list, err);
	if (!rc)
		rc = read_word(doc, source, "x-map-type", maps, &map, err);
	if (!rc)
		rc = read_string(doc, source, "x-merge-clock", &a.merge_clock, err);
	if (!rc)
		rc = read_string(doc, source, "x-owner", &a.owner, err);
	if (!rc)
		rc = read_archive(doc, source, &a.archive, err);
	if (!rc)
		rc = read_flag(doc, source, "x-immutable", &a.immutable, err);
	if (!rc)
		rc = read_flag(doc, source, "x-increasing", &a.increasing, err);
	if (!rc)
		rc = read_flag(doc, source, "x-append-only", &a.append_only, err);
	if (!rc)
		rc = read_transitions(set, doc, source, &a, err);
	if (!rc)
		rc = read_remove_after(set, doc, source, &a, err);
	if (!rc && remove_when)
		rc = schema_compile_inner(set, schema->resource, remove_when, &a.remove_when, err);
	a.merge = (enum merge_rule)merge;
	a.list_type = (enum list_type)list;
	a.map_type = (enum map_type)map;
	if (!rc && a.merge == MERGE_ORDER && !a.transitions)
		rc = set_refuse(doc, json_member(doc, source, "x-merge"), err,
			"\"x-merge\": \"order\" requires \"x-transitions\", which define the "
			"order");
	int pointer = schema_format_find("json-pointer", strlen("json-pointer"));
	if (!rc && a.owner.bytes && !schema_format_matches(pointer, a.owner.bytes, a.owner.len))
		rc = set_refuse(doc, json_member(doc, source, "x-owner"), err,
			"\"x-owner\" must be a JSON pointer, such as \"/server\"");
	if (!rc && !is_empty(&a)) {
		struct annotations *kept = arena_alloc(&set->arena, sizeof(a));
		*kept = a;
		schema->annotations = kept;
	}
	return rc;
}

/* ---- using them ---- */

void annotations_name_keys(const struct text *keys, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		const char *between = i + 1 < count ? ", " : " and ";
		buf_addf(out, "%s" TEXT_FMT, i ? between : "", TEXT_ARG(keys[i]));
	}
}

bool annotations_is_less(const struct json_doc *old_doc, const struct json_value *old,
	const struct json_doc *new_doc, const struct json_value *now)
{
	size_t old_len, new_len;
	const char *old_text = json_raw(old_doc, old, &old_len);
	const char *new_text = json_raw(new_doc, now, &new_len);
	int64_t then, later;
	if (old->type == JSON_NUMBER && now->type == JSON_NUMBER)
		return json_number_compare(new_text, new_len, old_text, old_len) < 0;
	if (old->type == JSON_STRING && now->type == JSON_STRING) {
		old_text = json_string(old_doc, old, &old_len);
		new_text = json_string(new_doc, now, &new_len);
		return timestamp_parse(old_text, old_len, &then) &&
			timestamp_parse(new_text, new_len, &later) && later < then;
	}
	return old->type == JSON_TRUE && now->type != JSON_TRUE;
}

bool annotations_is_tombstone(const struct annotations *annotations, const struct json_doc *doc,
	const struct json_value *value)
{
	return annotations->remove_after.bytes &&
		schema_validate_value(annotations->remove_when, doc, value, NULL, NULL);
}

bool annotations_removal_time(const struct annotations *annotations, const struct json_doc *doc,
	const struct json_value *value, int64_t *seconds)
{
	const struct text *name = &annotations->remove_after;
	size_t len;
	const char *text =
		json_string(doc, json_member_n(doc, value, name->bytes, name->len), &len);
	if (!text || !timestamp_parse(text, len, seconds))
		return false;
	*seconds += annotations->remove_after_seconds;
	return true;
}

const struct transition *annotations_row(
	const struct annotations *annotations, const char *name, size_t len)
{
	for (size_t i = 0; i < annotations->transitions_count; i++) {
		const struct text *from = &annotations->transitions[i].from;
		if (from->len == len && !memcmp(from->bytes, name, len))
			return &annotations->transitions[i];
	}
	return NULL;
}

bool annotations_lead_to(const struct annotations *annotations, const struct transition *from,
	const char *to, size_t len)
{
	const struct transition *reached[MOST_TRANSITIONS] = { from };
	size_t count = 1;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < reached[i]->count; k++) {
			const struct text *next = &reached[i]->to[k];
			if (next->len == len && !memcmp(next->bytes, to, len))
				return true;
			const struct transition *row =
				annotations_row(annotations, next->bytes, next->len);
			bool known = !row;
			for (size_t n = 0; n < count && !known; n++)
				known = reached[n] == row;
			if (!known)
				reached[count++] = row;
		}
	return false;
}
