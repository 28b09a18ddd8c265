/* The set: schemas by their URI, and the resolution of references. */
#include "base/alloc.h"
#include "base/hash.h"
#include "base/file.h"
#include "base/embedded.h"
#include "schema/node.h"
#include "format/uri.h"

#include <stdlib.h>
#include <string.h>

/* The limit of a schema's text: the time to look up its names is quadratic. */
enum { SIZE_LIMIT = 1 << 20 };

/* The maximum depth of nested metaschemas. */
enum { MOST_METASCHEMAS = 16 };

struct schema_set *schema_set_new(void)
{
	return xcalloc(1, sizeof(struct schema_set));
}

void schema_set_free(struct schema_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->docs_count; i++)
		json_doc_free(set->docs[i]);
	for (size_t i = 0; i < set->maps_count; i++) {
		free(set->maps[i].prefix);
		free(set->maps[i].directory);
	}
	for (size_t i = 0; i < set->patterns_count; i++)
		pattern_free(set->patterns[i]);
	free(set->docs);
	free(set->maps);
	free(set->patterns);
	free(set->known);
	free(set->anchors);
	free(set->queue);
	arena_release(&set->arena);
	free(set);
}

void schema_set_map(struct schema_set *set, const char *prefix, const char *directory)
{
	GROW(set->maps, set->maps_count, set->maps_capacity);
	set->maps[set->maps_count++] = (struct map){ xstrdup(prefix), xstrdup(directory) };
}

int set_refuse(const struct json_doc *doc, const struct json_value *value, struct error *err,
	const char *format, ...)
{
	struct json_position where = json_position(doc, value->start);
	struct buf text = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	error_set(err, ERR_INVALID, "%s:%zu:%zu: %s", json_name(doc), where.line, where.column,
		text.data);
	buf_release(&text);
	return ERR_INVALID;
}

/* ---- entries of subschemas ---- */

static size_t slot_of(const struct schema_set *set, const struct json_value *value)
{
	size_t slot = (size_t)hash_mix(0, (uintptr_t)value) & (set->known_size - 1);
	while (set->known[slot].value && set->known[slot].value != value)
		slot = (slot + 1) & (set->known_size - 1);
	return slot;
}

struct known *set_known(struct schema_set *set, const struct json_value *value)
{
	if (!set->known_size)
		return NULL;
	struct known *known = &set->known[slot_of(set, value)];
	return known->value ? known : NULL;
}

static void make_known(
	struct schema_set *set, const struct json_value *value, struct resource *resource)
{
	if (set->known_count * 2 >= set->known_size) {
		struct known *old = set->known;
		size_t old_size = set->known_size;
		set->known_size = old_size ? old_size * 2 : 256;
		set->known = xcalloc(set->known_size, sizeof(*set->known));
		for (size_t i = 0; i < old_size; i++)
			if (old[i].value)
				set->known[slot_of(set, old[i].value)] = old[i];
		free(old);
	}
	set->known[slot_of(set, value)] = (struct known){ .value = value, .resource = resource };
	set->known_count++;
}

/* ---- resources ---- */

static bool same_uri(const char *a, const char *b)
{
	/* An empty fragment at the end is ignored (RFC 3986, section 4.4; it is in the "$id" of
	 * draft-07). */
	size_t a_len = strlen(a), b_len = strlen(b);
	a_len -= a_len && a[a_len - 1] == '#';
	b_len -= b_len && b[b_len - 1] == '#';
	return a_len == b_len && !memcmp(a, b, a_len);
}

static bool same_dialect(const struct dialect *a, const struct dialect *b)
{
	return a->draft == b->draft && a->applicator == b->applicator &&
		a->unevaluated == b->unevaluated && a->validation == b->validation &&
		a->format_assertion == b->format_assertion;
}

static bool has_uri(const struct resource *resource, const char *uri)
{
	return same_uri(resource->uri, uri) ||
		(resource->second_uri && same_uri(resource->second_uri, uri));
}

/* The resource with this URI, for the referrer `from`; if it was only read for referrers of other
 * dialects, `*other` is one of those. */
static struct resource *find_resource(struct schema_set *set, const char *uri,
	const struct resource *from, struct resource **other)
{
	*other = NULL;
	for (struct resource *at = set->resources; at; at = at->next) {
		if (!has_uri(at, uri))
			continue;
		if (!at->inherits || at->doc == from->doc ||
			same_dialect(&at->dialect, &from->dialect))
			return at;
		*other = at;
	}
	return NULL;
}

static struct resource *add_resource(struct schema_set *set, const struct json_doc *doc,
	const struct json_value *root, const char *uri, struct dialect dialect, bool inherits)
{
	struct resource *resource = arena_zero(&set->arena, 1, sizeof(*resource));
	const char *hash = strchr(uri, '#');
	*resource = (struct resource){
		.next = set->resources,
		.uri = arena_strndup(&set->arena, uri, hash ? (size_t)(hash - uri) : strlen(uri)),
		.doc = doc,
		.root = root,
		.dialect = dialect,
		.inherits = inherits,
	};
	set->resources = resource;
	return resource;
}

/* ---- anchors ---- */

/* The place of an anchor in the table: empty, if there is none. */
static struct anchor **anchor_place(
	struct schema_set *set, const struct resource *resource, const char *name, size_t len)
{
	uint64_t hash = hash_mix(hash_bytes(name, len), (uintptr_t)resource);
	size_t slot = (size_t)hash & (set->anchors_size - 1);
	for (; set->anchors[slot]; slot = (slot + 1) & (set->anchors_size - 1)) {
		const struct anchor *at = set->anchors[slot];
		if (at->resource == resource && strlen(at->name) == len &&
			!memcmp(at->name, name, len))
			break;
	}
	return &set->anchors[slot];
}

static void make_place_for_anchor(struct schema_set *set)
{
	struct anchor **old = set->anchors;
	size_t old_size = set->anchors_size;
	if (set->anchors_count * 2 < old_size)
		return;
	set->anchors_size = old_size ? old_size * 2 : 64;
	set->anchors = xcalloc(set->anchors_size, sizeof(*set->anchors));
	for (size_t i = 0; i < old_size; i++)
		if (old[i])
			*anchor_place(set, old[i]->resource, old[i]->name, strlen(old[i]->name)) =
				old[i];
	free(old);
}

static const struct anchor *find_anchor(
	struct schema_set *set, const struct resource *resource, const char *name, size_t len)
{
	return set->anchors_size ? *anchor_place(set, resource, name, len) : NULL;
}

/* Names the schema `value`, by its member `keyword`. The name must be new in the resource: a
 * reference to one of two schemas would depend on their order. */
static int add_anchor(struct schema_set *set, struct resource *resource,
	const struct json_value *value, const struct json_value *keyword, struct text name,
	bool dynamic, struct error *err)
{
	const struct anchor *first = find_anchor(set, resource, name.bytes, name.len);
	if (first) {
		struct json_position where = json_position(resource->doc, first->keyword->start);
		return set_refuse(resource->doc, keyword, err,
			"the name \"" TEXT_FMT "\" is already used at %s:%zu:%zu in the same "
			"schema; choose a different name",
			TEXT_ARG(name), json_name(resource->doc), where.line, where.column);
	}
	struct anchor *anchor = arena_zero(&set->arena, 1, sizeof(*anchor));
	*anchor = (struct anchor){ .next = resource->anchors,
		.resource = resource,
		.name = arena_strndup(&set->arena, name.bytes, name.len),
		.value = value,
		.keyword = keyword,
		.dynamic = dynamic };
	resource->anchors = anchor;
	make_place_for_anchor(set);
	*anchor_place(set, resource, anchor->name, name.len) = anchor;
	set->anchors_count++;
	return 0;
}

/* ---- dialects ---- */

static int load_resource(struct schema_set *set, const char *uri, const struct resource *from,
	struct resource **out, struct error *err);

static const struct vocabulary {
	enum draft draft;
	const char *uri;
	bool applicator, unevaluated, validation, format_assertion;
} vocabularies[] = {
#define V2019 "https://json-schema.org/draft/2019-09/vocab/"
	{ .draft = DRAFT_2019_09, .uri = V2019 "core" },
	{ .draft = DRAFT_2019_09,
		.uri = V2019 "applicator",
		.applicator = true,
		.unevaluated = true },
	{ .draft = DRAFT_2019_09, .uri = V2019 "validation", .validation = true },
	{ .draft = DRAFT_2019_09, .uri = V2019 "meta-data" },
	/* Only a required one is a rule: the draft's own metaschema has it as not required. */
	{ .draft = DRAFT_2019_09, .uri = V2019 "format", .format_assertion = true },
	{ .draft = DRAFT_2019_09, .uri = V2019 "content" },
#define V2020 "https://json-schema.org/draft/2020-12/vocab/"
	{ .draft = DRAFT_2020_12, .uri = V2020 "core" },
	{ .draft = DRAFT_2020_12, .uri = V2020 "applicator", .applicator = true },
	{ .draft = DRAFT_2020_12, .uri = V2020 "unevaluated", .unevaluated = true },
	{ .draft = DRAFT_2020_12, .uri = V2020 "validation", .validation = true },
	{ .draft = DRAFT_2020_12, .uri = V2020 "meta-data" },
	{ .draft = DRAFT_2020_12, .uri = V2020 "format-annotation" },
	{ .draft = DRAFT_2020_12, .uri = V2020 "format-assertion", .format_assertion = true },
	{ .draft = DRAFT_2020_12, .uri = V2020 "content" },
};

static const struct vocabulary *find_vocabulary(enum draft draft, const char *uri, size_t len)
{
	for (size_t i = 0; i < sizeof(vocabularies) / sizeof(*vocabularies); i++)
		if (vocabularies[i].draft == draft && strlen(vocabularies[i].uri) == len &&
			!memcmp(vocabularies[i].uri, uri, len))
			return &vocabularies[i];
	return NULL;
}

/* Reads the value of "$vocabulary" of a metaschema into `dialect`. */
static int read_vocabularies(const struct resource *meta, const struct json_value *value,
	struct dialect *dialect, struct error *err)
{
	dialect->applicator = dialect->unevaluated = dialect->validation = false;
	JSON_EACH (member, value) {
		size_t len;
		const char *uri = json_key(meta->doc, member, &len);
		const struct vocabulary *known = find_vocabulary(dialect->draft, uri, len);
		bool required = member->type == JSON_TRUE;
		if (!known && required)
			return set_refuse(meta->doc, member, err,
				"the metaschema requires the unknown vocabulary %.*s", (int)len,
				uri);
		if (!known)
			continue;
		dialect->applicator |= known->applicator;
		dialect->unevaluated |= known->unevaluated;
		dialect->validation |= known->validation;
		dialect->format_assertion |=
			known->format_assertion && (required || known->draft != DRAFT_2019_09);
	}
	return 0;
}

#define FULL_2020_12                                                                               \
	{                                                                                          \
		.draft = DRAFT_2020_12, .applicator = true, .unevaluated = true,                   \
		.validation = true                                                                 \
	}
static const struct dialect full_2020_12 = FULL_2020_12;
static const struct dialect full_2019_09 = {
	.draft = DRAFT_2019_09, .applicator = true, .unevaluated = true, .validation = true
};
static const struct dialect full_7 = { .draft = DRAFT_7, .applicator = true, .validation = true };
const struct resource default_referrer = { .uri = "", .dialect = FULL_2020_12 };

/* Reads the dialect of "$schema" of `value`; `*dialect` does not change if there is none. */
static int read_dialect(struct schema_set *set, const struct json_doc *doc,
	const struct json_value *value, struct dialect *dialect, struct error *err)
{
	const struct json_value *member = json_member(doc, value, "$schema");
	char *uri = json_strdup(doc, member);
	int rc = 0;
	if (!uri)
		return member
			? set_refuse(doc, member, err, "\"$schema\" must be a URI, as a string")
			: 0;
	if (same_uri(uri, "https://json-schema.org/draft/2020-12/schema")) {
		*dialect = full_2020_12;
	} else if (same_uri(uri, "https://json-schema.org/draft/2019-09/schema")) {
		*dialect = full_2019_09;
	} else if (same_uri(uri, "http://json-schema.org/draft-07/schema") ||
		same_uri(uri, "https://json-schema.org/draft-07/schema")) {
		*dialect = full_7;
	} else {
		struct resource *meta;
		if (load_resource(set, uri, &default_referrer, &meta, NULL) < 0) {
			rc = set_refuse(doc, member, err,
				"unknown draft \"%s\"; expected "
				"\"https://json-schema.org/draft/2020-12/schema\", "
				"\"https://json-schema.org/draft/2019-09/schema\", "
				"\"http://json-schema.org/draft-07/schema#\" or a metaschema found "
				"with --map",
				uri);
		} else {
			const struct json_value *vocabulary =
				json_member(meta->doc, meta->root, "$vocabulary");
			*dialect = meta->dialect;
			if (vocabulary && dialect->draft != DRAFT_7)
				rc = read_vocabularies(meta, vocabulary, dialect, err);
		}
	}
	free(uri);
	return rc;
}

/* ---- finding the names in a schema ---- */

enum holds { HOLDS_SCHEMA, HOLDS_LIST, HOLDS_MAP, HOLDS_SCHEMA_OR_LIST, HOLDS_MAP_OF_ANY };

static const struct {
	const char *keyword;
	enum holds holds;
	enum draft since, until;
} applicators[] = {
	{ "additionalItems", HOLDS_SCHEMA, DRAFT_7, DRAFT_2019_09 },
	{ "additionalProperties", HOLDS_SCHEMA, DRAFT_7, DRAFT_2020_12 },
	{ "allOf", HOLDS_LIST, DRAFT_7, DRAFT_2020_12 },
	{ "anyOf", HOLDS_LIST, DRAFT_7, DRAFT_2020_12 },
	{ "contains", HOLDS_SCHEMA, DRAFT_7, DRAFT_2020_12 },
	{ "contentSchema", HOLDS_SCHEMA, DRAFT_2019_09, DRAFT_2020_12 },
	{ "definitions", HOLDS_MAP, DRAFT_7, DRAFT_2020_12 },
	{ "dependencies", HOLDS_MAP_OF_ANY, DRAFT_7, DRAFT_7 },
	{ "dependentSchemas", HOLDS_MAP, DRAFT_2019_09, DRAFT_2020_12 },
	{ "else", HOLDS_SCHEMA, DRAFT_7, DRAFT_2020_12 },
	{ "if", HOLDS_SCHEMA, DRAFT_7, DRAFT_2020_12 },
	{ "items", HOLDS_SCHEMA_OR_LIST, DRAFT_7, DRAFT_2020_12 },
	{ "not", HOLDS_SCHEMA, DRAFT_7, DRAFT_2020_12 },
	{ "oneOf", HOLDS_LIST, DRAFT_7, DRAFT_2020_12 },
	{ "patternProperties", HOLDS_MAP, DRAFT_7, DRAFT_2020_12 },
	{ "prefixItems", HOLDS_LIST, DRAFT_2020_12, DRAFT_2020_12 },
	{ "properties", HOLDS_MAP, DRAFT_7, DRAFT_2020_12 },
	{ "propertyNames", HOLDS_SCHEMA, DRAFT_7, DRAFT_2020_12 },
	{ "then", HOLDS_SCHEMA, DRAFT_7, DRAFT_2020_12 },
	{ "unevaluatedItems", HOLDS_SCHEMA, DRAFT_2019_09, DRAFT_2020_12 },
	{ "unevaluatedProperties", HOLDS_SCHEMA, DRAFT_2019_09, DRAFT_2020_12 },
	{ "x-remove-when", HOLDS_SCHEMA, DRAFT_7, DRAFT_2020_12 },
	{ "$defs", HOLDS_MAP, DRAFT_2019_09, DRAFT_2020_12 },
};

static bool is_schema(const struct json_value *value)
{
	return value->type == JSON_OBJECT || value->type == JSON_TRUE || value->type == JSON_FALSE;
}

static int scan_keyword(struct schema_set *set, struct resource *resource, enum holds holds,
	const struct json_value *value, struct error *err)
{
	bool is_list =
		value->type == JSON_ARRAY && (holds == HOLDS_LIST || holds == HOLDS_SCHEMA_OR_LIST);
	bool is_map =
		value->type == JSON_OBJECT && (holds == HOLDS_MAP || holds == HOLDS_MAP_OF_ANY);
	int rc = 0;
	if (is_list || is_map) {
		JSON_EACH (child, value)
			if (!rc && is_schema(child))
				rc = set_scan(set, resource, child, err);
	} else if (is_schema(value) && (holds == HOLDS_SCHEMA || holds == HOLDS_SCHEMA_OR_LIST)) {
		rc = set_scan(set, resource, value, err);
	}
	return rc;
}

static bool is_taken(const struct schema_set *set, const struct json_doc *doc, const char *uri)
{
	for (const struct resource *at = set->resources; at; at = at->next)
		if (at->doc == doc && same_uri(at->uri, uri))
			return true;
	return false;
}

/* Makes a schema with an "$id" a separate resource, and stores it in `*resource`. */
static int enter_resource(struct schema_set *set, struct resource **resource,
	const struct json_value *value, struct error *err)
{
	struct resource *outer = *resource;
	const struct json_value *id = json_member(outer->doc, value, "$id");
	size_t len;
	const char *text = json_string(outer->doc, id, &len);
	struct dialect dialect = outer->dialect;
	if (!text)
		return id && value->type == JSON_OBJECT
			? set_refuse(outer->doc, id, err,
				  "\"$id\" must be a URI reference, as a string")
			: 0;
	if (dialect.draft == DRAFT_7 && json_member(outer->doc, value, "$ref"))
		return 0; /* draft-07, 8.3: keywords next to "$ref" are ignored */
	const char *hash = memchr(text, '#', len);
	if (dialect.draft == DRAFT_7 && len && *text == '#') {
		return add_anchor(
			set, outer, value, id, (struct text){ text + 1, len - 1 }, false, err);
	}
	if (dialect.draft != DRAFT_7 && hash && hash != text + len - 1)
		return set_refuse(outer->doc, id, err,
			"\"$id\" must not have a fragment; use \"$anchor\" for a part of a "
			"schema");
	struct buf uri = BUF_INIT;
	uri_resolve(outer->uri, text, len, &uri);
	int rc = value == outer->root ? 0 : read_dialect(set, outer->doc, value, &dialect, err);
	if (!rc && value == outer->root) {
		outer->second_uri = outer->uri;
		const char *end = strchr(uri.data, '#');
		outer->uri = arena_strndup(
			&set->arena, uri.data, end ? (size_t)(end - uri.data) : uri.len);
	} else if (!rc && is_taken(set, outer->doc, uri.data)) {
		rc = set_refuse(outer->doc, id, err,
			"\"$id\" is already used by another schema of this document");
	} else if (!rc) {
		*resource = add_resource(set, outer->doc, value, uri.data, dialect,
			outer->inherits && !json_member(outer->doc, value, "$schema"));
	}
	buf_release(&uri);
	return rc;
}

static int scan_anchor(struct schema_set *set, struct resource *resource,
	const struct json_value *value, const char *keyword, bool dynamic, struct error *err)
{
	size_t len;
	const struct json_value *member = json_member(resource->doc, value, keyword);
	const char *name = json_string(resource->doc, member, &len);
	if (!member)
		return 0;
	if (!name || !len || memchr(name, '/', len) || memchr(name, '#', len))
		return set_refuse(resource->doc, member, err,
			"\"%s\" must be a name of letters, digits, '-', '_', ':' and '.'", keyword);
	return add_anchor(set, resource, value, member, (struct text){ name, len }, dynamic, err);
}

/* 2019-09, 8.2.4.2: only at the root of a resource, for the whole resource. */
static int scan_recursive_anchor(struct schema_set *set, struct resource *resource,
	const struct json_value *value, struct error *err)
{
	const struct json_value *member = json_member(resource->doc, value, "$recursiveAnchor");
	if (member && member->type != JSON_TRUE && member->type != JSON_FALSE)
		return set_refuse(
			resource->doc, member, err, "\"$recursiveAnchor\" must be true or false");
	if (!member || member->type == JSON_FALSE)
		return 0;
	if (value != resource->root)
		return set_refuse(resource->doc, member, err,
			"\"$recursiveAnchor\" must be at the root of a schema, or next to an "
			"\"$id\"");
	return add_anchor(set, resource, value, member, (struct text){ "", 0 }, true, err);
}

static int scan_names(struct schema_set *set, struct resource *resource,
	const struct json_value *value, struct error *err)
{
	enum draft draft = resource->dialect.draft;
	int rc = 0;
	if (draft >= DRAFT_2019_09)
		rc = scan_anchor(set, resource, value, "$anchor", false, err);
	if (!rc && draft == DRAFT_2019_09)
		rc = scan_recursive_anchor(set, resource, value, err);
	if (!rc && draft == DRAFT_2020_12)
		rc = scan_anchor(set, resource, value, "$dynamicAnchor", true, err);
	return rc;
}

int set_scan(struct schema_set *set, struct resource *resource, const struct json_value *value,
	struct error *err)
{
	if (set_known(set, value))
		return 0;
	int rc = enter_resource(set, &resource, value, err);
	if (rc < 0)
		return rc;
	make_known(set, value, resource);
	enum draft draft = resource->dialect.draft;
	rc = scan_names(set, resource, value, err);
	for (size_t i = 0; !rc && i < sizeof(applicators) / sizeof(*applicators); i++) {
		const struct json_value *member =
			json_member(resource->doc, value, applicators[i].keyword);
		if (member && draft >= applicators[i].since && draft <= applicators[i].until)
			rc = scan_keyword(set, resource, applicators[i].holds, member, err);
	}
	return rc;
}

/* ---- adding and finding ---- */

/* Parses and scans a document, in `dialect` if it has no "$schema"; `*out` is its resource. */
static int add_text(struct schema_set *set, struct buf *text, const char *name, const char *uri,
	const struct dialect *dialect, struct resource **out, struct error *err)
{
	struct json_doc *doc;
	struct json_limits limits = { .size = SIZE_LIMIT };
	struct buf own = BUF_INIT;
	int rc = json_parse_buf(&doc, text, name, &limits, err);
	if (rc < 0)
		return rc;
	GROW(set->docs, set->docs_count, set->docs_capacity);
	set->docs[set->docs_count++] = doc;
	const struct json_value *root = json_root(doc);
	if (!is_schema(root))
		return set_refuse(doc, root, err,
			"a schema must be an object, true or false, not %s",
			json_type_name(root->type));
	/* Without a URI from the caller, it gets a unique one. */
	buf_addf(&own, "git-build:///%zu/", set->docs_count);
	struct resource *before = set->resources;
	/* Add it before reading its dialect, because a metaschema may describe itself. */
	*out = add_resource(
		set, doc, root, uri ? uri : own.data, *dialect, !json_member(doc, root, "$schema"));
	rc = read_dialect(set, doc, root, &(*out)->dialect, err);
	if (!rc)
		rc = set_scan(set, *out, root, err);
	if (rc < 0)
		set->resources = before; /* an invalid schema is not added */
	buf_release(&own);
	return rc;
}

/* Finds a metaschema of the drafts by its "$id". */
static const struct embedded *find_embedded(const char *uri)
{
	static const char *const uris[][2] = {
		{ "http://json-schema.org/draft-07/schema", "meta/draft-07" },
#define META_2019 "https://json-schema.org/draft/2019-09/meta/"
		{ "https://json-schema.org/draft/2019-09/schema", "meta/draft2019-09" },
		{ META_2019 "core", "meta/draft2019-09-core" },
		{ META_2019 "applicator", "meta/draft2019-09-applicator" },
		{ META_2019 "validation", "meta/draft2019-09-validation" },
		{ META_2019 "meta-data", "meta/draft2019-09-meta-data" },
		{ META_2019 "format", "meta/draft2019-09-format" },
		{ META_2019 "content", "meta/draft2019-09-content" },
		{ "https://json-schema.org/draft/2020-12/schema", "meta/draft2020-12" },
		{ "https://json-schema.org/draft/2020-12/meta/core", "meta/draft2020-12-core" },
		{ "https://json-schema.org/draft/2020-12/meta/applicator",
			"meta/draft2020-12-applicator" },
		{ "https://json-schema.org/draft/2020-12/meta/unevaluated",
			"meta/draft2020-12-unevaluated" },
		{ "https://json-schema.org/draft/2020-12/meta/validation",
			"meta/draft2020-12-validation" },
		{ "https://json-schema.org/draft/2020-12/meta/meta-data",
			"meta/draft2020-12-meta-data" },
		{ "https://json-schema.org/draft/2020-12/meta/content",
			"meta/draft2020-12-content" },
		{ "https://json-schema.org/draft/2020-12/meta/format-annotation",
			"meta/draft2020-12-format-annotation" },
		{ "https://json-schema.org/draft/2020-12/meta/format-assertion",
			"meta/draft2020-12-format-assertion" },
	};
	for (size_t i = 0; i < sizeof(uris) / sizeof(*uris); i++)
		if (same_uri(uris[i][0], uri))
			return embedded_find(uris[i][1]);
	return NULL;
}

/* Reads the file of a mapped URI. */
static int read_mapped(struct schema_set *set, const char *uri, struct buf *text, struct buf *path,
	struct error *err)
{
	const struct map *best = NULL;
	for (size_t i = 0; i < set->maps_count; i++)
		if (!strncmp(uri, set->maps[i].prefix, strlen(set->maps[i].prefix)) &&
			(!best || strlen(best->prefix) < strlen(set->maps[i].prefix)))
			best = &set->maps[i];
	if (!best)
		return error_set(err, ERR_NOT_FOUND, "no schema with the URI %s", uri);
	const char *rest = uri + strlen(best->prefix);
	while (*rest == '/')
		rest++;
	/* uri_resolve() has removed dot segments; an encoded one could still lead out of the
	 * directory. */
	if (strstr(rest, "..") || strchr(rest, '%') || strchr(rest, '?'))
		return error_set(err, ERR_NOT_FOUND, "%s does not lead to a file in %s", uri,
			best->directory);
	buf_addf(path, "%s/%s", best->directory, rest);
	return file_read(text, path->data, SIZE_LIMIT, err);
}

/* Reads a document once more, for a referrer of a different dialect than before. */
static int read_in_dialect(struct schema_set *set, const struct json_doc *doc,
	const struct dialect *dialect, struct error *err)
{
	const struct resource *whole = set->resources;
	struct buf text = BUF_INIT;
	struct resource *out;
	size_t len;
	while (whole->doc != doc || whole->root != json_root(doc))
		whole = whole->next;
	const char *bytes = json_text(doc, &len);
	buf_add(&text, bytes, len);
	return add_text(set, &text, json_name(doc),
		whole->second_uri ? whole->second_uri : whole->uri, dialect, &out, err);
}

/* Reads the document with the URI `uri`, which is not in the set. */
static int read_resource(struct schema_set *set, const char *uri, const struct dialect *dialect,
	struct resource **out, struct error *err)
{
	struct buf text = BUF_INIT, path = BUF_INIT;
	const struct embedded *embedded = find_embedded(uri);
	int rc = 0;
	if (embedded) {
		buf_add(&text, embedded->text, embedded->len);
		buf_addstr(&path, embedded->name);
	} else if (set->loading == MOST_METASCHEMAS) {
		rc = error_set(err, ERR_INVALID, "%s: the chain of metaschemas is too long", uri);
	} else {
		rc = read_mapped(set, uri, &text, &path, err);
	}
	set->loading++;
	if (!rc)
		rc = add_text(set, &text, path.data, uri, dialect, out, err);
	set->loading--;
	buf_release(&text);
	buf_release(&path);
	return rc;
}

static int load_resource(struct schema_set *set, const char *uri, const struct resource *from,
	struct resource **out, struct error *err)
{
	struct resource *other;
	*out = find_resource(set, uri, from, &other);
	if (*out)
		return 0;
	if (!other)
		return read_resource(set, uri, &from->dialect, out, err);
	int rc = read_in_dialect(set, other->doc, &from->dialect, err);
	if (!rc)
		*out = find_resource(set, uri, from, &other);
	if (!rc && !*out)
		rc = error_set(
			err, ERR_NOT_FOUND, "no schema with the URI %s in this dialect", uri);
	return rc;
}

int schema_set_add(struct schema_set *set, struct buf *text, const char *name, const char *uri,
	struct error *err)
{
	return add_text(set, text, name, uri, &full_2020_12, &set->added, err);
}

/* ---- references ---- */

/* The innermost resource that contains `value` of the document of `resource`, found by the entries
 * of its ancestors. */
static struct resource *resource_at(
	struct schema_set *set, struct resource *resource, const struct json_value *value)
{
	const struct json_value *at = resource->root;
	while (at != value) {
		const struct json_value *child = at + 1;
		while (value >= child + child->span)
			child += child->span;
		at = child;
		const struct known *known = set_known(set, at);
		if (known)
			resource = known->resource;
	}
	return resource;
}

int set_resolve(struct schema_set *set, const struct resource *from, const char *ref, size_t len,
	struct resource **to, const struct json_value **value, struct error *err)
{
	struct buf uri = BUF_INIT, fragment = BUF_INIT, pointer = BUF_INIT;
	uri_resolve(from->uri, ref, len, &uri);
	const char *hash = uri_fragment(uri.data);
	if (hash) {
		uri_decode(hash, strlen(hash), &fragment);
		buf_truncate(&uri, (size_t)(hash - 1 - uri.data));
	}
	int rc = load_resource(set, uri.data, from, to, err);
	if (rc < 0)
		goto done;
	if (!fragment.len) {
		*value = (*to)->root;
	} else if (*fragment.data == '/') {
		/* The pointer starts at the resource, which need not be the document's root. */
		json_pointer_of((*to)->doc, (*to)->root, &pointer);
		buf_add(&pointer, fragment.data, fragment.len);
		*value = json_at((*to)->doc, pointer.data);
		if (*value)
			*to = resource_at(set, *to, *value);
	} else {
		const struct anchor *anchor = find_anchor(set, *to, fragment.data, fragment.len);
		*value = anchor ? anchor->value : NULL;
	}
	if (!*value)
		rc = error_set(
			err, ERR_NOT_FOUND, "no #%s in %s", fragment.data, json_name((*to)->doc));
done:
	buf_release(&uri);
	buf_release(&fragment);
	buf_release(&pointer);
	return rc;
}
