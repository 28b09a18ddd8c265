/*
 * A coordination file that was broken at random is restored: the result is valid, has every element
 * of the last valid version, and no value went back to an earlier state.
 */
#include "unit/unit.h"

#include "fleet/validity.h"
#include "property/random.h"
#include "request/repair.h"

#include <stdio.h>

enum { MOST = 8 };

/* The locks and jobs of one version; a number of 0: there is none. */
struct version {
	unsigned fences[MOST], attempts[MOST];
	bool completed[MOST];
};

struct test {
	struct random random;
	struct validity *validity;
	const char *path;
	struct version valid;
	struct buf texts[3]; /* the valid version, and two later ones */
	struct buf broken;
};

static void generate(struct random *r, struct version *version)
{
	*version = (struct version){ 0 };
	for (size_t i = 0; i < MOST; i++) {
		version->fences[i] = (unsigned)random_below(r, 4);
		version->attempts[i] = (unsigned)random_below(r, 4);
		version->completed[i] = random_once_in(r, 3);
	}
}

static void write_version(const struct test *t, const struct version *version, struct buf *out)
{
	bool is_locks = !strcmp(t->path, FLEET_LOCKS_PATH);
	const char *comma = "";
	buf_addstr(out, is_locks ? "{\n  \"locks\": {" : "{\n  \"jobs\": [");
	for (size_t i = 0; i < MOST; i++) {
		unsigned number = is_locks ? version->fences[i] : version->attempts[i];
		if (!number)
			continue;
		if (is_locks)
			buf_addf(out,
				"%s\n    \"l%zu\": {\n      \"locked_by\": null,\n"
				"      \"fence\": %u\n    }",
				comma, i, number);
		else
			buf_addf(out,
				"%s\n    {\n      \"id\": \"j%zu\",\n      \"status\": \"%s\",\n"
				"      \"attempt\": %u\n    }",
				comma, i, version->completed[i] ? "completed" : "running", number);
		comma = ",";
	}
	buf_addstr(out, is_locks ? "\n  }\n}\n" : "\n  ]\n}\n");
}

/* Removes, adds or replaces a few bytes. */
static void damage(struct random *r, const struct buf *text, struct buf *out)
{
	static const char bytes[] = "{}[],:\"0a\n\\";
	size_t at = random_below(r, text->len), left = text->len - at;
	size_t removed = random_below(r, (left < 12 ? left : 12) + 1);
	buf_add(out, text->data, at);
	for (size_t i = random_below(r, 3); i; i--)
		buf_addch(out, bytes[random_below(r, sizeof(bytes) - 1)]);
	buf_add(out, text->data + at + removed, left - removed);
}

static void break_text(struct test *t)
{
	struct random *r = &t->random;
	const struct buf *text = &t->texts[1], *other = &t->texts[2];
	switch (random_below(r, 5)) {
	case 0:
		buf_add(&t->broken, text->data, random_below(r, text->len));
		break;
	case 1:
		buf_addf(&t->broken, "\xef\xbb\xbf%s", text->data);
		break;
	case 2:
		buf_addf(
			&t->broken, "<<<<<<< a\n%s=======\n%s>>>>>>> b\n", text->data, other->data);
		break;
	case 3:
		buf_addf(&t->broken, "<<<<<<< a\n%s=======\n", text->data);
		damage(r, other, &t->broken);
		buf_addstr(&t->broken, "\n>>>>>>> b\n");
		break;
	default:
		damage(r, text, &t->broken);
	}
}

static int64_t number_of(const struct json_doc *doc, const struct json_value *value)
{
	int64_t number = -1;
	json_int64(doc, value, &number);
	return number;
}

/* The element `i` of the restored file. */
static const struct json_value *element(const struct test *t, const struct json_doc *doc, size_t i)
{
	char name[8], id[8];
	snprintf(name, sizeof(name), "l%zu", i);
	snprintf(id, sizeof(id), "j%zu", i);
	const struct json_value *found = NULL, *root = json_root(doc);
	if (!strcmp(t->path, FLEET_LOCKS_PATH))
		return json_member(doc, json_member(doc, root, "locks"), name);
	JSON_EACH (job, json_member(doc, root, "jobs"))
		if (json_string_is(doc, json_member(doc, job, "id"), id)) {
			assert_null(found);
			found = job;
		}
	return found;
}

static void check_result(const struct test *t, const struct buf *text)
{
	struct json_doc *doc;
	struct error err = ERROR_INIT;
	bool is_locks = !strcmp(t->path, FLEET_LOCKS_PATH);
	if (validity_check(t->validity, t->path, text->data, text->len, &err))
		fail_msg("SEED=%llu RUNS=1: %s\n%s", (unsigned long long)t->random.seed, err.text,
			text->data);
	assert_int_equal(json_parse(&doc, text->data, text->len, t->path, NULL, NULL), 0);
	for (size_t i = 0; i < MOST; i++) {
		unsigned was = is_locks ? t->valid.fences[i] : t->valid.attempts[i];
		const struct json_value *now = element(t, doc, i);
		bool completed =
			now && json_string_is(doc, json_member(doc, now, "status"), "completed");
		if (was &&
			(!now ||
				number_of(doc,
					json_member(doc, now, is_locks ? "fence" : "attempt")) <
					was ||
				(!is_locks && t->valid.completed[i] && !completed)))
			fail_msg("SEED=%llu RUNS=1: element %zu was lost or went back\n%s\n%s\n%s",
				(unsigned long long)t->random.seed, i, t->texts[0].data,
				t->broken.data, text->data);
	}
	json_doc_free(doc);
}

static void repair_one(struct test *t)
{
	struct version later;
	struct repair repair = REPAIR_INIT;
	struct documents_version version = { .text = BUF_INIT, .base = BUF_INIT };
	struct documents_history history = { .versions = &version, .count = 1 };
	struct error err = ERROR_INIT;
	generate(&t->random, &t->valid);
	write_version(t, &t->valid, &t->texts[0]);
	for (size_t i = 1; i < 3; i++) {
		generate(&t->random, &later);
		write_version(t, &later, &t->texts[i]);
	}
	break_text(t);
	memset(version.commit, 'a', sizeof(version.commit) - 1);
	buf_add(&version.text, t->texts[0].data, t->texts[0].len);
	if (repair_text(
		    &repair, t->validity, t->path, t->broken.data, t->broken.len, &history, &err))
		fail_msg("SEED=%llu RUNS=1: %s\n%s", (unsigned long long)t->random.seed, err.text,
			t->broken.data);
	check_result(t, &repair.text);
	repair_release(&repair);
	buf_release(&version.text);
}

static void nothing_valid_is_lost(void **state)
{
	uint64_t first = random_first_seed(), runs = random_setting("RUNS", 3000);
	struct validity *validity = validity_new();
	(void)state;
	for (uint64_t i = 0; i < runs; i++) {
		struct test t = { .random = random_of(first + i),
			.validity = validity,
			.texts = { BUF_INIT, BUF_INIT, BUF_INIT },
			.broken = BUF_INIT };
		t.path = random_once_in(&t.random, 2) ? FLEET_LOCKS_PATH : FLEET_JOBS_PATH;
		repair_one(&t);
		for (size_t k = 0; k < 3; k++)
			buf_release(&t.texts[k]);
		buf_release(&t.broken);
	}
	validity_free(validity);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_valid_is_lost) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
