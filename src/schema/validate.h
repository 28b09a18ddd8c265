/*
 * Holding a document against a compiled schema.
 *
 *	struct schema_report report = SCHEMA_REPORT_INIT;
 *	schema_validate(schema, doc, NULL, &report);
 *	... report.count, report.errors ...
 *	schema_report_release(&report);
 *
 * Every error is told, up to a limit, not just the first. Inside "anyOf", "oneOf", "not" and "if"
 * what fails is not an error by itself; the keyword is named once. Several threads may use one
 * schema, each with documents of its own.
 */
#ifndef SCHEMA_VALIDATE_H
#define SCHEMA_VALIDATE_H

#include "schema/schema.h"

struct schema_error {
	const struct json_value *value; /* what is wrong; of the document */
	struct json_position position;  /* where it stands */
	char *instance;                 /* its JSON pointer; a NUL in a name is shown as U+2400 */
	char *keyword;  /* the way through the schema, references included: "/items/$ref/type" */
	char *absolute; /* where the keyword stands: "URI#/pointer" */
	char *message;  /* what is wrong, and what would be right; without the place */
};

struct schema_report {
	struct schema_error *errors;
	size_t count; /* how many are listed */
	size_t found; /* how many there are, up to where the search was given up */
	size_t capacity;
	bool unfinished; /* a pattern or the schema's recursion had no end: the last error says
			    which */
};
#define SCHEMA_REPORT_INIT                                                                         \
	{                                                                                          \
		0                                                                                  \
	}
void schema_report_release(struct schema_report *report);

struct schema_options {
	size_t max_errors;  /* how many to list; 0: 20 */
	bool assert_format; /* is "format" a rule, and not just a remark? */
};

/* Is the document's root valid? Adds what is wrong to `report` (NULL: nobody wants to know).
 * `options` may be NULL. */
bool schema_validate(const struct schema *schema, const struct json_doc *doc,
	const struct schema_options *options, struct schema_report *report);

/* The same for one value of the document. */
bool schema_validate_value(const struct schema *schema, const struct json_doc *doc,
	const struct json_value *value, const struct schema_options *options,
	struct schema_report *report);

#endif
