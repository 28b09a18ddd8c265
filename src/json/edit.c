#include "json/edit.h"

#include "json/internal.h"
#include "json/layout.h"
#include "json/write.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* EDIT_SET replaces a value unless it is equal already. */
enum edit_kind { EDIT_REPLACE, EDIT_SET, EDIT_REMOVE, EDIT_INSERT };

struct change {
	enum edit_kind kind;
	uint32_t value; /* the value to replace or remove; the container to insert into */
	uint32_t index; /* insertions: the index of the next child; UINT32_MAX: at the end */
	size_t order;   /* the order of the changes */
	char *name;     /* of an inserted member, decoded; NULL for an element */
	size_t name_len;
	char *json;
	size_t json_len;
};

struct json_edit {
	const struct json_doc *doc;
	struct change *changes;
	size_t count, capacity;
};

struct json_edit *json_edit_new(const struct json_doc *doc)
{
	struct json_edit *edit = xcalloc(1, sizeof(*edit));
	edit->doc = doc;
	return edit;
}

void json_edit_free(struct json_edit *edit)
{
	if (!edit)
		return;
	for (size_t i = 0; i < edit->count; i++) {
		free(edit->changes[i].name);
		free(edit->changes[i].json);
	}
	free(edit->changes);
	free(edit);
}

static struct change *add_change(struct json_edit *edit, enum edit_kind kind,
	const struct json_value *value, const char *json, size_t len)
{
	GROW(edit->changes, edit->count, edit->capacity);
	struct change *change = &edit->changes[edit->count];
	*change = (struct change){
		.kind = kind,
		.value = (uint32_t)(value - edit->doc->values),
		.order = edit->count++,
		.json = json ? xstrndup(json, len) : NULL,
		.json_len = len,
	};
	return change;
}

void json_edit_replace(
	struct json_edit *edit, const struct json_value *value, const char *json, size_t len)
{
	add_change(edit, EDIT_REPLACE, value, json, len);
}

void json_edit_remove(struct json_edit *edit, const struct json_value *value)
{
	add_change(edit, EDIT_REMOVE, value, NULL, 0);
}

void json_edit_insert(struct json_edit *edit, const struct json_value *array, size_t index,
	const char *json, size_t len)
{
	struct change *change = add_change(edit, EDIT_INSERT, array, json, len);
	change->index = index < array->count ? (uint32_t)index : UINT32_MAX;
}

void json_edit_append(
	struct json_edit *edit, const struct json_value *array, const char *json, size_t len)
{
	json_edit_insert(edit, array, SIZE_MAX, json, len);
}

/* The earlier change that added member `name` to `object`; NULL if there is none. */
static struct change *find_added(
	struct json_edit *edit, const struct json_value *object, const char *name, size_t name_len)
{
	uint32_t container = (uint32_t)(object - edit->doc->values);
	for (size_t i = 0; i < edit->count; i++) {
		struct change *change = &edit->changes[i];
		if (change->kind == EDIT_INSERT && change->value == container && change->name &&
			change->name_len == name_len && !memcmp(change->name, name, name_len))
			return change;
	}
	return NULL;
}

void json_edit_set_n(struct json_edit *edit, const struct json_value *object, const char *name,
	size_t name_len, const char *json, size_t len)
{
	const struct json_value *member = json_member_n(edit->doc, object, name, name_len);
	if (member) {
		add_change(edit, EDIT_SET, member, json, len);
		return;
	}
	struct change *change = find_added(edit, object, name, name_len);
	if (change) {
		free(change->json);
		change->json = xstrndup(json, len);
		change->json_len = len;
		return;
	}
	change = add_change(edit, EDIT_INSERT, object, json, len);
	change->index = UINT32_MAX;
	change->name = xstrndup(name, name_len);
	change->name_len = name_len;
}

void json_edit_set(struct json_edit *edit, const struct json_value *object, const char *name,
	const char *json, size_t len)
{
	json_edit_set_n(edit, object, name, strlen(name), json, len);
}

void json_edit_set_string(struct json_edit *edit, const struct json_value *object, const char *name,
	const char *value)
{
	struct buf text = BUF_INIT;
	if (value)
		json_quote(&text, value, strlen(value));
	else
		buf_addstr(&text, "null");
	json_edit_set(edit, object, name, text.data, text.len);
	buf_release(&text);
}

void json_edit_set_int(
	struct json_edit *edit, const struct json_value *object, const char *name, int64_t value)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%lld", (long long)value);
	json_edit_set(edit, object, name, text, (size_t)len);
}

void json_edit_set_bool(
	struct json_edit *edit, const struct json_value *object, const char *name, bool value)
{
	json_edit_set(edit, object, name, value ? "true" : "false", value ? 4 : 5);
}

/* ---- writing ---- */

struct writing {
	const struct json_doc *doc;
	struct json_layout layout;
	const struct change *changes; /* sorted by by_place() */
	size_t count;
	struct buf *out;
	struct error *err;
};

/* By value; changes of the value itself before insertions into it, and these by index. */
static int by_place(const void *left, const void *right)
{
	const struct change *a = left, *b = right;
	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	if ((a->kind == EDIT_INSERT) != (b->kind == EDIT_INSERT))
		return a->kind == EDIT_INSERT ? 1 : -1;
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* The first change at value `index` or after it. */
static size_t first_change(const struct writing *w, uint32_t index)
{
	size_t low = 0, high = w->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (w->changes[middle].value < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint32_t index_of(const struct writing *w, const struct json_value *value)
{
	return (uint32_t)(value - w->doc->values);
}

/* The last change of `value` itself; NULL if there is none. */
static const struct change *last_change(const struct writing *w, const struct json_value *value)
{
	const struct change *last = NULL;
	uint32_t index = index_of(w, value);
	for (size_t i = first_change(w, index);
		i < w->count && w->changes[i].value == index && w->changes[i].kind != EDIT_INSERT;
		i++)
		last = &w->changes[i];
	return last;
}

static bool is_removed(const struct writing *w, const struct json_value *value)
{
	const struct change *change = last_change(w, value);
	return change && change->kind == EDIT_REMOVE;
}

static void copy(struct writing *w, size_t from, size_t to)
{
	buf_add(w->out, w->doc->text + from, to - from);
}

/* Writes a new child, with its name if it is a member, in the format of `place`. */
static int write_new(struct writing *w, const struct change *change, const struct json_place *place)
{
	if (change->name) {
		json_quote(w->out, change->name, change->name_len);
		buf_addstr(w->out, w->layout.colon);
	}
	return json_layout_value(place, change->json, change->json_len, w->out, w->err);
}

static int write_value(struct writing *w, const struct json_value *value);

/* The output for a container whose children change. */
struct filling {
	const struct json_value *container;
	struct json_place place;
	size_t insert;   /* the next of the changes; those at the container are insertions */
	size_t written;  /* the number of children so far */
	size_t last_end; /* the end of the original child that was written last; 0: it was new */
};

/* Writes the bytes between the previous child and the original `child`: the original ones if they
 * were neighbours before, otherwise the container's separator. */
static void write_gap_before(struct writing *w, const struct filling *f,
	const struct json_value *child, size_t gap_start)
{
	if (f->written ? f->last_end == gap_start && gap_start
		       : gap_start == json_content_start(w->doc, f->container))
		copy(w, gap_start, json_item_start(child));
	else if (f->written)
		json_layout_between(&f->place, w->out);
	else
		json_layout_before_first(&f->place, w->out);
}

/* Writes the insertions before the child at `index`. */
static int write_inserts(struct writing *w, struct filling *f, uint32_t index)
{
	uint32_t container = index_of(w, f->container);
	for (; f->insert < w->count; f->insert++) {
		const struct change *change = &w->changes[f->insert];
		if (change->value != container || change->index != index)
			break;
		if (f->written)
			json_layout_between(&f->place, w->out);
		else
			json_layout_before_first(&f->place, w->out);
		int rc = write_new(w, change, &f->place);
		if (rc < 0)
			return rc;
		f->written++;
		f->last_end = 0;
	}
	return 0;
}

static int write_container(struct writing *w, const struct json_value *container)
{
	struct filling f = { .container = container };
	f.insert = first_change(w, index_of(w, container));
	json_layout_place(&w->layout, w->doc, container, &f.place);
	size_t gap_start = json_content_start(w->doc, container);
	size_t content_end = json_content_end(w->doc, container);
	uint32_t index = 0;
	copy(w, container->start, gap_start);
	JSON_EACH (child, container) {
		int rc = write_inserts(w, &f, index++);
		if (rc < 0)
			return rc;
		if (!is_removed(w, child)) {
			write_gap_before(w, &f, child, gap_start);
			if (child->key_end)
				copy(w, child->key_start, child->start);
			rc = write_value(w, child);
			if (rc < 0)
				return rc;
			f.written++;
			f.last_end = child->end;
		}
		gap_start = child->end;
	}
	int rc = write_inserts(w, &f, UINT32_MAX);
	if (rc < 0)
		return rc;
	if (f.written && container->count)
		copy(w, gap_start, content_end);
	if (f.written && (!container->count || f.place.is_list_of_lines))
		json_layout_after_last(&f.place, w->out);
	copy(w, content_end, container->end);
	return 0;
}

/* Writes a new text instead of `value`. */
static int write_replacement(
	struct writing *w, const struct json_value *value, const struct change *change)
{
	struct json_place place;
	json_layout_place_of(&w->layout, w->doc, value, &place);
	return json_layout_value(&place, change->json, change->json_len, w->out, w->err);
}

/* Is `json` equal to `value`? */
static bool is_same(
	const struct json_doc *doc, const struct json_value *value, const char *json, size_t len)
{
	struct json_doc *other;
	if (json_parse(&other, json, len, "new value", NULL, NULL) < 0)
		return false;
	bool same = json_equal(doc, value, other, json_root(other));
	json_doc_free(other);
	return same;
}

static int write_value(struct writing *w, const struct json_value *value)
{
	uint32_t index = index_of(w, value);
	size_t first = first_change(w, index);
	const struct change *change = last_change(w, value);
	bool untouched = first == w->count || w->changes[first].value >= index + value->span ||
		(change && change->kind == EDIT_SET &&
			is_same(w->doc, value, change->json, change->json_len));
	if (untouched) {
		copy(w, value->start, value->end);
		return 0;
	}
	return change ? write_replacement(w, value, change) : write_container(w, value);
}

/* Checks that no change is inside a value that another change replaces or removes, that insertions
 * are into containers, and that the document itself is not removed. */
static int check_changes(const struct writing *w)
{
	const char *wrong = NULL;
	uint32_t closed = 0, last = 0; /* the values after `last` and before `closed` are removed */
	for (size_t i = 0; i < w->count && !wrong; i++) {
		const struct change *change = &w->changes[i];
		const struct json_value *value = &w->doc->values[change->value];
		bool inside = change->value > last || change->kind == EDIT_INSERT;
		if (change->value < closed && inside)
			wrong = "an edit inside a value that another edit replaces or removes";
		else if (change->kind == EDIT_INSERT &&
			value->type != (change->name ? JSON_OBJECT : JSON_ARRAY))
			wrong = "a member can only be added to an object, an element to an array";
		else if (change->kind == EDIT_REMOVE && !change->value)
			wrong = "the document itself cannot be removed";
		if (change->kind != EDIT_INSERT) {
			last = change->value;
			closed = change->value + value->span;
		}
	}
	return wrong ? error_set(w->err, ERR_FAILED, "%s: %s", w->doc->name, wrong) : 0;
}

int json_edit_write(const struct json_edit *edit, struct buf *out, struct error *err)
{
	const struct json_doc *doc = edit->doc;
	if (!edit->count) {
		buf_add(out, doc->text, doc->len);
		return 0;
	}
	struct change *sorted = xreallocarray(NULL, edit->count, sizeof(*sorted));
	memcpy(sorted, edit->changes, edit->count * sizeof(*sorted));
	qsort(sorted, edit->count, sizeof(*sorted), by_place);
	size_t before = out->len;
	struct writing w = {
		.doc = doc, .changes = sorted, .count = edit->count, .out = out, .err = err
	};
	json_layout_init(&w.layout, doc);
	int rc = check_changes(&w);
	if (!rc) {
		copy(&w, 0, doc->values->start);
		rc = write_value(&w, doc->values);
	}
	if (!rc) {
		copy(&w, doc->values->end, doc->len);
		struct json_doc *check;
		struct json_limits limits = { .lines = doc->lines };
		rc = json_parse_near(&check, out->data + before, out->len - before, doc->name, doc,
			&limits, err);
		if (!rc)
			json_doc_free(check);
	}
	json_layout_release(&w.layout);
	free(sorted);
	if (rc < 0)
		buf_truncate(out, before);
	return rc;
}
