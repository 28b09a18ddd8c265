/* Removes records that occur more than once in one version, as merge=union leaves them. */
#include "merge/merge.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "json/edit.h"
#include "schema/location.h"

#include <stdlib.h>

struct folding {
	const struct merge_request *request;
	const struct json_doc *doc;
	struct schema_place items;
	const struct text *keys;
	size_t keys_count;
	const struct json_value *
		*table; /* the records that are kept so far, by the hash of their keys */
	size_t size;
	struct json_edit *edit;
	struct buf *report;
};

static const struct json_value *key_of(
	const struct folding *f, const struct json_value *record, size_t i)
{
	return json_member_n(f->doc, record, f->keys[i].bytes, f->keys[i].len);
}

static bool have_keys(const struct folding *f, const struct json_value *record)
{
	for (size_t i = 0; i < f->keys_count; i++)
		if (!key_of(f, record, i))
			return false;
	return true;
}

static bool same_keys(
	const struct folding *f, const struct json_value *a, const struct json_value *b)
{
	for (size_t i = 0; i < f->keys_count; i++)
		if (!json_equal(f->doc, key_of(f, a, i), f->doc, key_of(f, b, i)))
			return false;
	return true;
}

/* The keys of the schema; else the first of id, key and name that all records have. */
static bool find_keys(struct folding *f, const struct schema_place *list)
{
	static const struct text names[] = { { "id", 2 }, { "key", 3 }, { "name", 4 } };
	f->keys = list->keys;
	f->keys_count = list->keys_count;
	for (size_t i = 0; !list->keys_count && i < sizeof(names) / sizeof(*names); i++) {
		bool all = true;
		f->keys = &names[i];
		f->keys_count = 1;
		JSON_EACH (record, json_root(f->doc))
			all = all && have_keys(f, record);
		if (all)
			return true;
		f->keys_count = 0;
	}
	return f->keys_count > 0;
}

static int64_t time_of(const struct folding *f, const struct json_value *record)
{
	const struct text *clock = &f->items.rules.merge_clock;
	return clock->bytes
		? json_time(f->doc, json_member_n(f->doc, record, clock->bytes, clock->len))
		: 0;
}

/* The slot of the kept record with the keys of `record`, or its empty slot. */
static const struct json_value **slot_of(const struct folding *f, const struct json_value *record)
{
	uint64_t hash = 1;
	for (size_t i = 0; i < f->keys_count; i++)
		hash = hash_mix(hash, json_hash(f->doc, key_of(f, record, i)));
	size_t slot = (size_t)hash & (f->size - 1);
	while (f->table[slot] && !same_keys(f, f->table[slot], record))
		slot = (slot + 1) & (f->size - 1);
	return &f->table[slot];
}

/* Which of two records with the same key is kept? A tombstone, so that the record does not return;
 * else the one with the later time; without times, the last one. Stores the reason. */
static bool is_later_kept(const struct folding *f, const struct json_value *before,
	const struct json_value *record, const char **why)
{
	const struct annotations *rules = &f->items.rules;
	bool was_removed = annotations_is_tombstone(rules, f->doc, before);
	bool is_removed = annotations_is_tombstone(rules, f->doc, record);
	int64_t old_time = time_of(f, before), time = time_of(f, record);
	*why = "is a tombstone";
	if (was_removed != is_removed)
		return is_removed;
	*why = "a later time";
	if (old_time && time && old_time != time)
		return time > old_time;
	*why = "is the last one";
	return true;
}

static void report_lost(struct folding *f, const struct json_value *lost,
	const struct json_value *kept, const char *why)
{
	struct buf keys = BUF_INIT;
	annotations_name_keys(f->keys, f->keys_count, &keys);
	buf_addf(f->report, "%s:%zu: was discarded: line %zu has the same %s and %s\n",
		f->request->name, json_position(f->doc, lost->start).line,
		json_position(f->doc, kept->start).line, keys.data, why);
	buf_release(&keys);
}

static void fold(struct folding *f, const struct json_value *record)
{
	const struct json_value **slot = slot_of(f, record), *before = *slot;
	const char *why;
	*slot = record;
	if (!before)
		return;
	if (!is_later_kept(f, before, record, &why))
		*slot = before;
	const struct json_value *lost = *slot == record ? before : record;
	json_edit_remove(f->edit, lost);
	report_lost(f, lost, *slot, why);
}

static int fold_all(struct folding *f, struct merge_result *result, struct error *err)
{
	const struct json_value *root = json_root(f->doc);
	f->size = hash_size(root->count);
	f->table = xcalloc(f->size, sizeof(*f->table));
	f->edit = json_edit_new(f->doc);
	JSON_EACH (record, root)
		if (have_keys(f, record))
			fold(f, record);
	int rc = json_edit_write(f->edit, &result->text, err);
	json_edit_free(f->edit);
	free(f->table);
	return rc;
}

int merge_fold(const struct merge_request *request, struct merge_result *result, struct error *err)
{
	struct json_limits limits = { .size = UINT32_MAX, .lines = request->lines };
	struct schema_place list;
	struct json_doc *doc;
	int rc = json_parse(
		&doc, request->ours.bytes, request->ours.len, request->name, &limits, err);
	if (rc < 0)
		return rc;
	struct folding f = { .request = request, .doc = doc, .report = &result->report };
	schema_place_init(&list, request->schema);
	schema_place_items(&f.items, &list);
	if (json_root(doc)->type != JSON_ARRAY)
		rc = error_set(err, ERR_INVALID, "%s: is not a list of records", request->name);
	else if (!find_keys(&f, &list))
		rc = error_set(err, ERR_INVALID,
			"%s: its records have no key; name a schema that has x-list-map-keys",
			request->name);
	else
		rc = fold_all(&f, result, err);
	json_doc_free(doc);
	return rc;
}
