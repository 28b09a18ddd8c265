/* Helpers for the tests of schema/: compile a text, check a document with it, and return the
 * errors. */
#ifndef UNIT_SCHEMA_UNIT_H
#define UNIT_SCHEMA_UNIT_H

#include "unit/unit.h"

#include "schema/schema.h"
#include "schema/validate.h"

#include <stdio.h>

/* Compile `text` into `set` as "schema.json"; the text of the error is "" if it compiles. */
static inline const struct schema *compile_into(
	struct schema_set *set, const char *text, struct error *err)
{
	const struct schema *schema = NULL;
	struct buf copy = BUF_INIT;
	*err = (struct error)ERROR_INIT;
	buf_addstr(&copy, text);
	int rc = schema_compile(set, &schema, &copy, "schema.json", NULL, err);
	assert_int_equal(rc, err->code);
	return rc < 0 ? NULL : schema;
}

/* All errors of `instance`, one per line: "line:column pointer keyword: message". Validation with
 * a report must agree with validation without one. */
static inline void errors_of(const struct schema *schema, const char *instance,
	const struct schema_options *options, struct buf *out)
{
	struct schema_report report = SCHEMA_REPORT_INIT;
	struct error err = ERROR_INIT;
	struct json_doc *doc;
	if (json_parse(&doc, instance, strlen(instance), "instance.json", NULL, &err) < 0)
		fail_msg("%s", err.text);
	bool valid = schema_validate(schema, doc, options, &report);
	assert_int_equal(valid, report.count == 0);
	assert_int_equal(valid, schema_validate(schema, doc, options, NULL));
	for (size_t i = 0; i < report.count; i++)
		buf_addf(out, "%s%zu:%zu %s %s: %s", i ? "\n" : "", report.errors[i].position.line,
			report.errors[i].position.column, report.errors[i].instance,
			report.errors[i].keyword, report.errors[i].message);
	schema_report_release(&report);
	json_doc_free(doc);
}

/* The schema `text` must report exactly `expected` for `instance`; "" if it is valid. */
static inline void assert_says(const char *text, const char *instance, const char *expected)
{
	struct schema_set *set = schema_set_new();
	struct error err;
	struct buf out = BUF_INIT;
	const struct schema *schema = compile_into(set, text, &err);
	if (!schema)
		fail_msg("%s", err.text);
	errors_of(schema, instance, NULL, &out);
	if (strcmp(out.data, expected) != 0)
		fail_msg("%s\n  schema:   %s\n  errors:   %s\n  expected: %s", instance, text,
			out.data, expected);
	buf_release(&out);
	schema_set_free(set);
}

/* The schema `text` must be refused with exactly `expected`. */
static inline void assert_refused(const char *text, const char *expected)
{
	struct schema_set *set = schema_set_new();
	struct error err;
	if (compile_into(set, text, &err))
		fail_msg("accepted: %s", text);
	assert_int_equal(err.code, ERR_INVALID);
	if (strcmp(err.text, expected) != 0)
		fail_msg("%s\n  error:    %s\n  expected: %s", text, err.text, expected);
	schema_set_free(set);
}

#endif
