/*
 * merge/merge.h with generated triples: the result is that of a small model of the rules, in any
 * order of the sides, and nothing else is changed.
 *
 * A triple is a base and changes for each of three writers, so that a failure can be shrunk:
 * changes and elements are omitted one by one as long as it still fails.
 */
#include "unit/unit.h"

#include "json/document.h"
#include "merge/merge.h"
#include "property/random.h"
#include "schema/schema.h"
#include "schema/validate.h"

#include <inttypes.h>
#include <stdio.h>

static const char schema_text[] =
	"{\"type\":\"object\",\"properties\":{\"hi\":{\"type\":\"integer\",\"x-merge\":\"max\"},"
	"\"lo\":{\"type\":\"integer\",\"x-merge\":\"min\"},"
	"\"any\":{\"type\":\"boolean\",\"x-merge\":\"or\"},"
	"\"all\":{\"type\":\"boolean\",\"x-merge\":\"and\"},"
	"\"count\":{\"type\":\"integer\",\"x-merge\":\"sum\"},"
	"\"tags\":{\"type\":\"array\",\"x-list-type\":\"set\",\"uniqueItems\":true},"
	"\"list\":{\"type\":\"array\",\"x-list-type\":\"map\",\"x-list-map-keys\":[\"k\"],"
	"\"items\":{\"$ref\":\"#\"}}},"
	"\"additionalProperties\":{\"type\":[\"string\",\"integer\"]}}";

/* ---- the model ---- */

enum { ELEMENTS = 8, TAGS = 6, MOST_CHANGES = 12, WRITERS = 3 };

struct record {
	bool is_there;
	int hi, lo, count;
	bool any, all;
	unsigned tags; /* a bit each */
};

/* The document itself is the record [ELEMENTS]; the others are elements of its list. */
struct model {
	struct record records[ELEMENTS + 1];
};

enum field { HI, LO, COUNT, ANY, ALL, TAG, ADD, REMOVE, FIELDS };

struct change {
	enum field field;
	size_t record;
	int value;
	bool left_out;
};

struct style {
	const char *newline, *unit, *colon, *comma;
};

struct triple {
	uint64_t seed;
	struct style style;
	struct model base;
	struct change changes[WRITERS][MOST_CHANGES];
};

static void apply(struct record *record, const struct change *change)
{
	if (!record->is_there && change->field != ADD)
		return;
	switch (change->field) {
	case HI:
		record->hi = change->value;
		break;
	case LO:
		record->lo = change->value;
		break;
	case COUNT:
		record->count += change->value;
		break;
	case ANY:
		record->any = change->value & 1;
		break;
	case ALL:
		record->all = change->value & 1;
		break;
	case TAG:
		record->tags ^= 1U << (unsigned)change->value % TAGS;
		break;
	case ADD:
		record->is_there = true;
		break;
	case REMOVE:
		*record = (struct record){ 0 };
		break;
	case FIELDS:
		break;
	}
}

static struct model version(const struct triple *t, size_t writer)
{
	struct model model = t->base;
	for (size_t i = 0; i < MOST_CHANGES; i++)
		if (!t->changes[writer][i].left_out)
			apply(&model.records[t->changes[writer][i].record], &t->changes[writer][i]);
	return model;
}

static bool same_record(const struct record *a, const struct record *b)
{
	return a->is_there == b->is_there && a->hi == b->hi && a->lo == b->lo &&
		a->count == b->count && a->any == b->any && a->all == b->all && a->tags == b->tags;
}

/* One value that both, one or none have changed. */
static int merge_number(int base, int a, int b, int both)
{
	return a == base ? b : b == base ? a : both;
}

static struct record merge_records(
	const struct record *base, const struct record *a, const struct record *b)
{
	/* Without a base there is nothing that one side alone could have changed. */
	bool none = !base->is_there;
	if (!a->is_there || !b->is_there) {
		const struct record *has = a->is_there ? a : b;
		bool removed = !none && same_record(base, has);
		return removed ? (struct record){ 0 } : *has;
	}
	int hi = a->hi > b->hi ? a->hi : b->hi, lo = a->lo < b->lo ? a->lo : b->lo;
	return (struct record){
		.is_there = true,
		.hi = none ? hi : merge_number(base->hi, a->hi, b->hi, hi),
		.lo = none ? lo : merge_number(base->lo, a->lo, b->lo, lo),
		.any = none ? a->any || b->any : merge_number(base->any, a->any, b->any, a->any),
		.all = none ? a->all && b->all : merge_number(base->all, a->all, b->all, a->all),
		.count = a->count + b->count - base->count,
		.tags = (a->tags & b->tags) | ((a->tags | b->tags) & ~base->tags),
	};
}

static struct model merge_models(
	const struct model *base, const struct model *a, const struct model *b)
{
	struct model merged;
	for (size_t i = 0; i <= ELEMENTS; i++)
		merged.records[i] =
			merge_records(&base->records[i], &a->records[i], &b->records[i]);
	return merged;
}

/* ---- as text, and back ---- */

static void line(const struct style *style, size_t depth, bool first, struct buf *out)
{
	if (!first)
		buf_addstr(out, *style->newline ? "," : style->comma);
	buf_addstr(out, style->newline);
	for (; *style->newline && depth; depth--)
		buf_addstr(out, style->unit);
}

static void write_record(const struct style *style, const struct model *model, size_t number,
	size_t depth, struct buf *out)
{
	const struct record *r = &model->records[number];
	const char *colon = style->colon;
	bool first = true;
	buf_addch(out, '{');
	if (number < ELEMENTS) {
		line(style, depth + 1, true, out);
		buf_addf(out, "\"k\"%s%zu", colon, number);
		first = false;
	}
	line(style, depth + 1, first, out);
	buf_addf(out, "\"hi\"%s%d", colon, r->hi);
	line(style, depth + 1, false, out);
	buf_addf(out, "\"lo\"%s%d", colon, r->lo);
	line(style, depth + 1, false, out);
	buf_addf(out, "\"count\"%s%d", colon, r->count);
	line(style, depth + 1, false, out);
	buf_addf(out, "\"any\"%s%s", colon, r->any ? "true" : "false");
	line(style, depth + 1, false, out);
	buf_addf(out, "\"all\"%s%s", colon, r->all ? "true" : "false");
	line(style, depth + 1, false, out);
	buf_addf(out, "\"tags\"%s[", colon);
	for (unsigned i = 0, filled = 0; i < TAGS; i++)
		if (r->tags & 1U << i)
			buf_addf(out, "%s\"t%u\"", filled++ ? style->comma : "", i);
	buf_addch(out, ']');
	if (number == ELEMENTS) {
		line(style, depth + 1, false, out);
		buf_addf(out, "\"list\"%s[", colon);
		bool filled = false;
		for (size_t i = 0; i < ELEMENTS; i++)
			if (model->records[i].is_there) {
				line(style, depth + 2, !filled, out);
				write_record(style, model, i, depth + 2, out);
				filled = true;
			}
		if (filled)
			line(style, depth + 1, true, out);
		buf_addch(out, ']');
	}
	line(style, depth, true, out);
	buf_addch(out, '}');
}

static void write_model(const struct style *style, const struct model *model, struct buf *out)
{
	write_record(style, model, ELEMENTS, 0, out);
	buf_addch(out, '\n');
}

static int int_of(const struct json_doc *doc, const struct json_value *object, const char *name)
{
	int64_t number = INT64_MIN;
	json_int64(doc, json_member(doc, object, name), &number);
	return (int)number;
}

static struct record read_record(const struct json_doc *doc, const struct json_value *object)
{
	struct record r = { .is_there = true,
		.hi = int_of(doc, object, "hi"),
		.lo = int_of(doc, object, "lo"),
		.count = int_of(doc, object, "count") };
	const struct json_value *any = json_member(doc, object, "any");
	const struct json_value *all = json_member(doc, object, "all");
	r.any = any && any->type == JSON_TRUE;
	r.all = all && all->type == JSON_TRUE;
	JSON_EACH (tag, json_member(doc, object, "tags")) {
		size_t len;
		const char *text = json_string(doc, tag, &len);
		r.tags |= 1U << (unsigned)(text[1] - '0');
	}
	return r;
}

/* False if it is not what a model could be: no JSON, or an element twice. */
static bool read_model(const struct buf *text, struct model *model)
{
	struct json_doc *doc;
	if (json_parse(&doc, text->data, text->len, "result", NULL, NULL) < 0)
		return false;
	bool fine = true;
	*model = (struct model){ 0 };
	model->records[ELEMENTS] = read_record(doc, json_root(doc));
	JSON_EACH (element, json_member(doc, json_root(doc), "list")) {
		int number = int_of(doc, element, "k");
		fine = fine && number >= 0 && number < ELEMENTS && !model->records[number].is_there;
		if (fine)
			model->records[number] = read_record(doc, element);
	}
	json_doc_free(doc);
	return fine;
}

static bool same_model(const struct model *a, const struct model *b)
{
	for (size_t i = 0; i <= ELEMENTS; i++)
		if (!same_record(&a->records[i], &b->records[i]))
			return false;
	return true;
}

/* ---- what must hold ---- */

struct checking {
	const struct schema *schema;
	const struct triple *triple;
	const char *failed; /* the first property that does not hold; NULL: all do */
};

static void insist(struct checking *c, bool holds, const char *property)
{
	if (!holds && !c->failed)
		c->failed = property;
}

static void merge(struct checking *c, const struct buf *base, const struct buf *ours,
	const struct buf *theirs, struct buf *out)
{
	struct merge_result result = MERGE_RESULT_INIT;
	struct merge_request request = { .base = { base->data, base->len },
		.ours = { ours->data, ours->len },
		.theirs = { theirs->data, theirs->len },
		.name = "f.json",
		.schema = c->schema };
	insist(c, !merge_documents(&request, &result, NULL), "it merges");
	buf_reset(out);
	buf_add(out, result.text.data, result.text.len);
	merge_result_release(&result);
}

static bool same_text(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

static bool is_valid(const struct schema *schema, const struct buf *text)
{
	struct json_doc *doc;
	if (json_parse(&doc, text->data, text->len, "result", NULL, NULL) < 0)
		return false;
	bool valid = schema_validate(schema, doc, NULL, NULL);
	json_doc_free(doc);
	return valid;
}

/* Is the line among those of `text`, but for its comma? */
static bool has_line(const struct buf *text, const char *expected, size_t len)
{
	for (const char *at = text->data; *at;) {
		size_t here = strcspn(at, "\r\n");
		size_t bare = here && at[here - 1] == ',' ? here - 1 : here;
		if (bare == len && !memcmp(at, expected, len))
			return true;
		at += here + strspn(at + here, "\r\n");
	}
	return false;
}

/* Every line that is in neither side is a merged one: a sum, a set, or the list if it is
 * empty now. */
static bool lines_are_theirs(const struct buf *merged, const struct buf *a, const struct buf *b)
{
	for (const char *at = merged->data; *at;) {
		size_t here = strcspn(at, "\r\n");
		size_t bare = here && at[here - 1] == ',' ? here - 1 : here;
		size_t indent = strspn(at, " \t");
		bool merges = !strncmp(at + indent, "\"count\"", 7) ||
			!strncmp(at + indent, "\"tags\"", 6) ||
			!strncmp(at + indent, "\"list\"", 6);
		if (!merges && !has_line(a, at, bare) && !has_line(b, at, bare))
			return false;
		at += here + strspn(at + here, "\r\n");
	}
	return true;
}

/* The changes of three writers have the same result in any order. But two files that are the same
 * are one: git does not even ask the driver, and what adds up counts once. */
static void check_three(struct checking *c, const struct buf texts[WRITERS + 1])
{
	const struct buf *base = &texts[WRITERS];
	struct buf one = BUF_INIT, other = BUF_INIT, merged = BUF_INIT;
	struct model first, second;
	merge(c, base, &texts[0], &texts[1], &one);
	merge(c, base, &one, &texts[2], &merged);
	insist(c, read_model(&merged, &first), "a merge of three can be read");
	merge(c, base, &texts[1], &texts[2], &other);
	merge(c, base, &texts[0], &other, &merged);
	insist(c, read_model(&merged, &second), "a merge of three can be read");
	bool alike = same_text(&texts[0], &texts[1]) || same_text(&texts[1], &texts[2]) ||
		same_text(&one, &texts[2]) || same_text(&texts[0], &other);
	insist(c, alike || c->failed || same_model(&first, &second), "merging is associative");
	buf_release(&one);
	buf_release(&other);
	buf_release(&merged);
}

static void check_two(struct checking *c, const struct buf texts[WRITERS + 1])
{
	const struct buf *base = &texts[WRITERS], *a = &texts[0], *b = &texts[1];
	struct buf merged = BUF_INIT, again = BUF_INIT;
	struct model models[WRITERS] = { version(c->triple, 0), version(c->triple, 1) }, result;
	struct model expected = same_text(a, b)
		? models[0] /* files that are alike are one */
		: merge_models(&c->triple->base, &models[0], &models[1]);
	merge(c, base, a, b, &merged);
	insist(c, read_model(&merged, &result), "the result can be read");
	insist(c, c->failed || same_model(&result, &expected), "the result is the model's");
	insist(c, is_valid(c->schema, &merged), "the result is valid");
	insist(c, !*c->triple->style.newline || lines_are_theirs(&merged, a, b),
		"only touched lines differ");
	merge(c, base, b, a, &again);
	insist(c, same_text(&merged, &again), "the sides can be swapped");
	merge(c, base, a, a, &again);
	insist(c, same_text(a, &again), "merging a side with itself is that side");
	merge(c, base, base, b, &again);
	insist(c, same_text(b, &again), "merging with the base is the other side");
	merge(c, a, a, &merged, &again);
	insist(c, same_text(&merged, &again), "merging what is merged changes nothing");
	merge(c, b, &merged, b, &again);
	insist(c, same_text(&merged, &again), "merging what is merged changes nothing");
	buf_release(&merged);
	buf_release(&again);
}

static const char *check(const struct schema *schema, const struct triple *triple, bool three)
{
	struct checking c = { .schema = schema, .triple = triple };
	struct buf texts[WRITERS + 1];
	for (size_t i = 0; i <= WRITERS; i++) {
		struct model model = i < WRITERS ? version(triple, i) : triple->base;
		texts[i] = (struct buf)BUF_INIT;
		write_model(&triple->style, &model, &texts[i]);
	}
	if (three)
		check_three(&c, texts);
	else
		check_two(&c, texts);
	for (size_t i = 0; i <= WRITERS; i++)
		buf_release(&texts[i]);
	return c.failed;
}

/* ---- generating, shrinking, reporting ---- */

static const struct style styles[] = { { "\n", "  ", ": ", ", " }, { "\n", "\t", ": ", ", " },
	{ "\r\n", "    ", ": ", ", " }, { "", "", ":", "," }, { "", "", ": ", ", " } };

static void generate(struct triple *t, uint64_t seed)
{
	struct random random = random_of(seed);
	*t = (struct triple){ .seed = seed, .style = RANDOM_OF(&random, styles) };
	for (size_t i = 0; i <= ELEMENTS; i++)
		if (i == ELEMENTS || random_once_in(&random, 2))
			t->base.records[i] = (struct record){ .is_there = true,
				.hi = (int)random_below(&random, 9),
				.lo = (int)random_below(&random, 9),
				.count = (int)random_below(&random, 9),
				.any = random_once_in(&random, 2),
				.all = random_once_in(&random, 2),
				.tags = (unsigned)random_below(&random, 1U << TAGS) };
	for (size_t writer = 0; writer < WRITERS; writer++) {
		size_t count = random_below(&random, MOST_CHANGES + 1);
		for (size_t i = 0; i < MOST_CHANGES; i++) {
			struct change *change = &t->changes[writer][i];
			change->field = (enum field)random_below(&random, FIELDS);
			change->record = random_below(&random, ELEMENTS + 1);
			change->value = (int)random_below(&random, 9);
			/* The document itself stays. */
			change->left_out = i >= count ||
				(change->record == ELEMENTS && change->field == REMOVE);
		}
	}
}

/* An element that one writer removes and another changes stays, unless the changes come to
 * nothing, as 1 and -1 do: whether they do depends on who meets first. */
static void remove_only_unchanged_elements(struct triple *t)
{
	for (size_t writer = 0; writer < WRITERS; writer++)
		for (size_t i = 0; i < MOST_CHANGES; i++) {
			struct change *change = &t->changes[writer][i];
			for (size_t k = 0; k < WRITERS * MOST_CHANGES; k++) {
				const struct change *other = &t->changes[0][0] + k;
				if (change->field == REMOVE && other != change &&
					other->record == change->record && other->field != REMOVE &&
					!other->left_out)
					change->left_out = true;
			}
		}
}

/* Leaves out all that the failure does not need. */
static void shrink(const struct schema *schema, struct triple *t, bool three)
{
	for (bool smaller = true; smaller;) {
		smaller = false;
		for (size_t i = 0; i < WRITERS * MOST_CHANGES; i++) {
			struct change *change = &t->changes[0][0] + i;
			if (change->left_out)
				continue;
			change->left_out = true;
			if (check(schema, t, three))
				smaller = true;
			else
				change->left_out = false;
		}
		for (size_t i = 0; i < ELEMENTS; i++) {
			struct record before = t->base.records[i];
			t->base.records[i] = (struct record){ 0 };
			if (!before.is_there)
				continue;
			if (check(schema, t, three))
				smaller = true;
			else
				t->base.records[i] = before;
		}
	}
}

static _Noreturn void report_failure(const struct schema *schema, struct triple *t, bool three)
{
	static const char *const called[] = { "a", "b", "c", "base" };
	struct buf text = BUF_INIT;
	shrink(schema, t, three);
	for (size_t i = 0; i <= WRITERS; i++) {
		struct model model = i < WRITERS ? version(t, i) : t->base;
		buf_addf(&text, "-- %s\n", called[i]);
		write_model(&t->style, &model, &text);
	}
	print_error("%s", text.data); /* longer than what fail_msg() takes */
	fail_msg("SEED=%" PRIu64 " RUNS=1: failed: %s; shrunk to the versions above", t->seed,
		check(schema, t, three));
	abort();
}

static void check_all(bool three)
{
	struct schema_set *set = schema_set_new();
	const struct schema *schema;
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;
	buf_addstr(&text, schema_text);
	if (schema_compile(set, &schema, &text, "own", NULL, &err) < 0)
		fail_msg("%s", err.text);
	uint64_t seed = random_first_seed();
	for (uint64_t left = random_setting("RUNS", 1500); left; left--, seed++) {
		struct triple triple;
		generate(&triple, seed);
		if (three)
			remove_only_unchanged_elements(&triple);
		if (check(schema, &triple, three))
			report_failure(schema, &triple, three);
	}
	schema_set_free(set);
}

static void two_writers_merge_as_in_the_model(void **state)
{
	(void)state;
	check_all(false);
}

static void three_writers_have_the_same_result_in_any_order(void **state)
{
	(void)state;
	check_all(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_writers_merge_as_in_the_model),
		cmocka_unit_test(three_writers_have_the_same_result_in_any_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
