/*
 * git build schema: shows the built-in schemas, also as a start for custom ones.
 */
#include "cli/listing.h"

#include "json/document.h"
#include "schema/builtin.h"

#include <stdlib.h>
#include <string.h>

static char *describe(const char *name, const char *member)
{
	struct json_doc *doc;
	size_t len;
	const char *text = builtin_text(name, &len);
	if (json_parse(&doc, text, len, name, NULL, NULL) < 0)
		return NULL;
	char *words_of = json_strdup(doc, json_member(doc, json_root(doc), member));
	json_doc_free(doc);
	return words_of;
}

static int list(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	struct listing listing;
	(void)values;
	(void)operands;
	(void)err;
	listing_begin(&listing, "schemas", TITLES("SCHEMA", "PURPOSE"));
	for (size_t i = 0; builtin_names[i]; i++) {
		char *description = describe(builtin_names[i], "description");
		listing_row(&listing);
		json_put_string(&listing.json, "name", builtin_names[i]);
		json_put_string_or_null(&listing.json, "description", description);
		table_add(&listing.table, SHOW_PLAIN, builtin_names[i]);
		table_add(&listing.table, SHOW_PLAIN, description);
		free(description);
	}
	listing_end(&listing, inv, true);
	return ANSWER_YES;
}

static int show(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const char *name = operands->words[0];
	size_t len;
	(void)inv;
	(void)values;
	const char *text = builtin_text(name, &len);
	if (!text) {
		struct schema_set *set = schema_set_new();
		const struct schema *unused;
		int rc = builtin_compile(set, &unused, name, err); /* reports the nearest name */
		schema_set_free(set);
		return rc;
	}
	struct buf out = BUF_INIT;
	buf_add(&out, text, len);
	show_text(&out);
	buf_release(&out);
	return ANSWER_YES;
}

static const struct verb verbs[] = {
	{ "", "[--json]", NULL, NULL, NEEDS_NOTHING, true, 0, 0, NULL, list },
	{ "list", "[--json]", NULL, NULL, NEEDS_NOTHING, true, 0, 0, NULL, list },
	{ "show", "NAME", NULL, NULL, NEEDS_NOTHING, false, 1, 1, builtin_names, show },
	{ .name = NULL },
};

const struct command command_schema = {
	.name = "schema",
	.summary = "list and show the built-in schemas",
	.verbs = verbs,
};
