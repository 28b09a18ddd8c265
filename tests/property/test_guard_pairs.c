/*
 * The pairs of two versions of a list, compared with a search through all elements: every element
 * that was added, removed or changed is paired once, whether unchanged elements are skipped or
 * not. With duplicate keys, no element counts as added or removed whose key exists on the other
 * side.
 */
#include "unit/unit.h"

#include "base/buf.h"
#include "guard/pairs.h"
#include "property/random.h"

#include <stdio.h>

enum { MOST_ELEMENTS = 12, MOST_IDS = 16, MOST_PAIRS = 64 };

struct element {
	unsigned id, value;
};

struct list {
	struct element elements[2 * MOST_ELEMENTS];
	size_t count;
	struct buf text;
	struct json_doc *doc;
};

struct found {
	struct list *old, *now;
	struct {
		const struct element *old, *now;
	} pairs[MOST_PAIRS];
	size_t count;
	uint64_t seed;
};

static bool has_id(const struct list *list, unsigned id)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->elements[i].id == id)
			return true;
	return false;
}

static void add(struct random *r, struct list *list, bool unique)
{
	struct element element = { (unsigned)random_below(r, MOST_IDS),
		(unsigned)random_below(r, 3) };
	if (!unique || !has_id(list, element.id))
		list->elements[list->count++] = element;
}

static void change(struct random *r, struct list *list, bool unique)
{
	size_t at = list->count ? random_below(r, list->count) : 0;
	size_t what = random_below(r, 4);
	struct element moved = list->elements[at];
	if (!list->count || what == 0) {
		add(r, list, unique);
	} else if (what == 1) {
		list->elements[at].value = (unsigned)random_below(r, 3);
	} else {
		list->count--;
		memmove(&list->elements[at], &list->elements[at + 1],
			(list->count - at) * sizeof(moved));
		if (what == 2)
			list->elements[list->count++] = moved;
	}
}

static void parse(struct list *list)
{
	struct error err = ERROR_INIT;
	buf_addstr(&list->text, "[");
	for (size_t i = 0; i < list->count; i++)
		buf_addf(&list->text, "%s{\"v\": %u, \"id\": \"%u\"}", i ? ", " : "",
			list->elements[i].value, list->elements[i].id);
	buf_addstr(&list->text, "]");
	assert_int_equal(
		json_parse(&list->doc, list->text.data, list->text.len, "x", NULL, &err), 0);
}

static const struct element *element_at(const struct list *list, const struct json_value *value)
{
	size_t index = 0;
	JSON_EACH (child, json_root(list->doc)) {
		if (child == value)
			return &list->elements[index];
		index++;
	}
	return NULL;
}

static void note(
	const struct json_value *old, const struct json_value *now, const char *name, void *data)
{
	struct found *found = data;
	char expected[32];
	assert_true(found->count < MOST_PAIRS);
	const struct element *was = old ? element_at(found->old, old) : NULL;
	const struct element *is = now ? element_at(found->now, now) : NULL;
	assert_true(was || is);
	snprintf(expected, sizeof(expected), "id=%u", was ? was->id : is->id);
	assert_string_equal(name, expected);
	found->pairs[found->count].old = was;
	found->pairs[found->count++].now = is;
}

static void fail_case(const struct found *found, const char *what)
{
	fail_msg("SEED=%llu RUNS=1: %s\n%s\n%s", (unsigned long long)found->seed, what,
		found->old->text.data, found->now->text.data);
}

/* Properties that also hold with duplicate keys. */
static void check_each(const struct found *found)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct element *was = found->pairs[i].old, *is = found->pairs[i].now;
		if (was && is && was->id != is->id)
			fail_case(found, "a pair has two different keys");
		if (was && !is && has_id(found->now, was->id))
			fail_case(found, "an existing element is reported as removed");
		if (!was && has_id(found->old, is->id))
			fail_case(found, "an old element is reported as new");
	}
}

static size_t times(const struct found *found, const struct element *was, const struct element *is)
{
	size_t count = 0;
	for (size_t i = 0; i < found->count; i++)
		count += found->pairs[i].old == was && found->pairs[i].now == is;
	return count;
}

static const struct element *partner(const struct list *list, unsigned id)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->elements[i].id == id)
			return &list->elements[i];
	return NULL;
}

static void check_all(const struct found *found, bool changed_only)
{
	for (size_t i = 0; i < found->old->count; i++) {
		const struct element *was = &found->old->elements[i];
		const struct element *is = partner(found->now, was->id);
		size_t count = times(found, was, is);
		bool same = is && is->value == was->value;
		if (count > 1 || (!count && !(changed_only && same)))
			fail_case(found, "an element is not paired once");
	}
	for (size_t i = 0; i < found->now->count; i++) {
		const struct element *is = &found->now->elements[i];
		if (!partner(found->old, is->id) && times(found, NULL, is) != 1)
			fail_case(found, "a new element is not reported once");
	}
}

static void check_case(uint64_t seed)
{
	static const struct pair_key id = { "id", 2 };
	struct random r = random_of(seed);
	struct list old = { .text = BUF_INIT }, now;
	bool unique = random_once_in(&r, 2);
	for (size_t left = random_below(&r, MOST_ELEMENTS); left; left--)
		add(&r, &old, unique);
	now = old;
	now.text = (struct buf)BUF_INIT;
	for (size_t left = random_below(&r, 4); left; left--)
		change(&r, &now, unique);
	parse(&old);
	parse(&now);
	for (int changed_only = 0; changed_only < 2; changed_only++) {
		struct found found = { .old = &old, .now = &now, .seed = seed };
		struct pairing pairing = { old.doc, now.doc, json_root(old.doc),
			json_root(now.doc) };
		if (changed_only)
			pairs_of_changed_elements(&pairing, &id, 1, note, &found);
		else
			pairs_of_elements(&pairing, &id, 1, note, &found);
		check_each(&found);
		if (unique)
			check_all(&found, changed_only);
	}
	json_doc_free(old.doc);
	json_doc_free(now.doc);
	buf_release(&old.text);
	buf_release(&now.text);
}

static void every_difference_is_paired_once(void **state)
{
	(void)state;
	uint64_t seed = random_first_seed();
	for (uint64_t left = random_setting("RUNS", 20000); left; left--)
		check_case(seed++);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_difference_is_paired_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
