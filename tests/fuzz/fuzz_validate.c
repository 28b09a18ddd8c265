/*
 * schema/: a document is either valid or not, the same with a report and without one, and each
 * time; errors have a location in the document.
 *
 * The input is a schema, followed by a NUL and a document.
 */
#include "schema/schema.h"
#include "schema/validate.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Abort, so that libFuzzer keeps the input. */
static void insist(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static void check_error(const struct json_doc *doc, const struct schema_error *error)
{
	size_t len;
	const char *raw = json_raw(doc, error->value, &len);
	const char *text = json_text(doc, &(size_t){ 0 });
	struct json_position where = json_position(doc, (size_t)(raw - text));
	insist(where.line == error->position.line && where.column == error->position.column,
		"an error is where its value is");
	/* U+2400 represents a NUL. */
	if (!strstr(error->instance, "\u2400"))
		insist(json_at(doc, error->instance) == error->value, "its pointer leads there");
	insist(!*error->keyword || *error->keyword == '/', "the way to the keyword is a pointer");
	insist(strchr(error->absolute, '#') && *error->message, "it says what is wrong and where");
}

static void validate(const struct schema *schema, const struct json_doc *doc, bool assert_format)
{
	struct schema_options options = { .max_errors = 5, .assert_format = assert_format };
	struct schema_report report = SCHEMA_REPORT_INIT;
	bool valid = schema_validate(schema, doc, &options, &report);
	insist(valid == !report.count && report.found >= report.count, "what is invalid says why");
	insist(report.unfinished || report.count <= 5, "no more is listed than was asked for");
	for (size_t i = 0; i < report.count; i++)
		check_error(doc, &report.errors[i]);
	/* Validation without a report ends earlier, and may have a result where the other reaches
	 * a limit. */
	if (!report.unfinished)
		insist(schema_validate(schema, doc, &options, NULL) == valid,
			"the ways to ask agree");
	schema_report_release(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\0', size) : NULL;
	if (!end)
		return 0;
	struct schema_set *set = schema_set_new();
	const struct schema *schema;
	struct json_doc *doc;
	struct buf text = BUF_INIT, instance = BUF_INIT;
	buf_add(&text, data, (size_t)(end - data));
	buf_add(&instance, end + 1, size - (size_t)(end + 1 - data));
	if (!schema_compile(set, &schema, &text, "schema", NULL, NULL) &&
		!json_parse_buf(&doc, &instance, "document", NULL, NULL)) {
		validate(schema, doc, false);
		validate(schema, doc, true);
		json_doc_free(doc);
	}
	buf_release(&instance);
	schema_set_free(set);
	return 0;
}
