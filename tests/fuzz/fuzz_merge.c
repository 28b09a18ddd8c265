/*
 * merge/: any three texts merge, in any order of the sides, into valid JSON, and merging the result
 * again does not change it.
 *
 * The first byte of the input selects JSON Lines (the highest bit), and the schema, or none; base, ours and theirs follow, separated
 * by NUL. No git is run, so texts are skipped that only git can merge.
 */
#include "merge/merge.h"
#include "schema/builtin.h"

#include "json/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every rule, for any member at any depth. */
static const char every_rule[] =
	"{\"$id\":\"every\",\"properties\":{\"a\":{\"x-merge\":\"max\"},\"b\":{\"x-merge\":\"min\"}"
	","
	"\"c\":{\"x-merge\":\"or\"},\"d\":{\"x-merge\":\"and\"},\"e\":{\"x-merge\":\"sum\"},"
	"\"f\":{\"x-merge\":\"published\"},\"g\":{\"x-immutable\":true},"
	"\"h\":{\"x-merge\":\"order\",\"x-transitions\":{\"1\":[\"2\"],\"2\":[\"1\",\"3\"],\"3\":[]"
	"}},"
	"\"i\":{\"x-list-type\":\"set\",\"items\":{\"$ref\":\"#\"}},"
	"\"j\":{\"x-list-type\":\"map\",\"x-list-map-keys\":[\"k\"],\"items\":{\"$ref\":\"#\"}},"
	"\"l\":{\"x-list-type\":\"map\",\"x-list-map-keys\":[\"k\",\"g\"],\"items\":{\"$ref\":\"#"
	"\"}},"
	"\"m\":{\"x-list-type\":\"atomic\"},\"n\":{\"x-map-type\":\"atomic\"},"
	"\"o\":{\"x-merge\":\"latest\",\"x-merge-clock\":\"t\",\"$ref\":\"#\"}},"
	"\"additionalProperties\":{\"$ref\":\"#\"},\"items\":{\"$ref\":\"#\"}}";

enum { MOST_SCHEMAS = 16 };

static void insist(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "failed: %s\n", what);
	abort();
}

static const struct schema *choose_schema(uint8_t choice)
{
	static struct schema_set *set;
	static const struct schema *schemas[MOST_SCHEMAS];
	static size_t count;
	if (!set) {
		struct buf text = BUF_INIT;
		set = schema_set_new();
		buf_addstr(&text, every_rule);
		insist(!schema_compile(set, &schemas[count++], &text, "every", NULL, NULL),
			"the schema compiles");
		for (size_t i = 0; builtin_names[i] && count < MOST_SCHEMAS; i++)
			insist(!builtin_compile(set, &schemas[count++], builtin_names[i], NULL),
				"built-in schemas compile");
	}
	choice %= count + 1;
	return choice < count ? schemas[choice] : NULL;
}

static bool lines; /* the texts are JSON Lines */

static bool parses(const struct merge_text *text, bool duplicates)
{
	struct json_limits limits = { .duplicates = duplicates, .lines = lines };
	struct json_doc *doc;
	if (json_parse(&doc, text->bytes, text->len, "x", &limits, NULL) < 0)
		return false;
	json_doc_free(doc);
	return true;
}

/* An empty side is broken, unless there is no base. */
static bool is_json(const struct merge_text *text)
{
	return text->len && parses(text, false);
}

/* Members that occur twice are accepted if all versions have some. */
static bool all_parse(const struct merge_text texts[3])
{
	return parses(&texts[0], true) && parses(&texts[1], true) && parses(&texts[2], true);
}

static int merge(const struct schema *schema, const struct merge_text *base,
	const struct merge_text *ours, const struct merge_text *theirs, struct merge_result *result)
{
	struct merge_request request = { .base = *base,
		.ours = *ours,
		.theirs = *theirs,
		.name = "x",
		.schema = schema,
		.lines = lines,
		.marker_size = 7,
		.no_line_merge = true };
	struct error err = ERROR_INIT;
	int rc = merge_documents(&request, result, &err);
	insist(rc >= 0, "any texts merge");
	return rc;
}

static bool same(const struct merge_text *a, const struct buf *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->data, a->len);
}

static void check(const struct schema *schema, const struct merge_text texts[3])
{
	const struct merge_text *base = &texts[0], *ours = &texts[1], *theirs = &texts[2];
	struct merge_result result = MERGE_RESULT_INIT, swapped = MERGE_RESULT_INIT;
	struct merge_result again = MERGE_RESULT_INIT;
	int rc = merge(schema, base, ours, theirs, &result);
	struct merge_text merged = { result.text.data, result.text.len };
	insist(rc == merge(schema, base, theirs, ours, &swapped), "the sides can be swapped");
	if (!rc) {
		insist(parses(&merged, all_parse(texts)), "the result is JSON");
		insist(same(&merged, &swapped.text), "the sides can be swapped");
		if (is_json(ours)) {
			merge(schema, ours, ours, &merged, &again);
			insist(same(&merged, &again.text), "merging again changes nothing");
		}
	}
	merge_result_release(&result);
	merge_result_release(&swapped);
	merge_result_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct merge_text texts[3];
	char *copies[3];
	if (!size)
		return 0;
	lines = *data & 0x80;
	const struct schema *schema = choose_schema(*data & 0x7f);
	data++;
	size--;
	for (int i = 0; i < 3; i++) {
		const uint8_t *end = size && i < 2 ? memchr(data, '\0', size) : NULL;
		size_t len = end ? (size_t)(end - data) : size;
		/* A separate allocation, so that reading past its end is detected. */
		copies[i] = malloc(len ? len : 1);
		memcpy(copies[i], data, len);
		texts[i] = (struct merge_text){ copies[i], len };
		data += end ? len + 1 : len;
		size -= end ? len + 1 : len;
	}
	if (is_json(&texts[1]) || is_json(&texts[2]) || all_parse(texts))
		check(schema, texts);
	for (int i = 0; i < 3; i++)
		free(copies[i]);
	return 0;
}
