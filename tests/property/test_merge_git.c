/*
 * merge/merge.h against `git merge-file`, with two sets of edits of one document as concurrent
 * changes:
 *
 * - If git merges the texts without a conflict and its result has exactly the edits of both sides,
 * the merge has no conflict and the same values.
 * - A merge without a conflict has every value that a side added, unless a rule discarded it and
 * the report names it.
 * - If the edits are independent and no value occurs twice, it has exactly the edits of both sides.
 *
 * Edits are not independent if they are in the same element of a list, or in neighbours, and the
 * elements are objects or lists without an ID, or if a side changes an ID. These may then be other elements, so that the
 * merge keeps both, or has a conflict. No edit is lost.
 *
 * The documents are generated ones, in which no value occurs twice, and those of tests/data/, with
 * edits between neighbouring versions.
 */
#include "unit/corpus.h"

#include "json/document.h"
#include "json/edit.h"
#include "json/write.h"
#include "merge/merge.h"
#include "lines/text.h"
#include "property/random.h"
#include "schema/schema.h"

enum { MOST_EDITS = 3, OURS = 0, THEIRS = 1 };

struct edit_token {
	char text[16];
	bool is_added; /* else it only marks a removal */
};

struct sample {
	uint64_t seed;
	struct random random;
	bool is_unique; /* no value of the base occurs twice */
	struct buf base, sides[2], both;
	bool is_independent; /* `both` has the edits of both sides */
	bool renames;        /* a side changes the identity of an element */
	struct edit_token tokens[2 * MOST_EDITS];
	size_t token_count, values;
	const struct json_value *edited[2][MOST_EDITS];
	size_t edited_count[2];
};

static _Noreturn void report_failure(
	const struct sample *s, const char *property, const struct buf *result)
{
	/* Longer than what print_error() takes. */
	fprintf(stderr, "-- base\n%s\n-- ours\n%s\n-- theirs\n%s\n-- expected\n%s\n-- result\n%s\n",
		s->base.data, s->sides[OURS].data, s->sides[THEIRS].data, s->both.data,
		result->data);
	fail_msg("SEED=%llu RUNS=1: failed: %s", (unsigned long long)s->seed, property);
	abort();
}

/* ---- generated documents ---- */

static void put_value(struct sample *s, struct json_writer *w, const char *name)
{
	char text[24];
	snprintf(text, sizeof(text), "v%zu", s->values++);
	json_put_string(w, name, text);
}

static void put_record(struct sample *s, struct json_writer *w, const char *identity, bool is_long)
{
	static const char *const members[] = { "alpha", "beta", "gamma", "delta", "epsilon" };
	json_begin_member(w, NULL, '{');
	if (identity)
		put_value(s, w, identity);
	for (size_t i = 0; i < (is_long ? 5 : 2); i++)
		put_value(s, w, members[i]);
	json_end(w);
}

static void put_list(struct sample *s, struct json_writer *w, const char *name)
{
	static const char *const identities[] = { "id", "key", "name", NULL };
	const char *identity = RANDOM_OF(&s->random, identities);
	bool records = random_once_in(&s->random, 2), is_long = random_once_in(&s->random, 2);
	json_begin_member(w, name, '[');
	for (size_t left = random_below(&s->random, 7); left; left--) {
		if (records)
			put_record(s, w, identity, is_long);
		else
			put_value(s, w, NULL);
	}
	json_end(w);
}

static void put_object(struct sample *s, struct json_writer *w, const char *name, size_t depth)
{
	static const char *const names[] = { "one", "two", "three", "four", "five", "six" };
	if (name)
		json_begin_member(w, name, '{');
	else
		json_begin(w, '{');
	size_t count = 1 + random_below(&s->random, 6);
	for (size_t i = 0; i < count; i++) {
		if (depth && random_once_in(&s->random, 4))
			put_object(s, w, names[i], depth - 1);
		else if (random_once_in(&s->random, 2))
			put_list(s, w, names[i]);
		else
			put_value(s, w, names[i]);
	}
	json_end(w);
}

/* ---- edits ---- */

static const char *add_token(struct sample *s, bool is_added)
{
	struct edit_token *token = &s->tokens[s->token_count];
	snprintf(token->text, sizeof(token->text), "\"new%zu\"", s->token_count++);
	token->is_added = is_added;
	return token->text;
}

static bool is_identity(const struct json_doc *doc, const struct json_value *value)
{
	size_t len;
	const char *key = json_key(doc, value, &len);
	return key &&
		((len == 2 && !memcmp(key, "id", len)) || (len == 3 && !memcmp(key, "key", len)) ||
			(len == 4 && !memcmp(key, "name", len)));
}

/* Edits `value` of the document, in the texts of one side and of both sides. */
static void edit_value(struct sample *s, const struct json_doc *doc, const struct json_value *value,
	struct json_edit *const edits[2])
{
	bool inserts = random_once_in(&s->random, 2), removes = random_once_in(&s->random, 3);
	bool as_record = random_once_in(&s->random, 2);
	const char *token = add_token(s, true);
	char name[16], element[64];
	size_t at = random_below(&s->random, value->count + 1u);
	snprintf(name, sizeof(name), "%.*s", (int)strlen(token) - 2, token + 1);
	snprintf(element, sizeof(element), as_record ? "{\"id\": %s, \"x\": 1}" : "%s", token);
	for (size_t i = 0; i < 2; i++) {
		if (value->type == JSON_ARRAY && inserts)
			json_edit_insert(edits[i], value, at, element, strlen(element));
		else if (value->type == JSON_OBJECT && inserts)
			json_edit_set(edits[i], value, name, token, strlen(token));
		else if (value != json_root(doc) && removes)
			json_edit_remove(edits[i], value);
		else if (value->type < JSON_ARRAY)
			json_edit_replace(edits[i], value, token, strlen(token));
	}
	bool adds = (value->type >= JSON_ARRAY && inserts) ||
		(value->type < JSON_ARRAY && (value == json_root(doc) || !removes));
	s->tokens[s->token_count - 1].is_added = adds;
}

/* Are they the same value, or is one in the other? */
static bool overlap(const struct json_value *a, const struct json_value *b)
{
	return a->start < b->end && b->start < a->end;
}

static bool has_identity(const struct json_doc *doc, const struct json_value *element)
{
	if (element->type == JSON_OBJECT)
		JSON_EACH (member, element)
			if (is_identity(doc, member))
				return true;
	return false;
}

static bool is_scalar(const struct json_value *value)
{
	return value->type != JSON_OBJECT && value->type != JSON_ARRAY;
}

/* Are they in elements of one list that have no ID, are not scalars, and are the same or neighbours? What the sides
 * leave of such elements may not suffice to identify them. */
static bool are_neighbours(
	const struct json_doc *doc, const struct json_value *a, const struct json_value *b)
{
	const struct json_value *root = json_root(doc);
	for (const struct json_value *list = root; list < root + root->span; list++) {
		const struct json_value *last = NULL;
		if (list->type != JSON_ARRAY)
			continue;
		JSON_EACH (element, list) {
			bool both = (overlap(element, a) || (last && overlap(last, a))) &&
				(overlap(element, b) || (last && overlap(last, b)));
			if (both && !(is_scalar(element) && last && is_scalar(last)) &&
				!has_identity(doc, element))
				return true;
			last = element;
		}
	}
	return false;
}

static bool edits_meet(const struct sample *s, const struct json_doc *doc)
{
	for (size_t i = 0; i < s->edited_count[OURS]; i++)
		for (size_t k = 0; k < s->edited_count[THEIRS]; k++)
			if (overlap(s->edited[OURS][i], s->edited[THEIRS][k]) ||
				are_neighbours(doc, s->edited[OURS][i], s->edited[THEIRS][k]))
				return true;
	return false;
}

/* Makes the sides; false if edits of one side are nested. */
static bool make_sides(struct sample *s, const struct json_doc *doc)
{
	const struct json_value *root = json_root(doc);
	struct json_edit *both = json_edit_new(doc);
	bool made = true;
	for (int side = OURS; side <= THEIRS; side++) {
		struct json_edit *edits[] = { json_edit_new(doc), both };
		for (size_t left = 1 + random_below(&s->random, MOST_EDITS); left; left--) {
			const struct json_value *value =
				root + random_below(&s->random, root->span);
			s->edited[side][s->edited_count[side]++] = value;
			s->renames = s->renames || is_identity(doc, value);
			edit_value(s, doc, value, edits);
		}
		made = made && !json_edit_write(edits[0], &s->sides[side], NULL);
		json_edit_free(edits[0]);
	}
	s->is_independent = made && !json_edit_write(both, &s->both, NULL) && !edits_meet(s, doc) &&
		!s->renames;
	json_edit_free(both);
	return made;
}

/* ---- the properties ---- */

static bool same_values(const struct buf *a, const struct buf *b)
{
	struct json_doc *a_doc = NULL, *b_doc = NULL;
	bool same = json_parse(&a_doc, a->data, a->len, "a", NULL, NULL) >= 0 &&
		json_parse(&b_doc, b->data, b->len, "b", NULL, NULL) >= 0 &&
		json_equal(a_doc, json_root(a_doc), b_doc, json_root(b_doc));
	json_doc_free(a_doc);
	json_doc_free(b_doc);
	return same;
}

static bool has_token(const struct buf *text, const struct edit_token *token)
{
	return strstr(text->data, token->text) != NULL;
}

/* Is the token in the result, or named in the report (without its quotes)? */
static bool is_kept(
	const struct sample *s, const struct edit_token *token, const struct merge_result *result)
{
	bool in_side = has_token(&s->sides[OURS], token) || has_token(&s->sides[THEIRS], token);
	char name[16];
	snprintf(name, sizeof(name), "%.*s", (int)strlen(token->text) - 2, token->text + 1);
	return !in_side || has_token(&result->text, token) || strstr(result->report.data, name);
}

static void check_merge(const struct sample *s, const struct schema *schema, bool git_is_right)
{
	struct merge_request request = { .base = { s->base.data, s->base.len },
		.ours = { s->sides[OURS].data, s->sides[OURS].len },
		.theirs = { s->sides[THEIRS].data, s->sides[THEIRS].len },
		.name = "f.json",
		.schema = schema };
	struct merge_result result = MERGE_RESULT_INIT;
	struct error err = ERROR_INIT;
	int rc = merge_documents(&request, &result, &err);
	if (rc < 0)
		fail_msg("SEED=%llu RUNS=1: %s", (unsigned long long)s->seed, err.text);
	if (schema && rc)
		report_failure(s, "a file with a schema merges", &result.text);
	if (git_is_right && (rc || !same_values(&result.text, &s->both)))
		report_failure(s, "the merge is as good as git's", &result.text);
	for (size_t i = 0; i < s->token_count && !rc; i++)
		if (s->tokens[i].is_added && !is_kept(s, &s->tokens[i], &result))
			report_failure(s, "no added value is discarded", &result.text);
	if (!rc && s->is_unique && s->is_independent && !same_values(&result.text, &s->both))
		report_failure(s, "the result has exactly the edits of both sides", &result.text);
	merge_result_release(&result);
}

static bool git_merges_right(const struct sample *s)
{
	struct merge_request request = { .base = { s->base.data, s->base.len },
		.ours = { s->sides[OURS].data, s->sides[OURS].len },
		.theirs = { s->sides[THEIRS].data, s->sides[THEIRS].len },
		.name = "f.json" };
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;
	int rc = merge_text(&request, &text, &err);
	if (rc < 0)
		fail_msg("%s", err.text);
	bool right = !rc && s->is_independent && same_values(&text, &s->both);
	buf_release(&text);
	return right;
}

/* The schema of a file that its schema does not describe. */
static const struct schema *compile_any(struct schema_set *set)
{
	const struct schema *schema;
	struct buf text = BUF_INIT;
	buf_addstr(&text, "{}");
	assert_int_equal(schema_compile(set, &schema, &text, "any", NULL, NULL), 0);
	return schema;
}

/* Checks concurrent edits of the base. True if git merges them right. */
static bool check_sample(struct sample *s)
{
	struct json_doc *doc;
	bool right = false;
	assert_int_equal(json_parse(&doc, s->base.data, s->base.len, "base", NULL, NULL), 0);
	if (make_sides(s, doc)) {
		struct schema_set *set = schema_set_new();
		right = git_merges_right(s);
		check_merge(s, NULL, right);
		check_merge(s, compile_any(set), right);
		schema_set_free(set);
	}
	json_doc_free(doc);
	buf_release(&s->base);
	buf_release(&s->sides[OURS]);
	buf_release(&s->sides[THEIRS]);
	buf_release(&s->both);
	return right;
}

static struct sample start(uint64_t seed)
{
	return (struct sample){ .seed = seed,
		.random = random_of(seed),
		.base = BUF_INIT,
		.sides = { BUF_INIT, BUF_INIT },
		.both = BUF_INIT };
}

static void generated_documents_merge_as_well_as_with_git(void **state)
{
	(void)state;
	uint64_t seed = random_first_seed(),
		 runs = random_setting("RUNS", brief_or_thorough(120, 5000));
	size_t right = 0;
	for (uint64_t left = runs; left; left--, seed++) {
		struct sample s = start(seed);
		struct json_writer w = JSON_WRITER_INIT(&s.base);
		s.is_unique = true;
		put_object(&s, &w, NULL, 2);
		buf_addch(&s.base, '\n');
		right += check_sample(&s);
	}
	assert_true(runs < 100 || right > runs / 20);
}

static uint64_t corpus_seed;

static void check_file(const struct corpus_file *file)
{
	if (strcmp(file->verdict, "broken") != 0)
		for (size_t left = brief_or_thorough(1, 50); left; left--, corpus_seed++) {
			struct sample s = start(corpus_seed);
			buf_add(&s.base, file->text.data, file->text.len);
			check_sample(&s);
		}
}

static void edited_corpus_files_merge_as_well_as_with_git(void **state)
{
	(void)state;
	corpus_seed = random_first_seed();
	corpus_each(check_file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generated_documents_merge_as_well_as_with_git),
		cmocka_unit_test(edited_corpus_files_merge_as_well_as_with_git),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
