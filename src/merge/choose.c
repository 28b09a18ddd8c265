/* Which value is kept if both sides have changed it. */
#include "merge/internal.h"

#include "base/timestamp.h"
#include "json/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- orders ---- */

static int compare_texts(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return order ? order : (a_len > b_len) - (a_len < b_len);
}

int compare_raw(const struct merging *m, const struct triple *t)
{
	size_t a_len, b_len;
	const char *a = json_raw(m->docs[A], t->at[A], &a_len);
	const char *b = json_raw(m->docs[B], t->at[B], &b_len);
	return compare_texts(a, a_len, b, b_len);
}

static int compare_strings(
	const struct merging *m, const struct json_value *a_value, const struct json_value *b_value)
{
	size_t a_len, b_len;
	int64_t a_time, b_time;
	const char *a = json_string(m->docs[A], a_value, &a_len);
	const char *b = json_string(m->docs[B], b_value, &b_len);
	if (timestamp_parse(a, a_len, &a_time) && timestamp_parse(b, b_len, &b_time) &&
		a_time != b_time)
		return a_time < b_time ? -1 : 1;
	return compare_texts(a, a_len, b, b_len);
}

static bool is_boolean(const struct json_value *value)
{
	return value->type == JSON_TRUE || value->type == JSON_FALSE;
}

/* Sets `*order` to the order of A's value and B's; false if they cannot be compared. Null is less
 * than any other value. */
static bool compare(const struct merging *m, const struct triple *t, int *order)
{
	const struct json_value *a = t->at[A], *b = t->at[B];
	size_t a_len, b_len;
	if (a->type == JSON_NULL || b->type == JSON_NULL) {
		*order = (b->type == JSON_NULL) - (a->type == JSON_NULL);
	} else if (is_boolean(a) && is_boolean(b)) {
		*order = (a->type == JSON_TRUE) - (b->type == JSON_TRUE);
	} else if (a->type == JSON_NUMBER && b->type == JSON_NUMBER) {
		const char *a_text = json_raw(m->docs[A], a, &a_len);
		const char *b_text = json_raw(m->docs[B], b, &b_len);
		*order = json_number_compare(a_text, a_len, b_text, b_len);
	} else if (a->type == JSON_STRING && b->type == JSON_STRING) {
		*order = compare_strings(m, a, b);
	} else {
		return false;
	}
	return true;
}

int compare_clocks(
	const struct merging *m, const struct schema_place *place, const struct triple *records)
{
	const struct text *clock = &place->rules.merge_clock;
	int64_t times[SIDES];
	if (!clock->bytes)
		return 0;
	for (enum side side = A; side < SIDES; side++) {
		size_t len = 0;
		const char *text = json_string(m->docs[side],
			json_member_n(m->docs[side], records->at[side], clock->bytes, clock->len),
			&len);
		if (!text || !timestamp_parse(text, len, &times[side]))
			return 0;
	}
	return (times[A] > times[B]) - (times[A] < times[B]);
}

/* ---- rules ---- */

static int choose_extreme(const struct merging *m, const struct triple *t, bool largest)
{
	int order;
	/* A value that is set is preferred to null, by "min" too. */
	if (t->at[A]->type == JSON_NULL || t->at[B]->type == JSON_NULL)
		largest = true;
	if (!compare(m, t, &order))
		return CHOSEN_NONE;
	if (!order)
		return compare_raw(m, t) < 0 ? A : B;
	return (order > 0) == largest ? A : B;
}

static int choose_boolean(const struct triple *t, enum json_type expected)
{
	if (t->at[A]->type == expected)
		return A;
	if (t->at[B]->type == expected)
		return B;
	return is_boolean(t->at[A]) ? A : is_boolean(t->at[B]) ? B : CHOSEN_NONE;
}

/* The shortest text that reads as the same number. */
static int write_double(double number, char *out, size_t size)
{
	int len = 0;
	for (int digits = 15; digits <= 17; digits++) {
		len = snprintf(out, size, "%.*g", digits, number);
		if (strtod(out, NULL) == number)
			break;
	}
	return len;
}

/* The base plus the changes of both sides. */
static int add_up(struct merging *m, const struct spot *spot, struct merge_text *out)
{
	const struct triple *t = &spot->at;
	int64_t whole[SIDES] = { 0 }, sum = 0;
	double real[SIDES] = { 0 };
	bool all_whole = true, has_base = t->at[BASE] && t->at[BASE]->type == JSON_NUMBER;
	char text[64];
	for (enum side side = has_base ? BASE : A; side < SIDES; side++) {
		all_whole = all_whole && json_int64(m->docs[side], t->at[side], &whole[side]);
		if (!json_double(m->docs[side], t->at[side], &real[side]) || !isfinite(real[side]))
			return CHOSEN_NONE;
	}
	int len;
	if (all_whole && !__builtin_sub_overflow(whole[A], whole[BASE], &sum) &&
		!__builtin_add_overflow(sum, whole[B], &sum)) {
		len = snprintf(text, sizeof(text), "%" PRId64, sum);
	} else {
		double total = real[A] - real[BASE] + real[B];
		if (!isfinite(total))
			return CHOSEN_NONE;
		len = write_double(total, text, sizeof(text));
	}
	struct text least = schema_place_minimum(spot->place);
	if (least.bytes && json_number_compare(text, (size_t)len, least.bytes, least.len) < 0)
		len = snprintf(text, sizeof(text), TEXT_FMT, TEXT_ARG(least));
	*out = (struct merge_text){ arena_strndup(&m->arena, text, (size_t)len), (size_t)len };
	return CHOSEN_TEXT;
}

/* The index of the row of "x-transitions" for `value`; the number of rows if there is none. */
static size_t row_of(const struct annotations *rules, const char *value, size_t len)
{
	size_t row = 0;
	while (row < rules->transitions_count &&
		(rules->transitions[row].from.len != len ||
			memcmp(rules->transitions[row].from.bytes, value, len) != 0))
		row++;
	return row;
}

/* The least number of steps from row to row; -1 if there is no path. */
static int steps_between(struct merging *m, const struct annotations *rules, size_t from, size_t to)
{
	size_t count = rules->transitions_count, read = 0, written = 0;
	size_t *queue = arena_array(&m->arena, count, sizeof(*queue));
	int *steps = arena_array(&m->arena, count, sizeof(*steps));
	for (size_t i = 0; i < count; i++)
		steps[i] = -1;
	steps[from] = 0;
	queue[written++] = from;
	while (read < written && steps[to] < 0) {
		size_t row = queue[read++];
		const struct transition *transition = &rules->transitions[row];
		for (size_t i = 0; i < transition->count; i++) {
			size_t next = row_of(rules, transition->to[i].bytes, transition->to[i].len);
			if (next < count && steps[next] < 0) {
				steps[next] = steps[row] + 1;
				queue[written++] = next;
			}
		}
	}
	return steps[to];
}

/*
 * The value further along: the one that the other leads to. If each leads to the other (a job that
 * is queued again), the one that takes fewer steps to reach, then the one whose row comes later.
 */
static int choose_further(struct merging *m, const struct spot *spot)
{
	const struct annotations *rules = &spot->place->rules;
	size_t rows[SIDES], len;
	for (enum side side = A; side < SIDES; side++) {
		const char *value = json_string(m->docs[side], spot->at.at[side], &len);
		rows[side] = value ? row_of(rules, value, len) : rules->transitions_count;
	}
	bool a_known = rows[A] < rules->transitions_count;
	bool b_known = rows[B] < rules->transitions_count;
	if (!a_known || !b_known)
		return a_known ? A : b_known ? B : CHOSEN_NONE;
	int to_a = steps_between(m, rules, rows[B], rows[A]);
	int to_b = steps_between(m, rules, rows[A], rows[B]);
	if (to_a != to_b)
		return to_b < 0 || (to_a >= 0 && to_a < to_b) ? A : B;
	return rows[A] > rows[B] ? A : B;
}

/* ---- the published value, and the choice if neither is published ---- */

static int choose_published(struct merging *m, const struct spot *spot)
{
	const struct json_value *published = published_at(m, spot);
	for (enum side side = A; published && side < SIDES; side++)
		if (json_equal(m->docs[side], spot->at.at[side], m->published, published))
			return (int)side;
	return CHOSEN_NONE;
}

/* The innermost record with a clock that contains `spot`; NULL if there is none. */
static const struct spot *record_of(const struct spot *spot)
{
	while (spot && !spot->place->rules.merge_clock.bytes)
		spot = spot->up;
	return spot && spot->at.at[A]->type == JSON_OBJECT && spot->at.at[B]->type == JSON_OBJECT
		? spot
		: NULL;
}

/* The string that names the server: the value itself, or the member that "x-owner" points to. */
static const struct json_value *server_of(
	const struct merging *m, const struct spot *spot, enum side side)
{
	const struct json_value *value = spot->at.at[side];
	const struct text *owner = &spot->place->rules.owner;
	if (value->type == JSON_OBJECT && owner->len > 1 &&
		!memchr(owner->bytes + 1, '/', owner->len - 1))
		value = json_member_n(m->docs[side], value, owner->bytes + 1, owner->len - 1);
	return value && value->type == JSON_STRING ? value : NULL;
}

/* The order of records of the same time: with a server before without, then by its name, then by
 * their text. */
static int compare_servers(const struct merging *m, const struct spot *spot)
{
	const struct json_value *a = server_of(m, spot, A), *b = server_of(m, spot, B);
	int order = a && b ? compare_strings(m, a, b) : !!b - !!a;
	return order ? order : compare_raw(m, &spot->at);
}

enum side choose_newer(const struct merging *m, const struct spot *spot)
{
	const struct text *clock = &spot->place->rules.merge_clock;
	struct triple clocks = { { NULL } };
	for (enum side side = A; side < SIDES && clock->bytes; side++)
		clocks.at[side] =
			json_member_n(m->docs[side], spot->at.at[side], clock->bytes, clock->len);
	int order = 0;
	if (clocks.at[A] && clocks.at[B]) {
		if (!compare(m, &clocks, &order))
			order = 0;
	} else {
		order = !!clocks.at[A] - !!clocks.at[B];
	}
	if (order)
		return order < 0 ? B : A;
	return compare_servers(m, spot) < 0 ? A : B;
}

static int choose_earlier(const struct merging *m, const struct spot *spot, const char **why)
{
	const struct spot *record = record_of(spot);
	int order = record ? compare_clocks(m, record->place, &record->at) : 0;
	*why = "earlier";
	if (order)
		return order < 0 ? A : B;
	*why = "smaller";
	return compare_servers(m, spot) < 0 ? A : B;
}

/* ---- */

static int choose_by_rule(
	struct merging *m, const struct spot *spot, const char **why, struct merge_text *text)
{
	const struct annotations *rules = &spot->place->rules;
	const struct triple *t = &spot->at;
	const struct spot *record;
	*why = NULL;
	if (rules->immutable && t->at[BASE] && t->at[BASE]->type != JSON_NULL) {
		*why = "immutable";
		return BASE;
	}
	switch (rules->merge) {
	case MERGE_MAX:
		*why = "larger";
		return choose_extreme(m, t, true);
	case MERGE_MIN:
		*why = "smaller";
		return choose_extreme(m, t, false);
	case MERGE_OR:
		*why = "or";
		return choose_boolean(t, JSON_TRUE);
	case MERGE_AND:
		*why = "and";
		return choose_boolean(t, JSON_FALSE);
	case MERGE_SUM:
		return add_up(m, spot, text);
	case MERGE_LATEST:
		record = record_of(spot);
		*why = "newer";
		return record ? (int)choose_newer(m, record) : CHOSEN_NONE;
	case MERGE_ORDER:
		*why = "further along";
		return choose_further(m, spot);
	case MERGE_PUBLISHED:
	case MERGE_NONE:
		break;
	}
	return CHOSEN_NONE;
}

int choose(struct merging *m, const struct spot *spot, struct merge_text *text)
{
	const char *why;
	if (!m->request->schema)
		return CHOSEN_NONE;
	int chosen = choose_by_rule(m, spot, &why, text);
	if (chosen == CHOSEN_NONE) {
		why = "published";
		chosen = choose_published(m, spot);
	}
	if (chosen == CHOSEN_NONE)
		chosen = choose_earlier(m, spot, &why);
	for (enum side side = A; why && side < SIDES; side++)
		if ((int)side != chosen)
			report_discarded(m, spot, (enum side)chosen, side, why);
	return chosen;
}
