/*
 * Runs JSON Schema cases in the form of the public test suite: each file is a list of groups,
 * each with a schema and tests, each with a document and whether it is valid.
 *
 * usage: conformance [--remotes DIR] [--format] FILE...
 *
 * Prints the count of each file and every wrong result; ends with "N passed, N failed".
 */
#include "base/alloc.h"
#include "base/file.h"
#include "schema/schema.h"
#include "schema/validate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tally {
	size_t passed, failed;
};

static const char *remotes;
static bool assert_format;

static void miss(const char *file, const struct json_doc *doc, const struct json_value *group,
	const struct json_value *test, const char *why)
{
	char *first = json_strdup(doc, json_member(doc, group, "description"));
	char *second = test ? json_strdup(doc, json_member(doc, test, "description")) : NULL;
	printf("  %s: %s / %s: %s\n", file, first, second ? second : "-", why);
	free(first);
	free(second);
}

/* The text of `value` as a separate document. */
static struct json_doc *extract(const struct json_doc *doc, const struct json_value *value)
{
	size_t len;
	const char *text = json_raw(doc, value, &len);
	struct json_doc *out = NULL;
	json_parse(&out, text, len, "instance", NULL, NULL);
	return out;
}

static void run_test(const char *file, const struct json_doc *doc, const struct json_value *group,
	const struct json_value *test, const struct schema *schema, struct tally *tally)
{
	const struct json_value *expected = json_member(doc, test, "valid");
	struct json_doc *instance = extract(doc, json_member(doc, test, "data"));
	struct schema_report report = SCHEMA_REPORT_INIT;
	struct schema_options options = { .assert_format = assert_format };
	bool valid = schema_validate(schema, instance, &options, &report);
	/* Validation with a report must agree with validation without one. */
	bool quiet = schema_validate(schema, instance, &options, NULL);
	bool told = report.count > 0;
	if (valid == (expected->type == JSON_TRUE) && quiet == valid && told == !valid &&
		!report.unfinished) {
		tally->passed++;
	} else {
		tally->failed++;
		miss(file, doc, group, test,
			quiet != valid || told == valid ? "the ways to ask disagree"
				: report.unfinished     ? "given up"
				: valid                 ? "is taken"
							: report.errors[0].message);
	}
	schema_report_release(&report);
	json_doc_free(instance);
}

static void run_group(const char *file, const struct json_doc *doc, const struct json_value *group,
	struct tally *tally)
{
	struct schema_set *set = schema_set_new();
	const struct schema *schema;
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;
	size_t len;
	const char *raw = json_raw(doc, json_member(doc, group, "schema"), &len);
	const struct json_value *tests = json_member(doc, group, "tests");
	const struct json_value *invalid = json_member(doc, group, "invalid");
	if (remotes)
		schema_set_map(set, "http://localhost:1234/", remotes);
	buf_add(&text, raw, len);
	int rc = schema_compile(set, &schema, &text, "schema", NULL, &err);
	if (invalid) {
		/* One of our groups, about invalid schemas. */
		tally->passed += rc < 0;
		tally->failed += rc >= 0;
		if (rc >= 0)
			miss(file, doc, group, NULL, "the schema is taken");
	} else if (rc < 0) {
		tally->failed += tests->count;
		miss(file, doc, group, NULL, err.text);
	} else {
		JSON_EACH (test, tests)
			run_test(file, doc, group, test, schema, tally);
	}
	schema_set_free(set);
}

static struct tally run_file(const char *path)
{
	struct tally tally = { 0 };
	struct buf text = BUF_INIT;
	struct json_doc *doc;
	struct error err = ERROR_INIT;
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
	if (file_read(&text, path, JSON_DEFAULT_LIMIT, &err) < 0 ||
		json_parse_buf(&doc, &text, path, NULL, &err) < 0) {
		printf("  %s\n", err.text);
		tally.failed++;
		return tally;
	}
	JSON_EACH (group, json_root(doc))
		run_group(file, doc, group, &tally);
	printf("%-32s %4zu passed", file, tally.passed);
	printf(tally.failed ? ", %zu FAILED\n" : "\n", tally.failed);
	json_doc_free(doc);
	return tally;
}

int main(int argc, char **argv)
{
	struct tally total = { 0 };
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--remotes") && i + 1 < argc) {
			remotes = argv[++i];
		} else if (!strcmp(argv[i], "--format")) {
			assert_format = true;
		} else {
			struct tally tally = run_file(argv[i]);
			total.passed += tally.passed;
			total.failed += tally.failed;
		}
	}
	printf("%zu passed, %zu failed\n", total.passed, total.failed);
	return total.failed || !total.passed;
}
