#include "request/repair.h"

#include "base/alloc.h"
#include "base/escape.h"
#include "fleet/server_directory.h"
#include "json/edit.h"
#include "merge/merge.h"
#include "request/request.h"
#include "request/salvage.h"
#include "schema/location.h"
#include "schema/validate.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_LINES = 20 };

void repair_release(struct repair *repair)
{
	buf_release(&repair->text);
	buf_release(&repair->wrong);
	buf_release(&repair->applied);
	buf_release(&repair->kept);
	buf_release(&repair->dropped);
}

/* An element of a list with its key, decoded. */
struct keyed {
	const char *key;
	size_t len;
	const struct json_value *value;
};

struct index {
	struct keyed *all; /* sorted by key */
	size_t count;
};

struct repairing {
	struct repair *out;
	struct validity *validity;
	const char *path;
	const struct fleet_file *file;
	struct json_doc *valid;  /* the last valid version */
	struct json_doc *broken; /* what was read of the broken one */
	bool is_partial;
	struct json_edit *edit;   /* of `valid` */
	struct schema_place root; /* of the file */
	struct arena arena;
};

/* ---- lines ---- */

static void add_line(struct buf *lines, const char *pointer, const char *why)
{
	escape_add(lines, pointer, strlen(pointer), false);
	if (why) {
		buf_addstr(lines, ": ");
		escape_add(lines, why, strlen(why), false);
	}
	buf_addch(lines, '\n');
}

static size_t count_lines(const struct buf *lines)
{
	size_t count = 0;
	for (size_t i = 0; i < lines->len; i++)
		count += lines->data[i] == '\n';
	return count;
}

/* ---- keys ---- */

static int by_key(const void *left, const void *right)
{
	const struct keyed *a = left, *b = right;
	int order = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);
	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static const char *key_of(struct repairing *r, const struct json_doc *doc,
	const struct json_value *value, size_t *len)
{
	const char *text = fleet_list_type(r->file) == JSON_OBJECT
		? json_key(doc, value, len)
		: json_string(doc, json_member(doc, value, "id"), len);
	return text ? arena_strndup(&r->arena, text, *len) : NULL;
}

static struct index index_of(
	struct repairing *r, const struct json_doc *doc, const struct json_value *list)
{
	struct index index = { .all = arena_array(&r->arena, list->count + 1, sizeof(*index.all)) };
	JSON_EACH (value, list) {
		struct keyed keyed = { .value = value };
		keyed.key = key_of(r, doc, value, &keyed.len);
		if (keyed.key)
			index.all[index.count++] = keyed;
	}
	qsort(index.all, index.count, sizeof(*index.all), by_key);
	return index;
}

/* The element with the key; NULL if there is none, or more than one. */
static const struct json_value *find(const struct index *index, const struct keyed *key)
{
	const struct keyed *found =
		bsearch(key, index->all, index->count, sizeof(*index->all), by_key);
	const struct keyed *end = index->all + index->count;
	if (!found || (found > index->all && !by_key(found - 1, key)) ||
		(found + 1 < end && !by_key(found + 1, key)))
		return NULL;
	return found->value;
}

static bool has_key(const struct index *index, const struct keyed *key)
{
	return bsearch(key, index->all, index->count, sizeof(*index->all), by_key) != NULL;
}

/* ---- may a value of the broken version be taken? ---- */

static const struct json_value *same_member(struct repairing *r, const struct json_value *member,
	const struct json_doc *doc, const struct json_value *object)
{
	size_t len;
	const char *name = json_key(r->valid, member, &len);
	return object && object->type == JSON_OBJECT ? json_member_n(doc, object, name, len) : NULL;
}

/* Does `now` go back to an earlier state than `old`? Returns the reason, or NULL. */
static const char *goes_back(struct repairing *r, const struct schema_place *place,
	const struct json_value *old, const struct json_value *now)
{
	const struct annotations *rules = &place->rules;
	size_t old_len, len;
	const char *from = json_string(r->valid, old, &old_len);
	const struct transition *row = from ? annotations_row(rules, from, old_len) : NULL;
	const char *to = json_string(r->broken, now, &len);
	if (old->type == JSON_NULL || (now && json_equal(r->valid, old, r->broken, now)))
		return NULL;
	if (rules->immutable)
		return "may not change once it is set";
	if (rules->increasing &&
		(!now || now->type == JSON_NULL ||
			annotations_is_less(r->valid, old, r->broken, now)))
		return "may only increase";
	if (row && !(to && annotations_lead_to(rules, row, to, len)))
		return "goes back to an earlier state";
	JSON_EACH (member, old->type == JSON_OBJECT ? old : NULL) {
		struct schema_place inner;
		size_t name_len;
		const char *name = json_key(r->valid, member, &name_len);
		schema_place_member(&inner, place, name, name_len);
		const char *why =
			goes_back(r, &inner, member, same_member(r, member, r->broken, now));
		if (why) {
			struct buf text = BUF_INIT;
			buf_addf(&text, "/%.*s: %s", (int)name_len, name, why);
			why = arena_strndup(&r->arena, text.data, text.len);
			buf_release(&text);
			return why;
		}
	}
	return NULL;
}

/* Has the element an object or array that the schema does not know? If only a part of the file was
 * read, that may be another element, because of a missing bracket. */
static bool has_unknown_part(
	struct repairing *r, const struct schema_place *place, const struct json_value *value)
{
	JSON_EACH (member, value->type == JSON_OBJECT ? value : NULL) {
		struct schema_place inner;
		size_t len;
		const char *name = json_key(r->broken, member, &len);
		if (member->count && !schema_place_member(&inner, place, name, len))
			return true;
	}
	return false;
}

/* Checks the file `text`, whose only content is the value. Returns the reason why it is not valid,
 * or NULL. */
static const char *check_text(struct repairing *r, struct buf *text)
{
	struct json_doc *doc = NULL;
	struct error why = ERROR_INIT;
	int rc = json_parse_buf(&doc, text, r->path, NULL, &why);
	if (!rc)
		rc = validity_check_document(r->validity, r->file, doc, NULL, &why);
	json_doc_free(doc);
	return rc < 0 ? arena_strndup(&r->arena, why.text, strlen(why.text)) : NULL;
}

/* The element as the only one of its list. */
static const char *check_element(struct repairing *r, const struct json_value *value)
{
	struct buf text = BUF_INIT;
	bool is_map = fleet_list_type(r->file) == JSON_OBJECT;
	size_t len, name_len = 0;
	const char *raw = json_raw(r->broken, value, &len);
	const char *name = is_map ? json_text(r->broken, &name_len) + value->key_start : "";
	name_len = is_map ? value->key_end - value->key_start : 0;
	buf_addf(&text, "{\"%s\":%s", fleet_list_name(r->file), is_map ? "{" : "[");
	buf_add(&text, name, name_len);
	buf_addstr(&text, is_map ? ":" : "");
	buf_add(&text, raw, len);
	buf_addstr(&text, is_map ? "}}" : "]}");
	return check_text(r, &text);
}

/* The valid version with the member: of a list, only what is not in the list is checked. */
static const char *check_member(struct repairing *r, const struct json_value *value)
{
	struct json_doc *doc = r->valid, *empty = NULL;
	struct buf text = BUF_INIT;
	size_t len, name_len;
	const char *raw = json_raw(r->broken, value, &len);
	const char *name = json_key(r->broken, value, &name_len);
	if (r->file->empty &&
		!json_parse(&empty, r->file->empty, strlen(r->file->empty), r->path, NULL, NULL))
		doc = empty;
	struct json_edit *edit = json_edit_new(doc);
	json_edit_set_n(edit, json_root(doc), name, name_len, raw, len);
	const char *why =
		json_edit_write(edit, &text, NULL) < 0 ? "is not valid" : check_text(r, &text);
	json_edit_free(edit);
	json_doc_free(empty);
	buf_release(&text);
	return why;
}

/* ---- taking values ---- */

static void apply_member(struct repairing *r, const struct json_value *value)
{
	struct schema_place place;
	struct buf pointer = BUF_INIT;
	size_t len, raw_len;
	const char *name = json_key(r->broken, value, &len);
	const char *raw = json_raw(r->broken, value, &raw_len);
	const struct json_value *old = json_member_n(r->valid, json_root(r->valid), name, len);
	if (old && json_equal(r->valid, old, r->broken, value))
		return;
	json_pointer_add(&pointer, name, len);
	schema_place_member(&place, &r->root, name, len);
	const char *why = old ? goes_back(r, &place, old, value) : NULL;
	if (!why)
		why = check_member(r, value);
	if (!why)
		json_edit_set_n(r->edit, json_root(r->valid), name, len, raw, raw_len);
	add_line(why ? &r->out->dropped : &r->out->applied, pointer.data, why);
	buf_release(&pointer);
}

static void add_pointer(struct repairing *r, struct buf *out, const struct keyed *keyed)
{
	json_pointer_add(out, fleet_list_name(r->file), strlen(fleet_list_name(r->file)));
	if (fleet_list_type(r->file) == JSON_OBJECT) {
		json_pointer_add(out, keyed->key, keyed->len);
		return;
	}
	struct buf name = BUF_INIT;
	buf_addstr(&name, "id=");
	buf_add(&name, keyed->key, keyed->len);
	json_pointer_add(out, name.data, name.len);
	buf_release(&name);
}

/* Why the element may not be taken; NULL if it may. */
static const char *refuse_element(struct repairing *r, const struct schema_place *place,
	const struct json_value *old, const struct json_value *value)
{
	const char *why = old ? goes_back(r, place, old, value) : NULL;
	if (!why && r->is_partial && has_unknown_part(r, place, value))
		why = "may contain parts of another element";
	return why ? why : check_element(r, value);
}

static void take_element(struct repairing *r, const struct json_value *list,
	const struct json_value *old, const struct json_value *value)
{
	size_t len, name_len;
	const char *raw = json_raw(r->broken, value, &len);
	if (old) {
		json_edit_replace(r->edit, old, raw, len);
	} else if (fleet_list_type(r->file) == JSON_OBJECT) {
		const char *name = json_key(r->broken, value, &name_len);
		json_edit_set_n(r->edit, list, name, name_len, raw, len);
	} else {
		json_edit_append(r->edit, list, raw, len);
	}
}

static void apply_list(
	struct repairing *r, const struct json_value *list, const struct json_value *broken)
{
	struct schema_place lists, place;
	const char *list_name = fleet_list_name(r->file);
	struct index olds = index_of(r, r->valid, list), news = index_of(r, r->broken, broken);
	schema_place_member(&lists, &r->root, list_name, strlen(list_name));
	schema_place_items(&place, &lists);
	JSON_EACH (value, broken) {
		struct buf pointer = BUF_INIT;
		struct keyed keyed = { .value = value };
		keyed.key = key_of(r, r->broken, value, &keyed.len);
		if (fleet_list_type(r->file) == JSON_OBJECT)
			schema_place_member(&place, &lists, keyed.key, keyed.len);
		const struct json_value *old = keyed.key ? find(&olds, &keyed) : NULL;
		if (old && json_equal(r->valid, old, r->broken, value))
			continue;
		if (keyed.key)
			add_pointer(r, &pointer, &keyed);
		else
			json_pointer_of(r->broken, value, &pointer);
		const char *why = keyed.key && !find(&news, &keyed) ? "occurs more than once"
			: keyed.key && !old && has_key(&olds, &keyed)
			? "occurs more than once in the valid version"
			: refuse_element(r, &place, old, value);
		if (!why)
			take_element(r, list, old, value);
		add_line(why ? &r->out->dropped : &r->out->applied, pointer.data, why);
		buf_release(&pointer);
	}
	for (size_t i = 0; !r->is_partial && i < olds.count; i++) {
		struct buf pointer = BUF_INIT;
		add_pointer(r, &pointer, &olds.all[i]);
		if (!has_key(&news, &olds.all[i]))
			add_line(&r->out->kept, pointer.data, NULL);
		buf_release(&pointer);
	}
}

static void apply_all(struct repairing *r)
{
	const struct json_value *root = json_root(r->valid), *list = NULL;
	const char *name = fleet_list_name(r->file);
	enum json_type type = fleet_list_type(r->file);
	if (name)
		list = json_member(r->valid, root, name);
	JSON_EACH (value, json_root(r->broken)) {
		size_t len;
		const char *key = json_key(r->broken, value, &len);
		bool is_list = name && strlen(name) == len && !memcmp(name, key, len);
		if (is_list && value->type == type)
			apply_list(r, list, value);
		else if (!is_list)
			apply_member(r, value);
		else
			buf_addf(&r->out->dropped, "/%s: must be an %s\n", name,
				json_type_name(type));
	}
	JSON_EACH (member, root) {
		struct buf pointer = BUF_INIT;
		json_pointer_of(r->valid, member, &pointer);
		if (!r->is_partial && !same_member(r, member, r->broken, json_root(r->broken)))
			add_line(&r->out->kept, pointer.data, NULL);
		buf_release(&pointer);
	}
}

/* Writes the valid version with what was taken. If that is not valid as a whole, nothing is
 * taken. */
static int write_result(struct repairing *r, struct error *err)
{
	struct repair *out = r->out;
	struct error why = ERROR_INIT;
	size_t len;
	const char *text = json_text(r->valid, &len);
	int rc = json_edit_write(r->edit, &out->text, &why);
	if (!rc)
		rc = validity_check(r->validity, r->path, out->text.data, out->text.len, &why);
	if (!rc)
		return 0;
	add_line(&out->dropped, "all of these, which together are not valid", why.text);
	buf_add(&out->dropped, out->applied.data, out->applied.len);
	buf_reset(&out->applied);
	buf_reset(&out->text);
	buf_add(&out->text, text, len);
	return validity_check(r->validity, r->path, out->text.data, out->text.len, err);
}

/* ---- the version to start from ---- */

/* Merges the other valid versions into `text`, which has the first one. */
static int merge_versions(struct repairing *r, const struct documents_history *history,
	struct buf *text, struct error *err)
{
	int rc = 0;
	for (size_t i = 1; i < history->count && !rc; i++) {
		const struct documents_version *other = &history->versions[i];
		struct merge_result result = MERGE_RESULT_INIT;
		struct merge_request request = { .base = { other->base.data, other->base.len },
			.ours = { text->data, text->len },
			.theirs = { other->text.data, other->text.len },
			.name = r->path,
			.schema = validity_schema(r->validity, r->file),
			.no_line_merge = true };
		rc = merge_documents(&request, &result, err);
		if (!rc) {
			buf_reset(text);
			buf_add(text, result.text.data, result.text.len);
			buf_add(&r->out->dropped, result.discarded.data, result.discarded.len);
		}
		merge_result_release(&result);
	}
	return rc <= 0
		? rc
		: error_set(err, ERR_INVALID,
			  "%s: its last valid versions, of commits %.12s and %.12s, cannot be "
			  "merged; restore the file by hand",
			  r->path, history->versions[0].commit, history->versions[1].commit);
}

static int find_start(struct repairing *r, const struct documents_history *history,
	struct buf *text, struct error *err)
{
	if (history->count) {
		memcpy(r->out->from, history->versions[0].commit, sizeof(r->out->from));
		buf_add(text, history->versions[0].text.data, history->versions[0].text.len);
		return merge_versions(r, history, text, err);
	}
	r->out->end = history->end;
	if (history->end)
		return error_set(err, ERR_INVALID, "%s: no valid version was found: %s", r->path,
			history->end);
	const char *fresh = r->out->fresh ? r->out->fresh : r->file->empty;
	if (!fresh)
		return error_set(err, ERR_INVALID,
			"%s: no version of it was ever valid; write or delete the file by hand",
			r->path);
	buf_addstr(text, fresh);
	return 0;
}

static int apply_broken(struct repairing *r, const char *text, size_t len, const struct buf *start,
	const struct documents_history *history, struct error *err)
{
	struct salvage salvage = { .path = r->path,
		.schema = validity_schema(r->validity, r->file),
		.text = { text, len },
		.valid = { start->data, start->len },
		.dropped = &r->out->dropped };
	if (history->count > 1)
		salvage.base = (struct merge_text){ history->versions[1].base.data,
			history->versions[1].base.len };
	if (text)
		salvage_read(&salvage);
	r->broken = salvage.doc;
	r->is_partial = salvage.is_partial;
	r->edit = json_edit_new(r->valid);
	schema_place_init(&r->root, salvage.schema);
	if (r->broken)
		apply_all(r);
	int rc = write_result(r, err);
	json_edit_free(r->edit);
	json_doc_free(r->broken);
	return rc;
}

int repair_text(struct repair *out, struct validity *validity, const char *path, const char *text,
	size_t len, const struct documents_history *history, struct error *err)
{
	struct repairing r = { .out = out,
		.validity = validity,
		.path = path,
		.file = fleet_file(path),
		.arena = ARENA_INIT };
	struct buf start = BUF_INIT;
	struct error why = ERROR_INIT;
	if (!text)
		error_set(&why, ERR_NOT_FOUND, "%s: was deleted", path);
	else
		validity_check(validity, path, text, len, &why);
	buf_addstr(&out->wrong, why.text);
	int rc = find_start(&r, history, &start, err);
	if (!rc)
		rc = json_parse(&r.valid, start.data, start.len, path, NULL, err);
	if (!rc)
		rc = apply_broken(&r, text, len, &start, history, err);
	if (!rc && history->end)
		buf_addf(&out->dropped, "older versions were not read: %s\n", history->end);
	json_doc_free(r.valid);
	buf_release(&start);
	arena_release(&r.arena);
	return rc;
}

/* ---- files of a request ---- */

/* Schemas of the repository replace the built-in ones (fleet/validity.h). */
static int read_rules(
	struct validity *validity, struct documents *documents, const char *path, struct error *err)
{
	const struct fleet_file *file = fleet_file(path);
	struct buf own = BUF_INIT;
	const char *text;
	size_t len;
	if (!file->schema)
		return 0;
	buf_addf(&own, FLEET_SCHEMAS_DIRECTORY "/%s.json", file->schema);
	int rc = documents_read(documents, own.data, &text, &len, err);
	if (!rc)
		validity_replaced(validity, file->schema);
	buf_release(&own);
	return rc == ERR_NOT_FOUND || rc == ERR_INVALID ? 0 : rc;
}

int repair_file(
	struct repair *out, struct documents *documents, const char *path, struct error *err)
{
	struct validity *validity = validity_new();
	struct documents_history history = { 0 };
	const char *text = NULL;
	size_t len = 0;
	int rc = read_rules(validity, documents, path, err);
	if (!rc)
		rc = documents_read(documents, path, &text, &len, err);
	bool is_gone = rc == ERR_NOT_FOUND;
	if (!rc && validity_check(validity, path, text, len, NULL) < 0)
		rc = 1;
	if (rc > 0 || is_gone)
		rc = documents_history(documents, path, &history, err);
	else
		goto done;
	/* A file that never existed is not missing. */
	if (!rc && is_gone && !history.count)
		goto done;
	if (!rc)
		rc = repair_text(out, validity, path, text, len, &history, err);
	rc = rc ? rc : 1;
done:
	documents_history_release(&history);
	validity_free(validity);
	return rc;
}

/* ---- messages ---- */

/* Adds each of the lines after `prefix`. */
static void describe_lines(
	struct buf *out, const char *prefix, const char *path, const struct buf *lines)
{
	size_t shown = 0;
	for (const char *line = lines->data; *line && shown < SHOWN_LINES; shown++) {
		size_t len = strcspn(line, "\n");
		buf_addf(out, "%s: %s %.*s\n", path, prefix, (int)len, line);
		line += len + 1;
	}
	size_t count = count_lines(lines);
	if (count > shown)
		buf_addf(out, "%s: %s %zu more\n", path, prefix, count - shown);
}

void repair_describe(const struct repair *repair, const char *path, bool is_saved, struct buf *out)
{
	char from[64];
	snprintf(from, sizeof(from), "%s", repair->fresh ? "a new file" : "an empty list");
	if (*repair->from)
		snprintf(from, sizeof(from), "the version of commit %.12s", repair->from);
	size_t applied = count_lines(&repair->applied);
	if (is_saved)
		buf_addf(out, "%s: %s%s; changes taken from the broken version: %zu\n", path,
			!*repair->from && repair->fresh ? "was never valid; started from "
							: "restored ",
			from, applied);
	else
		buf_addf(out,
			"%s; using %s; changes taken from the broken version: %zu; run 'git build "
			"doctor --fix' to restore the file\n",
			repair->wrong.data, from, applied);
	describe_lines(out, "dropped", path, &repair->dropped);
	if (*repair->from || !repair->fresh)
		describe_lines(out, "the broken version does not have", path, &repair->kept);
}

/* ---- the request ---- */

void repair_request(struct buf *out, const char *server, const char *const *paths, size_t count,
	const struct env *env)
{
	struct json_writer w;
	request_begin(&w, out, "repair", server, env);
	json_begin_member(&w, "paths", '[');
	for (size_t i = 0; i < count; i++)
		json_put_string(&w, NULL, paths[i]);
	json_end(&w);
	json_end(&w);
}

static void put_lines(struct json_writer *w, const char *name, const struct buf *lines)
{
	json_begin_member(w, name, '[');
	for (const char *line = lines->data; *line;) {
		size_t len = strcspn(line, "\n");
		json_put_string_n(w, NULL, line, len);
		line += len + 1;
	}
	json_end(w);
}

/* Repairs one file and adds it to the open array of the answer. */
static int repair_one(
	struct request *request, const char *path, size_t *repaired, struct error *err)
{
	struct json_writer *w = &request->answer->writer;
	struct repair repair = REPAIR_INIT;
	struct error why = ERROR_INIT;
	const char *schema;
	int rc = server_schema_of(&schema, path, documents_append, request->documents, &why);
	if (!rc)
		rc = schema ? repair_file(&repair, request->documents, path, &why)
			    : error_set(&why, ERR_INVALID, "%s: not a file with a built-in schema",
				      path);
	if (rc < 0 && rc != ERR_INVALID) {
		repair_release(&repair);
		return error_set(err, rc, "%s", why.text);
	}
	if (rc) {
		json_begin(w, '{');
		json_put_string(w, "path", path);
		json_put_string_or_null(w, "problem", rc < 0 ? why.text : NULL);
		json_put_string_or_null(w, "from", rc > 0 && *repair.from ? repair.from : NULL);
		put_lines(w, "applied", &repair.applied);
		put_lines(w, "kept", &repair.kept);
		put_lines(w, "dropped", &repair.dropped);
		json_end(w);
	}
	if (rc > 0) {
		struct buf notes = BUF_INIT;
		repair_describe(&repair, path, true, &notes);
		documents_note(request->documents, &notes);
		buf_release(&notes);
		documents_write(request->documents, path, &repair.text);
		++*repaired;
	}
	repair_release(&repair);
	return 0;
}

static int apply(struct request *request, struct error *err)
{
	const struct json_value *paths =
		json_member(request->doc, json_root(request->doc), "paths");
	size_t repaired = 0;
	int rc = 0;
	json_begin_member(&request->answer->writer, "files", '[');
	JSON_EACH (value, paths) {
		const char *path = json_strdup_in(request->doc, value, &request->arena);
		if (!rc)
			rc = path ? repair_one(request, path, &repaired, err)
				  : error_set(err, ERR_INVALID,
					    "repair: each of \"paths\" must be a string");
	}
	json_end(&request->answer->writer);
	buf_addf(&request->answer->subject, "Restore %zu file%s from the last valid version",
		repaired, repaired == 1 ? "" : "s");
	return rc;
}

/* Not kept in the outbox: the files may have been repaired in the meantime. */
const struct operation repair_operations[] = {
	{ "repair", false, apply },
	{ NULL, false, NULL },
};
