/* The keywords of arrays. */
#include "schema/run.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "schema/annotation.h"

#include <stdlib.h>
#include <string.h>

/* ---- unique elements ---- */

/* If elements are identified by some of their members: do `a` and `b` have the same keys? */
static bool same_keys(const struct json_doc *doc, const struct array_rules *rules,
	const struct json_value *a, const struct json_value *b)
{
	for (size_t i = 0; i < rules->map_keys_count; i++) {
		const struct text *key = &rules->map_keys[i];
		const struct json_value *x = json_member_n(doc, a, key->bytes, key->len);
		const struct json_value *y = json_member_n(doc, b, key->bytes, key->len);
		if (!x || !y || !json_equal(doc, x, doc, y))
			return false;
	}
	return true;
}

static bool hash_keys(const struct json_doc *doc, const struct array_rules *rules,
	const struct json_value *element, uint64_t *hash)
{
	*hash = 1;
	for (size_t i = 0; i < rules->map_keys_count; i++) {
		const struct text *key = &rules->map_keys[i];
		const struct json_value *value = json_member_n(doc, element, key->bytes, key->len);
		if (!value)
			return false; /* an element without its keys is unique */
		*hash = hash_mix(*hash, json_hash(doc, value));
	}
	return true;
}

struct slot {
	const struct json_value *element;
	uint64_t hash;
	size_t index;
};

/* The first element that is the same as an earlier one; NULL if all are different. A hostile
 * document could have many elements with the same slot, so each comparison is counted as work. */
static const struct json_value *find_same(struct run *run, const struct json_value *array,
	const struct array_rules *rules, bool by_keys, size_t *index, size_t *before)
{
	const struct json_doc *doc = run->doc;
	size_t size = hash_size((size_t)array->count), at = 0;
	struct slot *table = xcalloc(size, sizeof(*table));
	const struct json_value *found = NULL;
	JSON_EACH (element, array) {
		uint64_t hash;
		size_t here = at++;
		if (!by_keys)
			hash = json_hash(doc, element);
		else if (!hash_keys(doc, rules, element, &hash))
			continue;
		size_t slot = (size_t)hash & (size - 1);
		for (; table[slot].element; slot = (slot + 1) & (size - 1)) {
			const struct json_value *other = table[slot].element;
			run_spend(run, 1);
			if (table[slot].hash == hash &&
				(by_keys ? same_keys(doc, rules, other, element)
					 : json_equal(doc, other, doc, element)))
				break;
		}
		if (run->steps > RUN_MAX_STEPS)
			break;
		if (table[slot].element) {
			found = element;
			*index = here;
			*before = table[slot].index;
			break;
		}
		table[slot] = (struct slot){ element, hash, here };
	}
	free(table);
	return found;
}

/* Two elements are the same: `same`, and the one at `before`. Lines are named by their numbers. */
static bool fail_same(struct run *run, const struct frame *frame, const char *keyword,
	const struct json_value *same, size_t index, size_t before)
{
	const struct array_rules *rules = frame->schema->array;
	bool by_keys = !strcmp(keyword, "x-list-map-keys");
	struct buf what = BUF_INIT, other = BUF_INIT, keys = BUF_INIT;
	if (json_is_lines(run->doc) && frame->value == json_root(run->doc)) {
		const struct json_value *first = json_element(frame->value, before);
		buf_addstr(&what, "this line");
		buf_addf(&other, "line %zu", json_position(run->doc, first->start).line);
	} else {
		buf_addf(&what, "element %zu", index);
		buf_addf(&other, "element %zu", before);
	}
	if (by_keys)
		annotations_name_keys(rules->map_keys, rules->map_keys_count, &keys);
	bool ok = by_keys
		? run_fail(run, frame, keyword, same,
			  "%s has the same %s as %s; it must be different for each", what.data,
			  keys.data, other.data)
		: run_fail(run, frame, keyword, same, "%s is the same as %s; all must be different",
			  what.data, other.data);
	buf_release(&what);
	buf_release(&other);
	buf_release(&keys);
	return ok;
}

static bool check_unique(struct run *run, const struct frame *frame)
{
	const struct array_rules *rules = frame->schema->array;
	size_t index = 0, before = 0;
	const struct json_value *same;
	bool ok = true;
	if (rules->unique && (same = find_same(run, frame->value, rules, false, &index, &before)))
		ok = fail_same(run, frame, "uniqueItems", same, index, before);
	if (rules->map_keys_count &&
		(same = find_same(run, frame->value, rules, true, &index, &before)))
		ok = fail_same(run, frame, "x-list-map-keys", same, index, before);
	if (run->steps > RUN_MAX_STEPS)
		return run_give_up(run, frame, "uniqueItems", frame->value,
			"cannot validate: too many elements have the same hash");
	return ok;
}

/* ---- the rest ---- */

static bool check_size(struct run *run, const struct frame *frame)
{
	const struct range *size = &frame->schema->array->size;
	int64_t count = frame->value->count;
	bool ok = true;
	if (size->least >= 0 && count < size->least)
		ok = run_fail(run, frame, "minItems", frame->value,
			"must have at least %lld elements, but has %lld", (long long)size->least,
			(long long)count);
	if (size->most >= 0 && count > size->most)
		ok = run_fail(run, frame, "maxItems", frame->value,
			"must have at most %lld elements, but has %lld", (long long)size->most,
			(long long)count);
	return ok;
}

static bool check_elements(struct run *run, const struct frame *frame, struct evaluated *seen)
{
	const struct array_rules *rules = frame->schema->array;
	size_t index = 0;
	bool ok = true;
	JSON_EACH (element, frame->value) {
		const struct schema *schema = rules->items;
		const char *keyword = rules->items_keyword;
		int64_t number = -1;
		if (index < rules->prefix.count) {
			schema = rules->prefix.items[index];
			keyword = rules->prefix_keyword;
			number = (int64_t)index;
		}
		if (!schema)
			break;
		ok = run_check(run, schema, element, frame, keyword, NULL, 0, number, NULL) && ok;
		if (!ok && !run_goes_on(run))
			return false;
		evaluated_mark(seen, index++);
	}
	return ok;
}

static bool check_contains(struct run *run, const struct frame *frame, struct evaluated *seen)
{
	const struct array_rules *rules = frame->schema->array;
	int64_t least = rules->contained.least >= 0 ? rules->contained.least : 1, count = 0;
	size_t index = 0;
	run->quiet++;
	JSON_EACH (element, frame->value) {
		if (run_check(
			    run, rules->contains, element, frame, "contains", NULL, 0, -1, NULL)) {
			count++;
			if (rules->contains_evaluates)
				evaluated_mark(seen, index);
		}
		index++;
	}
	run->quiet--;
	if (count < least)
		return run_fail(run, frame,
			rules->contained.least >= 0 ? "minContains" : "contains", frame->value,
			"must contain at least %lld such element%s, but contains %lld",
			(long long)least, least == 1 ? "" : "s", (long long)count);
	if (rules->contained.most >= 0 && count > rules->contained.most)
		return run_fail(run, frame, "maxContains", frame->value,
			"must contain at most %lld such elements, but contains %lld",
			(long long)rules->contained.most, (long long)count);
	return true;
}

bool run_array(struct run *run, const struct frame *frame, struct evaluated *seen)
{
	const struct array_rules *rules = frame->schema->array;
	bool ok = check_size(run, frame);
	if ((rules->prefix.count || rules->items) && (ok || run_goes_on(run)))
		ok = check_elements(run, frame, seen) && ok;
	if ((rules->unique || rules->map_keys_count) && (ok || run_goes_on(run)))
		ok = check_unique(run, frame) && ok;
	if (rules->contains && (ok || run_goes_on(run)))
		ok = check_contains(run, frame, seen) && ok;
	return ok;
}
