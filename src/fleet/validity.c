#include "fleet/validity.h"

#include "base/alloc.h"
#include "schema/builtin.h"
#include "schema/validate.h"

#include <stdlib.h>
#include <string.h>

struct known {
	const char *name; /* of fleet_file() or builtin_names */
	const struct schema *schema;
	bool is_replaced;
};

struct validity {
	struct schema_set *set;
	struct known *known;
	size_t count, capacity;
};

struct validity *validity_new(void)
{
	struct validity *validity = xcalloc(1, sizeof(*validity));
	validity->set = schema_set_new();
	return validity;
}

void validity_free(struct validity *validity)
{
	if (!validity)
		return;
	schema_set_free(validity->set);
	free(validity->known);
	free(validity);
}

/* The built-in schemas always compile: a test checks each of them. */
static struct known *find(struct validity *validity, const char *name)
{
	for (size_t i = 0; i < validity->count; i++)
		if (!strcmp(validity->known[i].name, name))
			return &validity->known[i];
	GROW(validity->known, validity->count, validity->capacity);
	struct known *known = &validity->known[validity->count++];
	*known = (struct known){ .name = name };
	builtin_compile(validity->set, &known->schema, name, NULL);
	return known;
}

void validity_replaced(struct validity *validity, const char *schema)
{
	find(validity, schema)->is_replaced = true;
}

const struct schema *validity_schema(struct validity *validity, const struct fleet_file *file)
{
	const struct known *known = file->schema ? find(validity, file->schema) : NULL;
	return known && !known->is_replaced ? known->schema : NULL;
}

const char *fleet_list_name(const struct fleet_file *file)
{
	return file->empty ? file->schema : NULL;
}

enum json_type fleet_list_type(const struct fleet_file *file)
{
	return file->kind == FLEET_LOCKS ? JSON_OBJECT : JSON_ARRAY;
}

/* Checks what readers of the file depend on, even if its schema was replaced. */
static int check_list(const struct fleet_file *file, const struct json_doc *doc, struct error *err)
{
	const char *name = fleet_list_name(file);
	enum json_type type = fleet_list_type(file);
	if (json_root(doc)->type != JSON_OBJECT)
		return error_set(err, ERR_INVALID, "must be an object");
	const struct json_value *list = name ? json_member(doc, json_root(doc), name) : NULL;
	if (name && (!list || list->type != type))
		return error_set(err, ERR_INVALID, "must have a member \"%s\" that is an %s", name,
			json_type_name(type));
	return 0;
}

int validity_check_document(struct validity *validity, const struct fleet_file *file,
	const struct json_doc *doc, struct json_position *at, struct error *err)
{
	struct schema_options options = { .max_errors = 1 };
	struct schema_report report = SCHEMA_REPORT_INIT;
	const struct schema *schema = validity_schema(validity, file);
	if (at)
		*at = json_position(doc, json_root(doc)->start);
	int rc = file->schema ? check_list(file, doc, err) : 0;
	if (!rc && schema && !schema_validate(schema, doc, &options, &report)) {
		rc = error_set(err, ERR_INVALID, "%s: %s",
			report.count ? report.errors[0].instance : "",
			report.count ? report.errors[0].message : "does not match its schema");
		if (at && report.count)
			*at = report.errors[0].position;
	}
	schema_report_release(&report);
	return rc;
}

int validity_check(struct validity *validity, const char *path, const char *text, size_t len,
	struct error *err)
{
	const struct fleet_file *file = fleet_file(path);
	struct json_doc *doc = NULL;
	struct json_position at;
	struct error why = ERROR_INIT;
	int rc = file->schema ? json_parse(&doc, text, len, path, NULL, err) : 0;
	if (!doc)
		return rc;
	rc = validity_check_document(validity, file, doc, &at, &why);
	if (rc < 0)
		error_set(err, rc, "%s:%zu:%zu: %s", path, at.line, at.column, why.text);
	json_doc_free(doc);
	return rc;
}
