/*
 * Validates a document with a compiled schema.
 *
 *	struct schema_report report = SCHEMA_REPORT_INIT;
 *	schema_validate(schema, doc, NULL, &report);
 *	... report.count, report.errors ...
 *	schema_report_release(&report);
 *
 * All errors are reported, up to a limit. A failure inside "anyOf", "oneOf", "not" and "if" is not
 * an error by itself; only the keyword is reported. Several threads may use the same schema with
 * different documents.
 */
#ifndef SCHEMA_VALIDATE_H
#define SCHEMA_VALIDATE_H

#include "schema/schema.h"

struct schema_error {
	const struct json_value *value; /* the invalid value; in the document */
	struct json_position position;  /* its position */
	char *instance;                 /* its JSON pointer; a NUL in a name is shown as U+2400 */
	/* The same for people: in JSON Lines, with the keys of an element ("/id=a/status"). */
	char *shown;
	char *keyword;  /* the path through the schema with references: "/items/$ref/type" */
	char *absolute; /* the location of the keyword: "URI#/pointer" */
	char *message;  /* the problem, and a valid value; without the position */
};

struct schema_report {
	struct schema_error *errors;
	size_t count; /* the number of listed errors */
	size_t found; /* the number of all errors, up to where the validation stopped */
	size_t capacity;
	bool unfinished; /* the validation stopped because of a pattern or the schema's
			    recursion; see the last error */
};
#define SCHEMA_REPORT_INIT                                                                         \
	{                                                                                          \
		0                                                                                  \
	}
void schema_report_release(struct schema_report *report);

struct schema_options {
	size_t max_errors;  /* the maximum number of listed errors; 0: 20 */
	bool assert_format; /* "format" is a rule, not only an annotation */
};

/* Is the document valid? Adds the errors to `report`. `options` and `report` may be NULL. */
bool schema_validate(const struct schema *schema, const struct json_doc *doc,
	const struct schema_options *options, struct schema_report *report);

/* The same for a value of the document. */
bool schema_validate_value(const struct schema *schema, const struct json_doc *doc,
	const struct json_value *value, const struct schema_options *options,
	struct schema_report *report);

#endif
